"""Every call of the api client 0.0.62 with real values, and what must come back."""

import json
import os
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

from support import (
    API_KEY,
    HOST,
    LAST_TIME,
    Run,
    Wire,
    about_now,
    eventually,
    holds,
    is_uuid,
    now_ms,
    raw,
    refused,
    same,
    same_json,
)
from syvain_metrics_api_client import (
    ComparisonMetricSeries,
    ExperimentStatusError,
    MetricCreateInput,
    SyvainMetricsApiClient,
)

run = Run("0.0.62")
check = run.check
wire = Wire()
Client = run.recorded(SyvainMetricsApiClient, wrap=(SyvainMetricsApiClient,))
client = Client.from_api_key(API_KEY, host=HOST, request=wire)

NOWHERE = "00000000-0000-4000-8000-000000000000"
DAY = 24 * 60 * 60 * 1000
T0 = 1_700_000_000_000
ODD = {
    "é☃𝔘": 'quote " backslash \\ line\n',
    "": "an empty key",
    "numbers": [0, -1, 1.5, 1e21, 1e-7, 9007199254740991],
    "nested": {"list": [1, None, True, {"x": []}], "empty": {}},
    "camelCase": {"snake_case": 1},
}


def new_experiment(slug: str, **options):
    return client.create_experiment(f"py62-{slug}", **options).experiment


def event(event_id: str, name: str = "loss", value: float = 0.5, step: int | None = 0, **more) -> dict:
    return {"client_event_id": event_id, "name": name, "value": value, "step": step, **more}


# ---------------------------------------------------------------------------
# Who one is
# ---------------------------------------------------------------------------


def credentials() -> None:
    with check("auth_status", "says what kind of key it is, and whose"):
        status = client.auth_status()
        same(status.auth.kind, "api_key")
        holds(status.organization.id, "an organization has an id")

    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CONFIG_HOME"] = home
        for folder, make in (("syvain-metrics", "from_local"), ("syvain-metrics-dev", "from_local_dev")):
            Path(home, folder).mkdir()
            Path(home, folder, "auth.json").write_text(json.dumps({"apiKey": API_KEY, "host": HOST}))
            with check(make, "speaks with the saved login"):
                same(getattr(Client, make)().auth_status().auth.kind, "api_key")

    with check("from_api_key", "a key that nobody made is refused"), refused(401):
        Client.from_api_key("ak_org_nobody", host=HOST).auth_status()


# ---------------------------------------------------------------------------
# Folders
# ---------------------------------------------------------------------------


def folders() -> None:
    org = client.auth_status().organization.id

    with check("create_folder", "makes one at the top"):
        top = client.create_folder("py62 é☃𝔘").folder
        same(wire.status, 201, "the status")
        is_uuid(top.folder_id, "a folder's id")
        same((top.org_id, top.name, top.parent_id_path, top.path_name), (org, "py62 é☃𝔘", [], "/py62 é☃𝔘"))
    with check("create_folder", "makes one in another, and one in that"):
        inner = client.create_folder("mamba", parent_id=top.folder_id).folder
        deep = client.create_folder("deep", parent_id=inner.folder_id).folder
        same((inner.parent_id_path, inner.path_name), ([top.folder_id], "/py62 é☃𝔘/mamba"))
        same(deep.parent_id_path, [top.folder_id, inner.folder_id])
        same(deep.path_name, "/py62 é☃𝔘/mamba/deep")
    with check("create_folder", "a sibling of the same name is refused"):
        with refused(409, code="folder_already_exists"):
            client.create_folder("py62 é☃𝔘")
        with refused(409, code="folder_already_exists"):
            client.create_folder("mamba", parent_id=top.folder_id)
    with check("create_folder", "the same name elsewhere is fine, and one of 200 characters"):
        same(client.create_folder("mamba", parent_id=inner.folder_id).folder.name, "mamba")
        same(client.create_folder("x" * 200, parent_id=deep.folder_id).folder.name, "x" * 200)
    with check("create_folder", "a parent that is not there is refused"), refused(400, 404, 422):
        client.create_folder("orphan", parent_id=NOWHERE)

    with check("list_folders", "without a path it has the folders at the top"):
        holds(top in client.list_folders().folders, "the folder is not in the list")
    with check("list_folders", "with a path it has the folder there, and it alone"):
        same(client.list_folders(path=top.path_name).folders, [top])
        same(client.list_folders(path=deep.path_name).folders, [deep])
    with check("list_folders", "a path where nothing is answers an empty list"):
        same(client.list_folders(path="/py62 nowhere").folders, [])
    with check("list_folders", "a path of characters that a query must escape"):
        odd = client.create_folder("a~b*c!('d') &=+#%?", parent_id=top.folder_id).folder
        same(client.list_folders(path=odd.path_name).folders, [odd])
    with check("list_folders", "spaces as + and as %20, escaped or plain UTF-8 in a body"):
        plain = json.dumps({"name": "plain é☃ x", "parent_id": None}, ensure_ascii=False).encode()
        made = raw("POST", "/folders", plain).data["folder"]
        for space in ("+", "%20"):
            path = quote("/plain é☃ x", safe="").replace("%20", space)
            same(raw("GET", f"/folders?path={path}").data["folders"], [made])

    with check("get_folder", "has the folder, its children one level deep, and its experiments"):
        experiment = new_experiment("in-a-folder", folder_id=inner.folder_id)
        contents = client.get_folder(inner.folder_id)
        same(contents.folder, inner)
        same(sorted(folder.name for folder in contents.folders), ["deep", "mamba"])
        same([item.id for item in contents.experiments], [experiment.id])
        same([item.id for item in client.get_folder(top.folder_id).experiments], [])
    with check("get_folder", "one that is not there is 404"):
        for nowhere in (NOWHERE, "a/b %é☃"):
            with refused(404):
                client.get_folder(nowhere)

    with check("rename_folder", "renames it, and the paths below"):
        renamed = client.rename_folder(inner.folder_id, "mamba 2").folder
        same((renamed.folder_id, renamed.name), (inner.folder_id, "mamba 2"))
        same(renamed.path_name, "/py62 é☃𝔘/mamba 2")
        same(client.get_folder(deep.folder_id).folder.path_name, "/py62 é☃𝔘/mamba 2/deep")
        same(client.get_experiment(experiment.id).experiment.folder.path_name, "/py62 é☃𝔘/mamba 2")
    with check("rename_folder", "the name of a sibling is refused"), refused(409, code="folder_already_exists"):
        client.rename_folder(inner.folder_id, odd.name)

    with check("move_folder", "moves it to the top, with what is below"):
        moved = client.move_folder(inner.folder_id, None).folder
        same((moved.parent_id_path, moved.path_name), ([], "/mamba 2"))
        same(client.get_folder(deep.folder_id).folder.parent_id_path, [inner.folder_id])
        same(client.get_folder(top.folder_id).folders, [odd])
    with check("move_folder", "moves it into another"):
        moved = client.move_folder(inner.folder_id, odd.folder_id).folder
        same(moved.parent_id_path, [top.folder_id, odd.folder_id])
    with check("move_folder", "into itself or below is refused"):
        for target in (inner.folder_id, deep.folder_id):
            with refused(400):
                client.move_folder(inner.folder_id, target)
    with check("move_folder", "beside one of the same name is refused"):
        twin = client.create_folder(odd.name).folder
        with refused(409, code="folder_already_exists"):
            client.move_folder(twin.folder_id, top.folder_id)
    with check("move_folder", "one that is not there is 404"), refused(404):
        client.move_folder(NOWHERE, None)
    with check("move_folder", "into one that is not there is refused"), refused(400, 404, 422):
        client.move_folder(twin.folder_id, NOWHERE)

    with check("patch_folder", "renames and moves in one"):
        patched = client.patch_folder(deep.folder_id, name="both", parent_id=top.folder_id).folder
        same((patched.name, patched.path_name), ("both", "/py62 é☃𝔘/both"))
        same(wire.status, 200, "the status")
    with check("patch_folder", "a name alone leaves it where it is"):
        same(client.patch_folder(deep.folder_id, name="again").folder.parent_id_path, [top.folder_id])


