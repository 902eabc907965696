"""What the scripts of this folder share: named checks, a count of what a client calls, requests that no client makes.

The last line that a script prints is a summary in JSON, for scripts/conformance.ts.
"""

import json
import os
import re
import sys
import time
import traceback
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

HOST = os.environ["SYVAIN_METRICS_HOST"]
API_KEY = os.environ["SYVAIN_METRICS_API_KEY"]

# The last millisecond that a date of JavaScript can be, in the year 275760.
LAST_TIME = 8_640_000_000_000_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# ---------------------------------------------------------------------------
# Checks
# ---------------------------------------------------------------------------


class Run:
    """The checks of one script. `client` heads its column in the table of calls."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.checks: list[dict] = []
        self.calls: dict[str, dict[str, int]] = {}
        self._made_here: list[str] | None = None

    @contextmanager
    def check(self, call: str, what: str):
        """One check: it holds if nothing is raised. If it does not, what it made of `call` was not right."""
        made_here: list[str] = []
        self._made_here = made_here
        reason = None
        try:
            yield
        except Exception as error:  # A check that fails must not end the others.
            reason = reason_of(error)
        self._made_here = None
        for name in made_here:
            self.calls[name]["right"] += reason is None or name != call
        self.checks.append({"call": call, "what": what, "reason": reason})

    def group(self, body) -> None:
        """A function with checks that build on one another; what it needs for all of them may fail too."""
        try:
            body()
        except Exception as error:
            self.checks.append({"call": body.__name__, "what": "went on to its end", "reason": reason_of(error)})

    @contextmanager
    def calling(self, name: str):
        count = self.calls.setdefault(name, {"made": 0, "right": 0})
        count["made"] += 1
        if self._made_here is not None:
            self._made_here.append(name)
        yield
        if self._made_here is None:
            count["right"] += 1

    def recorded(self, target, *, wrap: tuple[type, ...] = (), prefix: str = "") -> "Recorded":
        return Recorded(self, target, wrap, prefix)

    def finish(self, *surfaces: tuple[str, type]) -> None:
        """The summary. Every public call of a surface (a prefix and a class) must have been made."""
        for prefix, surface in surfaces:
            for name in dir(surface):
                call = prefix + name
                if not name.startswith("_") and callable(getattr(surface, name)) and call not in self.calls:
                    self.checks.append({"call": call, "what": "is called at all", "reason": "no check makes this call"})
        print(json.dumps({"client": self.client, "checks": self.checks, "calls": self.calls}))
        sys.exit(any(check["reason"] is not None for check in self.checks))


class Recorded:
    """A client (or its class) whose calls are counted; those that it makes of itself are not."""

    def __init__(self, run: Run, target, wrap: tuple[type, ...], prefix: str) -> None:
        self._run, self._target, self._wrap, self._prefix = run, target, wrap, prefix

    def __getattr__(self, name: str):
        member = getattr(self._target, name)
        if not callable(member):
            return member

        def call(*args, **kwargs):
            with self._run.calling(self._prefix + name):
                answer = member(*args, **kwargs)
            if isinstance(answer, self._wrap):
                return Recorded(self._run, answer, self._wrap, f"{type(answer).__name__}." if self._prefix else "")
            return answer

        return call


def reason_of(error: Exception) -> str:
    here = str(Path(__file__).parent)
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(here)]
    # The line of the check, not that of a helper below it.
    scripts = [frame for frame in lines if frame.filename != __file__] or lines
    text = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    return f"{text[:600]} (line {scripts[0].lineno if scripts else '?'})"


def shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 250 else f"{text[:250]}…"


def holds(condition, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def same(actual, expected, what: str = "it") -> None:
    if isinstance(actual, list) and isinstance(expected, list) and len(actual) == len(expected):
        # The one that differs says more than the beginning of all.
        for index, pair in enumerate(zip(actual, expected)):
            if pair[0] != pair[1]:
                same(*pair, f"item {index} of {what}")
    holds(actual == expected, f"{what} should be {shown(expected)}, and is {shown(actual)}")


def same_json(actual, expected, what: str = "it") -> None:
    """Python takes 1, 1.0 and True for equal; here only 1 and 1.0 are, which JSON does not tell apart."""

    def plain(value):
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, list):
            return [plain(item) for item in value]
        return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value

    same(json.dumps(plain(actual), sort_keys=True), json.dumps(plain(expected), sort_keys=True), what)


def is_uuid(value: str, what: str) -> None:
    pattern = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    holds(re.fullmatch(pattern, value, re.IGNORECASE), f"{what} should be a UUID, and is {value!r}")


def about_now(value: int, what: str) -> None:
    holds(abs(value - now_ms()) < 30_000, f"{what} should be about now ({now_ms()}), and is {value}")


@contextmanager
def refused(*statuses: int, code: str | None = None):
    """The client must raise its request error, with one of the statuses and the code."""
    try:
        yield
    except Exception as error:
        if not hasattr(error, "status_code"):
            raise
        holds(error.status_code in statuses, f"should be refused with {statuses}, and was: {error}")
        if code is not None:
            same(getattr(error, "error_code", None), code, "the error code")
        return
    raise AssertionError(f"should be refused with {statuses}, and was taken")


def eventually(read, expected) -> None:
    """What was queued may take a moment until it can be read."""
    deadline = time.monotonic() + 5
    while (actual := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    same(actual, expected)


# ---------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------


class Answer:
    def __init__(self, status: int, headers, text: str) -> None:
        self.status, self.headers, self.text = status, headers, text
        try:
            self.body = json.loads(text)
        except ValueError:
            self.body = None

    @property
    def data(self):
        same(self.body["error"], None, "the error of the envelope")
        return self.body["data"]

    def is_refusal(self, *statuses: int, code: str | None = None) -> "Answer":
        holds(self.status in statuses, f"should be refused with {statuses}, and was: {self.status} {self.text[:200]}")
        error = self.body["error"] if isinstance(self.body, dict) else None
        holds(isinstance(error, dict) and isinstance(error.get("message"), str), f"no envelope: {self.text[:200]}")
        if code is not None:
            details = [part.strip() for part in (error.get("details") or "").split(";")]
            holds(f"code={code}" in details, f"should have code={code}, and was: {self.text[:200]}")
        return self

    @property
    def is_replay(self) -> bool:
        return self.headers.get("idempotent-replayed") == "true"


def raw(
    method: str, path: str, body=None, *, token: str | None = API_KEY, base: str = "/api/v1", **headers: str
) -> Answer:
    """A request as no client makes it. `body` is sent as JSON, or as it is when it is bytes."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{HOST}{base}{path}", data, method=method)
    request.add_header("content-type", "application/json")
    if token is not None:
        request.add_header("authorization", f"Bearer {token}")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return Answer(response.status, response.headers, response.read().decode())