# ---------------------------------------------------------------------------
# Experiments
# ---------------------------------------------------------------------------


def experiments() -> None:
    org = client.auth_status().organization.id
    one = client.create_folder("py62 one").folder
    two = client.create_folder("py62 two").folder

    with check("create_experiment", "makes one"):
        made = new_experiment("é☃𝔘/run ?#%", description="line\n“two” \u2028", metadata=ODD)
        same(wire.status, 201, "the status")
        is_uuid(made.id, "an experiment's id")
        same((made.org_id, made.slug), (org, "py62-é☃𝔘/run ?#%"))
        same((made.description, made.status, made.folder), ("line\n“two” \u2028", "created", None))
        same_json(made.metadata, ODD, "the metadata")
        about_now(made.created_at_ms, "created_at_ms")
        about_now(made.updated_at_ms, "updated_at_ms")
        same((made.started_at_ms, made.done_at_ms, made.last_event_at_ms), (None, None, None))
        same((made.error_name, made.error_detail), (None, None))
        holds(made.url.startswith(("/", "http://", "https://")), f"the url is {made.url!r}")
    with check("create_experiment", "metadata with a key of JavaScript's prototype"):
        metadata = {"__proto__": {"x": 1}, "constructor": "c", "toString": None}
        same_json(new_experiment("proto", metadata=metadata).metadata, metadata, "the metadata")
    with check("create_experiment", "limits: a slug of 200 characters, a description of 4,000"):
        longest = client.create_experiment("py62-" + "s" * 195, description="d" * 4000).experiment
        same((len(longest.slug), len(longest.description)), (200, 4000))
    with check("create_experiment", "a slug that is taken answers the same, with what is new"):
        again = new_experiment("é☃𝔘/run ?#%", description="new", metadata={"a": 1})
        same(wire.status, 200, "the status")
        same((again.id, again.description, again.metadata), (made.id, "new", {"a": 1}))
        same(again.created_at_ms, made.created_at_ms)
        holds(again.updated_at_ms >= made.updated_at_ms, "updated_at_ms went back")
        empty = new_experiment("é☃𝔘/run ?#%")
        same((empty.description, empty.metadata), ("", {}))
    with check("create_experiment", "one in no folder moves into the folder given"):
        moved = new_experiment("é☃𝔘/run ?#%", folder_id=one.folder_id)
        same((moved.id, moved.folder), (made.id, one))
    with check("create_experiment", "one in a folder is not taken out of it"):
        for folder in ({"folder_id": two.folder_id}, {"folder_id": None}, {}):
            same(new_experiment("é☃𝔘/run ?#%", **folder).folder, one)
    with check("create_experiment", "a new one may start in a folder, or in none"):
        same(new_experiment("born-in-two", folder_id=two.folder_id).folder, two)
        same(new_experiment("born-in-none", folder_id=None).folder, None)
    with check("create_experiment", "a folder that is not there is refused"), refused(400, 404, 422):
        new_experiment("born-nowhere", folder_id=NOWHERE)

    with check("get_experiment", "answers the record"):
        found = client.get_experiment(made.id).experiment
        same((found.id, found.slug, found.folder), (made.id, made.slug, one))
        same(wire.status, 200, "the status")
    with check("get_experiment", "one that is not there is 404"):
        for nowhere in (NOWHERE, "a/b %é☃?#"):
            with refused(404):
                client.get_experiment(nowhere)

    with check("move_experiment", "into another folder, and out of all"):
        same(client.move_experiment(made.id, two.folder_id).experiment.folder, two)
        same([item.id for item in client.get_folder(one.folder_id).experiments], [])
        same(client.move_experiment(made.id, None).experiment.folder, None)
        same(client.get_experiment(made.id).experiment.folder, None)
    with check("move_experiment", "one that is not there is 404"), refused(404):
        client.move_experiment(NOWHERE, one.folder_id)
    with check("move_experiment", "into a folder that is not there is refused"), refused(400, 404, 422):
        client.move_experiment(made.id, NOWHERE)


def statuses() -> None:
    made = new_experiment("statuses")

    with check("update_experiment_status", "running sets when it started"):
        running = client.update_experiment_status(made.id, "running").experiment
        same((running.status, running.done_at_ms), ("running", None))
        about_now(running.started_at_ms, "started_at_ms")
        same(wire.status, 200, "the status")
    with check("update_experiment_status", "error keeps name and detail, and sets when it ended"):
        error = ExperimentStatusError(name="ValueError é", detail="line 1\nline 2 ☃")
        failed = client.update_experiment_status(made.id, "error", error=error).experiment
        same((failed.status, failed.error_name), ("error", "ValueError é"))
        same(failed.error_detail, "line 1\nline 2 ☃")
        about_now(failed.done_at_ms, "done_at_ms")
        same(failed.started_at_ms, running.started_at_ms)
        same(client.get_experiment(made.id).experiment, failed)
    with check("update_experiment_status", "done clears name and detail"):
        done = client.update_experiment_status(made.id, "done").experiment
        same((done.status, done.error_name, done.error_detail), ("done", None, None))
        about_now(done.done_at_ms, "done_at_ms")
    with check("update_experiment_status", "an error without a name is an Error"):
        other = new_experiment("statuses-2")
        same(client.update_experiment_status(other.id, "error").experiment.error_name, "Error")
        detailed = client.update_experiment_status(other.id, "error", error={"detail": "d"}).experiment
        same((detailed.error_name, detailed.error_detail), ("Error", "d"))
        named = client.update_experiment_status(other.id, "error", error={"name": "N"}).experiment
        same((named.error_name, named.error_detail or ""), ("N", ""))
    with check("update_experiment_status", "the limits of name and detail"):
        longest = {"name": "n" * 500, "detail": "d" * 8000}
        kept = client.update_experiment_status(other.id, "error", error=longest).experiment
        same((kept.error_name, kept.error_detail), ("n" * 500, "d" * 8000))
    with check("update_experiment_status", "a time that is given is the one kept"):
        third = new_experiment("statuses-3")
        started = client.update_experiment_status(third.id, "running", timestamp_ms=T0).experiment
        same(started.started_at_ms, T0)
        ended = client.update_experiment_status(third.id, "done", timestamp_ms=T0 + 5).experiment
        same((ended.started_at_ms, ended.done_at_ms), (T0, T0 + 5))
    with check("update_experiment_status", "one that is not there is 404"), refused(404):
        client.update_experiment_status(NOWHERE, "running")


def listing() -> None:
    made = []
    for index in range(5):
        made.append(new_experiment(f"List-{index} é&+"))
        time.sleep(0.005)  # So that no two are of one millisecond.
    client.update_experiment_status(made[1].id, "running")
    client.update_experiment_status(made[2].id, "done")
    client.update_experiment_status(made[3].id, "error")

    def listed(**options) -> list[int]:
        options = {"search": "py62-list-", **options}
        ids = [item.id for item in client.list_experiments(**options).experiments]
        return sorted(next(index for index, one in enumerate(made) if one.id == found) for found in ids)

    with check("list_experiments", "search is a part of the slug in any case"):
        same(listed(), [0, 1, 2, 3, 4])
        same(listed(search="LIST-3 É&+"), [3])
        same(client.list_experiments(search="py62 no such").experiments, [])
    with check("list_experiments", "a slug is the whole slug"):
        same(listed(search=None, slug=made[4].slug), [4])
        same(client.list_experiments(slug="py62-List").experiments, [])
    for status, expected in (("created", [0, 4]), ("running", [1]), ("done", [2]), ("error", [3])):
        with check("list_experiments", f"those that are {status}"):
            same(listed(status=status), expected)
    with check("list_experiments", "bounds of creation are inclusive"):
        same(listed(from_ms=made[1].created_at_ms, to_ms=made[3].created_at_ms), [1, 2, 3])
        same(listed(from_ms=made[1].created_at_ms + 1, to_ms=made[3].created_at_ms - 1), [2])
        same(listed(from_ms=made[4].created_at_ms + 1), [])
    with check("list_experiments", "a limit, and one that is too large"):
        same(len(listed(limit=2)), 2)
        same(listed(limit=1_000_000), [0, 1, 2, 3, 4])
    with check("list_experiments", "all at once"):
        options = {"status": "done", "slug": made[2].slug, "from_ms": made[2].created_at_ms, "limit": 1}
        same(listed(**options), [2])
    with check("list_experiments", "a list has whole records"):
        same(client.list_experiments(slug=made[3].slug).experiments, [client.get_experiment(made[3].id).experiment])


# ---------------------------------------------------------------------------
# Metrics
# ---------------------------------------------------------------------------

DEEP = {"deep": {"a": [1, {"b": None}], "z": "é"}, "flag": True, "nothing": None, "n": 1}
# In the order of a list: by step, then time, then arrival, and those without a step at the end.
EVENTS = [
    *(
        event(f"{split}/{step}", value=value / (step + 1), step=step, metadata={"split": split}, timestamp_ms=at)
        for step in range(5)
        for split, value, at in (("train", 1.0, T0 + 1000 * step), ("val", 2.0, T0 + 1000 * step + 500))
    ),
    event("acc/1", "train/acc é", 0.25, 7, metadata=DEEP, timestamp_ms=T0 + 9000),
    event("acc/2", "train/acc é", 0.5, 7, metadata={"n": "1", "split": ""}, timestamp_ms=T0 + 9000),
    event("note/1", "note", -3, None, timestamp_ms=T0 + 2250),
    event("note/2", "note", 4, None, metadata={"split": "val"}, timestamp_ms=T0 + 8000),
]


def identity(row_or_event) -> tuple:
    if isinstance(row_or_event, dict):
        return tuple(row_or_event[key] for key in ("name", "step", "value", "timestamp_ms"))
    row = row_or_event
    return (row.metric_name, row.step, row.metric_value, row.client_timestamp_ms)