def asked(event: str, **data) -> dict:
    """What an event of v2 is answered."""
    body = [{"messageId": "m", "event": f"syvain.v2.{event}", "data": data}]
    answer = raw("POST", "/events", body, base="/api/v2")
    same(answer.status, 200, "the status")
    (reply,) = answer.body
    holds(reply["event"] != "syvain.v2.error", f"the reply is {reply['data']}")
    return reply["data"]


def points_of(experiment_id: str, *names: str) -> list[tuple]:
    """All points of an experiment, or those of some names, as the lines of v2 have them: by name and metadata."""
    data = {"experimentId": experiment_id, "filter": [], "xAxis": "step", **({"seriesNames": names} if names else {})}
    body = {"messageId": "m", "event": "syvain.v2.query.experimentseries", "data": data}
    answer = raw("POST", "/query/series", body, base="/api/v2")
    points = []
    for line in map(json.loads, answer.text.splitlines()):
        if line["event"] == "syvain.v2.query.series.data":
            series = line["data"]
            columns = series["data"]
            for step, at, value in zip(columns["step"], columns["timestampMs"], columns["value"]):
                points.append((series["seriesName"], series["metadata"], step, at, value))
    same((line["event"], line["data"]["points"]), ("syvain.v2.query.experimentseries.done", len(points)), "the end")
    return sorted(points, key=lambda point: (point[0], json.dumps(point[1], sort_keys=True)))


class Wire:
    """The transport of a client, which remembers what it saw and can lose an answer that the server has given."""

    def __init__(self) -> None:
        # Not every client brings it.
        import niquests

        self.niquests = niquests
        self.seen: list[dict] = []
        self.to_lose = 0

    def __call__(self, method: str, url: str, **options):
        response = self.niquests.request(method, url, **options)
        self.seen.append(
            {
                "method": method,
                "path": urlsplit(url).path.removeprefix("/api/v1"),
                "status": response.status_code,
                "key": options["headers"].get("idempotency-key"),
                "replayed": response.headers.get("idempotent-replayed") == "true",
            }
        )
        if self.to_lose > 0:
            self.to_lose -= 1
            raise ConnectionError("lost on purpose, after the server had answered")
        return response

    @property
    def status(self) -> int:
        return self.seen[-1]["status"]