def listing_metrics() -> None:
    made = new_experiment("metrics", description="about é", metadata={"lr": 0.1})
    # Not in order, so that the server must sort; but the two of one step and time arrive as they are listed.
    answer = client.ingest_metrics(made.id, [*EVENTS[12:], *EVENTS[:12]], sync=True)
    with check("ingest_metrics", "sync=True says so, and the rows can be read at once"):
        same((answer.ok, answer.mode), (True, "sync"))
        same(len(client.list_metrics(made.id).rows), len(EVENTS))

    def listed(**options) -> list[tuple]:
        return [identity(row) for row in client.list_metrics(made.id, **options).rows]

    with check("list_metrics", "a row says what was sent, and of which experiment"):
        rows = client.list_metrics(made.id, metric_name="train/acc é").rows
        same([row.metric_value for row in rows], [0.25, 0.5])
        same_json(json.loads(rows[0].event_metadata_json), DEEP, "the metadata")
        for row in rows:
            is_uuid(row.event_id, "an event's id")
            same((row.org_id, row.experiment_id, row.experiment_slug), (made.org_id, made.id, made.slug))
            same(row.client_timestamp_ms, T0 + 9000)
            about_now(row.server_timestamp_ms, "server_timestamp_ms")
        same(len({row.event_id for row in client.list_metrics(made.id).rows}), len(EVENTS), "the number of ids")
    with check("list_metrics", "metadata that was not given is empty"):
        same(client.list_metrics(made.id, metric_name="note", limit=1).rows[0].event_metadata_json, "{}")

    with check("list_metrics", "by default by step, then time, then arrival, and no step last"):
        same(listed(), [identity(event) for event in EVENTS])

    def meta(event):
        return event.get("metadata", {})

    def step(event):
        return -1 if event["step"] is None else event["step"]

    filters = {
        "a name": ({"metric_name": "loss"}, lambda e: e["name"] == "loss"),
        "a name that nothing has": ({"metric_name": "los"}, lambda e: False),
        "a metadata key": ({"metadata_key": "split"}, lambda e: "split" in meta(e)),
        "a metadata key whose value is null": ({"metadata_key": "nothing"}, lambda e: "nothing" in meta(e)),
        "a metadata key that nothing has": ({"metadata_key": "spli"}, lambda e: False),
        "a text": (
            {"metadata_key": "split", "metadata_value": "val"},
            lambda e: meta(e).get("split") == "val",
        ),
        "an empty text": (
            {"metadata_key": "split", "metadata_value": ""},
            lambda e: meta(e).get("split") == "",
        ),
        "a text that looks like a number": (
            {"metadata_key": "n", "metadata_value": "1"},
            lambda e: meta(e).get("n") == "1",
        ),
        "JSON: a number": (
            {"metadata_key": "n", "metadata_value_json": "1"},
            lambda e: meta(e).get("n") == 1,
        ),
        "JSON: a text": (
            {"metadata_key": "split", "metadata_value_json": ' "train" '},
            lambda e: meta(e).get("split") == "train",
        ),
        "JSON: true": (
            {"metadata_key": "flag", "metadata_value_json": "true"},
            lambda e: meta(e).get("flag") is True,
        ),
        "JSON: null": (
            {"metadata_key": "nothing", "metadata_value_json": "null"},
            lambda e: "nothing" in meta(e),
        ),
        "JSON: an object, its keys in any order": (
            {"metadata_key": "deep", "metadata_value_json": '{"z":"\\u00e9", "a":[1,{"b":null}]}'},
            lambda e: "deep" in meta(e),
        ),
        "JSON: another object": (
            {"metadata_key": "deep", "metadata_value_json": '{"a":[1,{"b":null}]}'},
            lambda e: False,
        ),
        "a step": ({"step": 3}, lambda e: e["step"] == 3),
        "step 0": ({"step": 0}, lambda e: e["step"] == 0),
        "steps from": ({"from_step": 3}, lambda e: step(e) >= 3),
        "steps to, without those that have none": ({"to_step": 1}, lambda e: 0 <= step(e) <= 1),
        "steps between": ({"from_step": 2, "to_step": 3}, lambda e: 2 <= step(e) <= 3),
        "times from": ({"from_time": T0 + 4000}, lambda e: e["timestamp_ms"] >= T0 + 4000),
        "times to": ({"to_time": T0 + 2250}, lambda e: e["timestamp_ms"] <= T0 + 2250),
        "times between": (
            {"from_time": T0 + 1000, "to_time": T0 + 2500},
            lambda e: T0 + 1000 <= e["timestamp_ms"] <= T0 + 2500,
        ),
        "all at once": (
            {
                "metric_name": "loss",
                "metadata_key": "split",
                "metadata_value": "val",
                "from_step": 1,
                "to_step": 4,
                "from_time": T0 + 1500,
                "to_time": T0 + 3500,
                "include_experiment_meta_as_of": False,
            },
            lambda e: e["name"] == "loss" and meta(e).get("split") == "val" and 1 <= step(e) <= 3,
        ),
    }
    for what, (options, wanted) in filters.items():
        with check("list_metrics", f"by {what}"):
            same(listed(**options), [identity(event) for event in EVENTS if wanted(event)])

    by_time = sorted(EVENTS, key=lambda e: e["timestamp_ms"])
    stepped = [event for event in EVENTS if event["step"] is not None]
    stepless = [event for event in EVENTS if event["step"] is None]

    def named(rows) -> list[tuple]:
        # Two events share step and time: which is first of them is said for the default order alone.
        return [(name, step, at) for name, step, _, at in rows]

    def names_of(events) -> list[tuple]:
        return named([identity(event) for event in events])

    with check("list_metrics", "sorted by client time, both ways"):
        same(named(listed(sort_by=["client_timestamp"])), names_of(by_time))
        same(named(listed(sort_by=["client_timestamp"], sort_direction="asc")), names_of(by_time))
        same(named(listed(sort_by=["client_timestamp"], sort_direction="desc")), names_of(by_time[::-1]))
    with check("list_metrics", "sorted by step and time, no step last both ways"):
        both = ["step", "client_timestamp"]
        same(named(listed(sort_by=both, sort_direction="asc")), names_of([*stepped, *stepless]))
        same(named(listed(sort_by=both, sort_direction="desc")), names_of([*stepped[::-1], *stepless[::-1]]))
    with check("list_metrics", "sorted by step alone, no step last both ways"):
        for direction, expected in (("asc", stepped), ("desc", stepped[::-1])):
            steps = [row[1] for row in listed(sort_by=["step"], sort_direction=direction)]
            same(steps, [*(event["step"] for event in expected), None, None])
    with check("list_metrics", "an empty list of sort keys is the default order"):
        same(listed(sort_by=[]), [identity(event) for event in EVENTS])
    with check("list_metrics", "sorted by server time, both ways"):
        late = new_experiment("server-time")
        for step in (2, 1, 3):
            client.ingest_metrics(late.id, [event(f"e{step}", step=step)], sync=True)
            time.sleep(0.01)
        for direction, expected in (("asc", [2, 1, 3]), ("desc", [3, 1, 2])):
            rows = client.list_metrics(late.id, sort_by=["server_timestamp"], sort_direction=direction).rows
            same([row.step for row in rows], expected)

    with check("list_metrics", "a limit takes the first of the order"):
        same(listed(limit=3), [identity(event) for event in EVENTS[:3]])
        rows = listed(limit=2, sort_by=["client_timestamp"], sort_direction="desc", metric_name="loss")
        same([row[1] for row in rows], [4, 4])
    with check("list_metrics", "the experiment's description and metadata come when asked for"):
        row = client.list_metrics(made.id, include_experiment_meta_as_of=True, limit=1).rows[0]
        same(row.experiment_description, "about é")
        same(json.loads(row.experiment_metadata_json), {"lr": 0.1})
    with check("list_metrics", "an experiment that is not there is 404"):
        for nowhere in (NOWHERE, "a/b %é"):
            with refused(404):
                client.list_metrics(nowhere)
    with check("list_metrics", "an experiment without metrics has no rows"):
        same(client.list_metrics(new_experiment("no-metrics").id).rows, [])


def comparing() -> None:
    first, second = new_experiment("compare-1", metadata={"seed": 1}), new_experiment("compare-2")
    for experiment, factor in ((first, 1), (second, 10)):
        events = [
            event(
                f"{split}/{step}",
                value=factor * (step + 1),
                step=step,
                metadata={"split": split, "rank": rank},
                timestamp_ms=T0 + 10 * factor * step + rank,
            )
            for step in range(4)
            for rank, split in enumerate(("train", "val"))
        ]
        client.ingest_metrics(experiment.id, [*events, event("acc", "acc", 0.5, 0)], sync=True)

    def series(experiment, **more) -> dict:
        return {"experiment_id": experiment.id, "metric_name": "loss", **more}

    def compared(*asked, **options) -> list[tuple]:
        rows = client.compare_metrics(asked, **options).rows
        return [
            (row.experiment_slug[-1], row.step, json.loads(row.event_metadata_json)["split"]) for row in rows
        ]

    def expected(slugs, splits=("train", "val"), steps=range(4)) -> list[tuple]:
        return [(slug, step, split) for slug in slugs for step in steps for split in splits]

    with check("compare_metrics", "one series"):
        same(compared(series(first)), expected("1"))
    with check("compare_metrics", "several series, as rows of both experiments"):
        rows = compared(series(first), ComparisonMetricSeries(experiment_id=second.id, metric_name="loss"))
        same(sorted(rows), expected("12"))
    with check("compare_metrics", "by step, and then by time"):
        rows = client.compare_metrics([series(second), series(first)]).rows
        keys = [(row.step, row.client_timestamp_ms) for row in rows]
        same(keys, sorted(keys))
    with check("compare_metrics", "narrowed by a key, a text, and JSON"):
        same(compared(series(first, metadata_key="rank")), expected("1"))
        same(compared(series(first, metadata_key="no such key")), [])
        same(compared(series(first, metadata_key="split", metadata_value="val")), expected("1", ("val",)))
        same(compared(series(first, metadata_key="rank", metadata_value="1")), [])
        same(compared(series(first, metadata_key="rank", metadata_value_json="1")), expected("1", ("val",)))
    with check("compare_metrics", "each series by its own"):
        rows = compared(
            series(first, metadata_key="split", metadata_value="train"),
            series(second, metadata_key="split", metadata_value_json='"val"'),
        )
        same(sorted(rows), [*expected("1", ("train",)), *expected("2", ("val",))])
    with check("compare_metrics", "bounds of steps and times are inclusive"):
        same(compared(series(first), from_step=1, to_step=2), expected("1", steps=(1, 2)))
        rows = compared(series(first), from_time=T0 + 11, to_time=T0 + 20)
        same(rows, [("1", 1, "val"), ("1", 2, "train")])
    with check("compare_metrics", "sorted by series both ways, the rows of one together"):
        ascending, descending = (
            [row[0] for row in compared(series(second), series(first), sort_by=["series", "step"], sort_direction=way)]
            for way in ("asc", "desc")
        )
        holds("".join(ascending) in ("1" * 8 + "2" * 8, "2" * 8 + "1" * 8), f"mixed: {ascending}")
        same(descending, ascending[::-1])
    with check("compare_metrics", "sorted by client time, downwards"):
        rows = client.compare_metrics(
            [series(first), series(second)], sort_by=["client_timestamp"], sort_direction="desc"
        ).rows
        times = [row.client_timestamp_ms for row in rows]
        same(times, sorted(times, reverse=True))
    with check("compare_metrics", "a limit, and the metadata of the experiment"):
        rows = client.compare_metrics([series(first)], limit=3, include_experiment_meta_as_of=True).rows
        same([json.loads(row.experiment_metadata_json) for row in rows], [{"seed": 1}] * 3)
    with check("compare_metrics", "names and keys that a query must escape"):
        name, key = 'train/é "loss" \\ &=+#', "k é&+"
        client.ingest_metrics(first.id, [event("odd", name, 1, 1, metadata={key: "v ☃"})], sync=True)
        asked = {"metric_name": name, "metadata_key": key, "metadata_value": "v ☃"}
        same(len(client.compare_metrics([series(first, **asked)]).rows), 1)


def ingesting() -> None:
    made = new_experiment("ingest")

    def values(experiment, **options) -> list[float]:
        return [row.metric_value for row in client.list_metrics(experiment.id, **options).rows]

    with check("ingest_metrics", "queued unless it is asked to wait"):
        for step, options in enumerate(({}, {"sync": False}, {"sync": None})):
            same(client.ingest_metrics(made.id, [event(f"q{step}", step=step)], **options).mode, "queued")
            same(wire.status, 200, "the status")
        eventually(lambda: [row.step for row in client.list_metrics(made.id).rows], [0, 1, 2])
    with check("ingest_metrics", "sets when the experiment and the key were last used"):
        about_now(client.get_experiment(made.id).experiment.last_event_at_ms, "last_event_at_ms")
        (key,) = client.list_ingestion_keys(made.id).keys
        about_now(key.last_used_at_ms, "last_used_at_ms")

    with check("ingest_metrics", "of one client_event_id the first stays"):
        other = new_experiment("ingest-twice")
        client.ingest_metrics(other.id, [event("a", value=1), event("a", value=2)], sync=True)
        same(client.ingest_metrics(other.id, [event("a", value=3), event("b", value=4, step=1)], sync=True).ok, True)
        same(values(other), [1, 4])
    with check("ingest_metrics", "the same client_event_id in another experiment is another event"):
        client.ingest_metrics(made.id, [event("a", value=5, name="other")], sync=True)
        same(values(made, metric_name="other"), [5])
    with check("ingest_metrics", "1,000 events in one call, and a list has 1,000 unless asked for more"):
        big = new_experiment("ingest-1000")
        many = [MetricCreateInput(**event(f"é{step}", value=step / 7, step=step)) for step in range(1003)]
        client.ingest_metrics(big.id, many[:1000], sync=True)
        client.ingest_metrics(big.id, many[1000:], sync=True)
        same(values(big), [step / 7 for step in range(1000)])
        same(values(big, limit=10_000), [step / 7 for step in range(1003)])
        same(len(values(big, limit=20_000)), 1003)
    with check("ingest_metrics", "unicode in names, ids and metadata"):
        odd = new_experiment("ingest-odd")
        name, key = "train/é☃𝔘 “loss”\n?#%&+", "é/☃ %\u2028" + "𝔘"
        client.ingest_metrics(odd.id, [event(key, name, 1, metadata=ODD), event(key, name, 2)], sync=True)
        (row,) = client.list_metrics(odd.id, metric_name=name).rows
        same((row.metric_name, row.metric_value), (name, 1))
        same_json(json.loads(row.event_metadata_json), ODD, "the metadata")
    with check("ingest_metrics", "names of 500 characters, ids of 200"):
        client.ingest_metrics(odd.id, [event("i" * 200, "n" * 500)], sync=True)
        same(values(odd, metric_name="n" * 500), [0.5])
    with check("ingest_metrics", "the extremes of a float come back to the last bit"):
        extremes = [0, -0.0, 1, -1, 0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -1e308, 2**53, 1e21, 1e-7]
        numbers = new_experiment("ingest-numbers")
        events = [event(f"e{step}", value=value, step=step) for step, value in enumerate(extremes)]
        client.ingest_metrics(numbers.id, events, sync=True)
        same(values(numbers), extremes)
    with check("ingest_metrics", "the first and the largest step, the first and the last time"):
        ends = new_experiment("ingest-ends")
        client.ingest_metrics(
            ends.id,
            [event("0", step=0, timestamp_ms=0), event("1", step=2**53 - 2, timestamp_ms=LAST_TIME)],
            sync=True,
        )
        rows = client.list_metrics(ends.id).rows
        same([(row.step, row.client_timestamp_ms) for row in rows], [(0, 0), (2**53 - 2, LAST_TIME)])
    with check("ingest_metrics", "an event without a time has that of its arrival"):
        plain = new_experiment("ingest-plain")
        client.ingest_metrics(plain.id, [event("a"), event("b", timestamp_ms=None)], sync=True)
        for row in client.list_metrics(plain.id).rows:
            about_now(row.client_timestamp_ms, "client_timestamp_ms")
    with check("ingest_metrics", "an experiment that is not there is 404"), refused(404):
        client.ingest_metrics(NOWHERE, [event("a")])


def catalog() -> None:
    made = new_experiment("catalog")
    name = "train/é loss?#%"
    values = [1, "1", True, None, 1.5, "a", {"a": [1]}, {"a": [2]}]
    events = [event(f"v{step}", name, step=step, metadata={"v": value}) for step, value in enumerate(values)]
    events += [event(f"s{step}", name, step=step, metadata={"v": 1, "split é": f"s{step % 2}"}) for step in range(4)]
    events += [event("plain", "plain")]
    client.ingest_metrics(made.id, events, sync=True)

    with check("list_metric_catalog", "has each name once, with the keys of its metadata"):
        items = client.list_metric_catalog(made.id).metrics
        catalog = {item.metric_name: sorted(item.metadata_keys) for item in items}
        same((len(items), catalog), (2, {name: ["split é", "v"], "plain": []}))
    with check("list_metric_catalog", "a limit"):
        same(len(client.list_metric_catalog(made.id, limit=1).metrics), 1)
    with check("list_metric_catalog", "an experiment that is not there is 404"), refused(404):
        client.list_metric_catalog(NOWHERE)

    def inspected(**options) -> dict[str, tuple]:
        metadata = client.inspect_metric_catalog_values(made.id, name, **options).metadata
        same((metadata.metric_name, metadata.scanned_event_count), (name, 12))
        return {
            item.key: (sorted(json.dumps(value) for value in item.values), item.value_count)
            for item in metadata.keys
        }

    of_v = (sorted(json.dumps(value) for value in values), 8)
    of_split = (['"s0"', '"s1"'], 2)
    with check("inspect_metric_catalog_values", "the distinct values of every key, and how many there are"):
        same(inspected(), {"v": of_v, "split é": of_split})
    with check("inspect_metric_catalog_values", "of one key, and of several"):
        same(inspected(key="split é"), {"split é": of_split})
        same(inspected(key=["split é", "v"]), {"v": of_v, "split é": of_split})
    with check("inspect_metric_catalog_values", "a limit cuts the values of each key, and not their count"):
        cut = inspected(limit=3)
        same({key: (len(values), count) for key, (values, count) in cut.items()}, {"v": (3, 8), "split é": (2, 2)})
    with check("inspect_metric_catalog_values", "an experiment that is not there is 404"), refused(404):
        client.inspect_metric_catalog_values(NOWHERE, name)


# ---------------------------------------------------------------------------
# Ingestion keys
# ---------------------------------------------------------------------------


class Hasty(SyvainMetricsApiClient):
    """Its first key has expired before it can be used."""

    minted = 0

    def create_ingestion_key(self, experiment_id: str, **options):
        Hasty.minted += 1
        if Hasty.minted > 1:
            return super().create_ingestion_key(experiment_id, **options)
        answer = super().create_ingestion_key(experiment_id, ttl_ms=1)
        time.sleep(0.05)
        return answer


def ingestion_keys() -> None:
    made, other = new_experiment("keys"), new_experiment("keys-other")

    def ingest(token: str, experiment=made):
        return raw("POST", f"/experiments/{experiment.id}/ingest", {"data": [event("a")]}, token=token)

    def keys(experiment=made) -> dict:
        return {key.id: key for key in client.list_ingestion_keys(experiment.id).keys}

    with check("create_ingestion_key", "by default it has the client's name and lasts a day"):
        minted = client.create_ingestion_key(made.id)
        same(wire.status, 201, "the status")
        is_uuid(minted.key.id, "a key's id")
        holds(minted.token.startswith("ik_"), "a token starts with ik_")
        same((minted.key.experiment_id, minted.key.name), (made.id, "SDK ingestion key"))
        same((minted.key.revoked_at_ms, minted.key.last_used_at_ms), (None, None))
        about_now(minted.key.created_at_ms, "created_at_ms")
        same(minted.key.expires_at_ms - minted.key.created_at_ms, DAY)
        same(ingest(minted.token).status, 200)
    with check("create_ingestion_key", "a name, and a life of up to 7 days"):
        week = client.create_ingestion_key(made.id, name="é☃ key", ttl_ms=7 * DAY).key
        same((week.name, week.expires_at_ms - week.created_at_ms), ("é☃ key", 7 * DAY))
    with check("create_ingestion_key", "each call makes another, for it may not be replayed"):
        same(wire.seen[-1]["key"], None, "the Idempotency-Key")
        same(len({client.create_ingestion_key(made.id).token for _ in range(3)}), 3)
    with check("create_ingestion_key", "for an experiment that is not there is 404"), refused(404):
        client.create_ingestion_key(NOWHERE)
    with check("create_ingestion_key", "a key works until it expires"):
        brief = client.create_ingestion_key(made.id, ttl_ms=2000)
        same(ingest(brief.token).status, 200)
        time.sleep(max(0, brief.key.expires_at_ms - now_ms()) / 1000 + 0.1)
        ingest(brief.token).is_refusal(401, 403)
    with check("create_ingestion_key", "a client whose key has expired mints another"):
        hasty = run.recorded(Hasty(API_KEY, host=HOST))
        same(hasty.ingest_metrics(other.id, [event("hasty")], sync=True).mode, "sync")
        same((Hasty.minted, len(client.list_metrics(other.id).rows)), (2, 1))
    with check("create_ingestion_key", "a key is for ingest and annotations of its own experiment"):
        ingest(minted.token, other).is_refusal(403)
        annotation = {"annotation": "x", "metadata": {}}
        raw("POST", f"/experiments/{other.id}/annotations", annotation, token=minted.token).is_refusal(403)
        raw("GET", f"/experiments/{made.id}", token=minted.token).is_refusal(403)
        raw("GET", "/experiments", token=minted.token).is_refusal(403)
        raw("POST", f"/experiments/{made.id}", {"status": "done"}, token=minted.token).is_refusal(403)
        raw("POST", f"/experiments/{made.id}/ingestion-keys", {"name": "x"}, token=minted.token).is_refusal(403)

    with check("list_ingestion_keys", "has all of the experiment's, and no token"):
        listed = keys()
        holds(minted.key.id in listed and week.id in listed, "a key is missing")
        same(listed[week.id], week)
        about_now(listed[minted.key.id].last_used_at_ms, "last_used_at_ms")
        text = raw("GET", f"/experiments/{made.id}/ingestion-keys").text
        holds(minted.token not in text and "token" not in text, "a token shows")
    with check("list_ingestion_keys", "has none at first, and is 404 where no experiment is"):
        same(keys(new_experiment("keys-none")), {})
        with refused(404):
            client.list_ingestion_keys(NOWHERE)

    with check("revoke_ingestion_key", "says when, and the key is refused from then on"):
        revoked = client.revoke_ingestion_key(made.id, minted.key.id).key
        same((wire.status, revoked.id), (200, minted.key.id))
        about_now(revoked.revoked_at_ms, "revoked_at_ms")
        ingest(minted.token).is_refusal(401, 403)
        same(keys()[minted.key.id], revoked)
    with check("revoke_ingestion_key", "once more answers the same record"):
        time.sleep(0.01)
        same(client.revoke_ingestion_key(made.id, minted.key.id).key, revoked)
    with check("revoke_ingestion_key", "one that is not there, or is of another experiment, is 404"):
        for experiment_id, key_id in ((made.id, NOWHERE), (other.id, week.id), (NOWHERE, week.id)):
            with refused(404):
                client.revoke_ingestion_key(experiment_id, key_id)
    with check("revoke_ingestion_key", "a client whose key was revoked mints another"):
        third = new_experiment("keys-revoked")
        client.ingest_metrics(third.id, [event("before")], sync=True)
        (first,) = keys(third)
        client.ingest_metrics(third.id, [event("same key", step=1)], sync=True)
        same(list(keys(third)), [first])
        client.revoke_ingestion_key(third.id, first)
        client.ingest_metrics(third.id, [event("after", step=2)], sync=True)
        client.create_annotation(third.id, "after")
        same((len(keys(third)), len(client.list_metrics(third.id).rows)), (2, 3))

    with check("forget_ingestion_credential", "sends nothing, and the next call mints another"):
        sent = len(wire.seen)
        client.forget_ingestion_credential(third.id)
        same(len(wire.seen), sent)
        client.ingest_metrics(third.id, [event("forgotten", step=3)], sync=True)
        same(len(keys(third)), 3)


# ---------------------------------------------------------------------------
# Annotations
# ---------------------------------------------------------------------------


def annotations() -> None:
    made = new_experiment("annotations", description="d")

    with check("create_annotation", "answers it, and the experiment"):
        answer = client.create_annotation(made.id, "checkpoint é☃\n", metadata=ODD)
        same(wire.status, 201, "the status")
        first = answer.annotation
        same((first.experiment_id, first.annotation), (made.id, "checkpoint é☃\n"))
        same_json(first.metadata, ODD, "the metadata")
        about_now(first.created_at_ms, "created_at_ms")
        same((answer.experiment.id, answer.experiment.slug), (made.id, made.slug))
    with check("create_annotation", "without metadata it is empty; 16,000 characters"):
        time.sleep(0.005)
        second = client.create_annotation(made.id, "x" * 16_000).annotation
        same((len(second.annotation), second.metadata), (16_000, {}))
    with check("create_annotation", "two of one text are two"):
        time.sleep(0.005)
        third = client.create_annotation(made.id, "again").annotation
        time.sleep(0.005)
        fourth = client.create_annotation(made.id, "again").annotation
        holds(third.id != fourth.id, "they have one id")
    with check("create_annotation", "on an experiment that is not there is 404"), refused(404):
        client.create_annotation(NOWHERE, "x")

    with check("list_annotations", "the newest first"):
        same(client.list_annotations(made.id).annotations, [fourth, third, second, first])
    with check("list_annotations", "bounds are inclusive"):
        middle = client.list_annotations(made.id, from_ms=second.created_at_ms, to_ms=third.created_at_ms)
        same(middle.annotations, [third, second])
        same(client.list_annotations(made.id, from_ms=fourth.created_at_ms + 1).annotations, [])
        same(client.list_annotations(made.id, to_ms=first.created_at_ms).annotations, [first])
    with check("list_annotations", "a limit takes the newest"):
        same(client.list_annotations(made.id, limit=2).annotations, [fourth, third])
    with check("list_annotations", "none, and 404 where no experiment is"):
        same(client.list_annotations(new_experiment("annotations-none").id).annotations, [])
        with refused(404):
            client.list_annotations(NOWHERE)


# ---------------------------------------------------------------------------
# What the client cannot do wrong, and a server must refuse
# ---------------------------------------------------------------------------


def refusals() -> None:
    made = new_experiment("refusals")
    token = client.create_ingestion_key(made.id).token
    ingest, annotate = f"/experiments/{made.id}/ingest", f"/experiments/{made.id}/annotations"
    annotation = {"annotation": "x", "metadata": {}}

    with check("(raw) keys", "an API key does not ingest or annotate"):
        raw("POST", ingest, {"data": [event("a")]}).is_refusal(403, code="ingestion_key_required")
        raw("POST", annotate, annotation).is_refusal(403, code="ingestion_key_required")
    with check("(raw) keys", "no bearer, and one that nobody made"):
        for bearer in (None, "ak_org_nobody", "ik_nobody"):
            raw("GET", "/experiments", token=bearer).is_refusal(401)
        raw("POST", ingest, {"data": [event("a")]}, token=None).is_refusal(401)
    with check("(raw) paths", "one that is not there is 404 in an envelope"):
        raw("GET", "/nowhere").is_refusal(404)
    with check("(raw) bodies", "one that is not JSON is 400"):
        raw("POST", "/experiments", b'{"slug": ').is_refusal(400)
        raw("POST", ingest, b"not JSON", token=token).is_refusal(400)

    experiment = {"slug": "py62-refused", "description": "", "metadata": {}}
    limits = {
        "an unknown field": ("/experiments", {**experiment, "colour": "red"}),
        "a field in camelCase": ("/experiments", {**experiment, "folderId": None}),
        "a slug of 201 characters": ("/experiments", {**experiment, "slug": "s" * 201}),
        "an empty slug": ("/experiments", {**experiment, "slug": ""}),
        "a description of 4,001": ("/experiments", {**experiment, "description": "d" * 4001}),
        "a folder name of 201": ("/folders", {"name": "f" * 201, "parent_id": None}),
        "an error name of 501": (f"/experiments/{made.id}", {"status": "error", "error": {"name": "n" * 501}}),
        "1,001 events": (ingest, {"data": [event(f"e{index}") for index in range(1001)]}),
        "an event with an unknown field": (ingest, {"data": [{**event("a"), "clientEventId": "a"}]}),
        "an event id of 201": (ingest, {"data": [event("i" * 201)]}),
        "a metric name of 501": (ingest, {"data": [event("a", "n" * 501)]}),
        "a step below 0": (ingest, {"data": [event("a", step=-1)]}),
        "an annotation of 16,001": (annotate, {"annotation": "x" * 16_001, "metadata": {}}),
        "a life of more than 7 days": (
            f"/experiments/{made.id}/ingestion-keys",
            {"name": "x", "ttl_ms": 7 * DAY + 1},
        ),
    }
    for what, (path, body) in limits.items():
        with check("(raw) bodies", f"{what} is 422"):
            raw("POST", path, body, token=token if path in (ingest, annotate) else API_KEY).is_refusal(422)
    wrong_types = {
        "a value that is text": (ingest, {"data": [{**event("a"), "value": "1"}]}),
        "a value that is null": (ingest, {"data": [{**event("a"), "value": None}]}),
        "a step that is no integer": (ingest, {"data": [{**event("a"), "step": 1.5}]}),
        "metadata that is a list": (ingest, {"data": [event("a", metadata=[])]}),
        "events that are no list": (ingest, {"data": event("a")}),
        "a status that nobody sets": (f"/experiments/{made.id}", {"status": "created"}),
    }
    for what, (path, body) in wrong_types.items():
        with check("(raw) bodies", f"{what} is refused"):
            raw("POST", path, body, token=token if path == ingest else API_KEY).is_refusal(400, 422)
    with check("(raw) bodies", "an event that is refused takes its whole request with it"):
        data = [event("good"), {**event("bad"), "value": None}]
        raw("POST", f"{ingest}?sync=true", {"data": data}, token=token).is_refusal(400, 422)
        same(client.list_metrics(made.id).rows, [])
    with check("(raw) queries", "a limit that is no number, and a sort key that there is not"):
        for query in ("limit=many", "sort_by=colour", "sort_direction=up", "from_step=x"):
            raw("GET", f"/experiments/{made.id}/metrics?{query}").is_refusal(400, 422)
    with check("(raw) events", "one without a client_event_id is taken, each time anew"):
        data = [{"name": "plain", "value": 1.0, "step": 0, "metadata": {}}] * 2
        for _ in range(2):
            same(raw("POST", f"{ingest}?sync=true", {"data": data}, token=token).data, {"ok": True, "mode": "sync"})
        same(len(client.list_metrics(made.id, metric_name="plain").rows), 4)


# ---------------------------------------------------------------------------
# Replays
# ---------------------------------------------------------------------------


def replays() -> None:
    made = new_experiment("replays")
    token = client.create_ingestion_key(made.id).token
    ingest, annotate = f"/experiments/{made.id}/ingest?sync=true", f"/experiments/{made.id}/annotations"

    def lost(call):
        """The answer is lost once: the client asks again, under the same key."""
        wire.to_lose = 1
        answer = call()
        first, second = wire.seen[-2:]
        holds(first["key"] is not None and first["key"] == second["key"], "the attempts have two keys")
        same((first["replayed"], second["replayed"]), (False, True), "which of the answers were replays")
        same(first["status"], second["status"], "the status of the replay")
        return answer

    with check("create_folder", "sent again after a lost answer, makes one"):
        folder = lost(lambda: client.create_folder("py62 lost")).folder
        same(client.list_folders(path="/py62 lost").folders, [folder])
    with check("create_experiment", "sent again after a lost answer, makes one"):
        experiment = lost(lambda: new_experiment("lost"))
        same([item.id for item in client.list_experiments(slug="py62-lost").experiments], [experiment.id])
    with check("move_folder", "sent again after a lost answer, is replayed"):
        same(lost(lambda: client.move_folder(folder.folder_id, None)).folder, folder)
    with check("update_experiment_status", "sent again after a lost answer, is replayed"):
        same(lost(lambda: client.update_experiment_status(made.id, "running")).experiment.status, "running")
    with check("create_annotation", "sent again after a lost answer, makes one"):
        client.create_annotation(made.id, "the key is minted before")
        annotation = lost(lambda: client.create_annotation(made.id, "lost")).annotation
        listed = client.list_annotations(made.id).annotations
        same([item.id for item in listed if item.annotation == "lost"], [annotation.id])
    with check("ingest_metrics", "sent again after a lost answer, is replayed"):
        same(lost(lambda: client.ingest_metrics(made.id, [event("lost")], sync=True)).mode, "sync")
        same(len(client.list_metrics(made.id, metric_name="loss").rows), 1)

    with check("(raw) replays", "the same request under one key has the same answer, and acts once"):
        body = {"annotation": "raw é", "metadata": {}}
        first = raw("POST", annotate, body, token=token, Idempotency_Key="py62-annotation")
        second = raw("POST", annotate, body, token=token, Idempotency_Key="py62-annotation")
        same((first.status, second.status, second.body), (201, 201, first.body))
        same((first.is_replay, second.is_replay), (False, True))
        same(sum(item.annotation == "raw é" for item in client.list_annotations(made.id).annotations), 1)
    with check("(raw) replays", "events without ids are stored once under one key"):
        body = {"data": [{"name": "keyed", "value": 1.0, "step": 0}]}
        answers = [raw("POST", ingest, body, token=token, Idempotency_Key="py62-ingest") for _ in range(3)]
        same([answer.is_replay for answer in answers], [False, True, True])
        same(len(client.list_metrics(made.id, metric_name="keyed").rows), 1)
    with check("(raw) replays", "another body or another path under the same key is refused"):
        other = {"annotation": "other", "metadata": {}}
        for path, body in ((annotate, other), (ingest, {"data": [event("other")]})):
            answer = raw("POST", path, body, token=token, Idempotency_Key="py62-annotation")
            answer.is_refusal(422, code="idempotency_key_reused")
        holds(all(item.annotation != "other" for item in client.list_annotations(made.id).annotations), "it acted")
    with check("(raw) replays", "under another key it is another request"):
        body = {"annotation": "twice", "metadata": {}}
        for key in ("py62-a", "py62-b"):
            same(raw("POST", annotate, body, token=token, Idempotency_Key=key).is_replay, False)
        same(sum(item.annotation == "twice" for item in client.list_annotations(made.id).annotations), 2)
    with check("(raw) replays", "eight at once under one key act once"):
        body = {"annotation": "at once", "metadata": {}}
        answers = []

        def send() -> None:
            answers.append(raw("POST", annotate, body, token=token, Idempotency_Key="py62-at-once"))

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        same(len(answers), 8)
        for answer in answers:
            if answer.status != 201:
                answer.is_refusal(409, code="idempotency_key_in_progress")
        same(sum(answer.status == 201 and not answer.is_replay for answer in answers), 1, "the answers that acted")
        same(sum(item.annotation == "at once" for item in client.list_annotations(made.id).annotations), 1)
    with check("(raw) replays", "the refusal of a key is not kept: another key may try again"):
        body = {"data": [event("refused at first")]}
        raw("POST", ingest, body, token="ik_nobody", Idempotency_Key="py62-refused").is_refusal(401, 403)
        same(raw("POST", ingest, body, token=token, Idempotency_Key="py62-refused").status, 200)


for group in (
    credentials,
    folders,
    experiments,
    statuses,
    listing,
    listing_metrics,
    comparing,
    ingesting,
    catalog,
    ingestion_keys,
    annotations,
    refusals,
    replays,
):
    run.group(group)
run.finish(("", SyvainMetricsApiClient))
