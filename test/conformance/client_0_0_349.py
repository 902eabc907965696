"""Every call of the api client 0.0.349, the last that speaks API v1: what differs from 0.0.62, and the rest once."""

import json
import os
import tempfile
import time
from pathlib import Path

from support import API_KEY, HOST, LAST_TIME, Run, Wire, about_now, eventually, holds, raw, refused, same, same_json
from syvain_metrics_api_client import (
    MetricCreateInput,
    SeriesQueryMetadataFilterPredicate,
    SeriesQueryOrder,
    SeriesQuerySelection,
    SyvainMetricsApiClient,
)

run = Run("0.0.349")
check = run.check
wire = Wire()
Client = run.recorded(SyvainMetricsApiClient, wrap=(SyvainMetricsApiClient,))
client = Client.from_api_key(API_KEY, host=HOST, request=wire)

NOWHERE = "00000000-0000-4000-8000-000000000000"
T0 = 1_700_000_000_000


def new_experiment(slug: str, **options):
    return client.create_experiment(f"py349-{slug}", **options).experiment


def event(event_id: str, name: str = "loss", value: float = 0.5, step: int | None = 0, **more) -> dict:
    return {"client_event_id": event_id, "name": name, "value": value, "step": step, **more}


def stored(*experiments, **selection) -> int:
    """How many rows there are: this client always queues, so that a reader may have to wait."""
    series = [{"experiment_id": experiment.id, **selection} for experiment in experiments]
    batches = client.query_metric_series(series, order={"axis": "step", "direction": "asc"})
    return sum(len(batch.data.value) for batch in batches)


def credentials() -> None:
    with check("auth_status", "says what kind of key it is"):
        same(client.auth_status().auth.kind, "api_key")
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CONFIG_HOME"] = home
        for folder, make in (("syvain-metrics", "from_local"), ("syvain-metrics-dev", "from_local_dev")):
            Path(home, folder).mkdir()
            Path(home, folder, "auth.json").write_text(json.dumps({"apiKey": API_KEY, "host": HOST}))
            with check(make, "speaks with the saved login, over a session of its own"):
                made = getattr(Client, make)()
                same([made.auth_status().auth.kind for _ in range(3)], ["api_key"] * 3)
                made.close()
    with check("from_api_key", "a key that nobody made is refused"), refused(401):
        Client.from_api_key("ak_org_nobody", host=HOST).auth_status()


def folders() -> None:
    with check("create_folder", "makes one at the top, and one in it"):
        top = client.create_folder("py349 é☃").folder
        inner = client.create_folder("inner", parent_id=top.folder_id).folder
        same((inner.parent_id_path, inner.path_name), ([top.folder_id], "/py349 é☃/inner"))
    with check("create_folder", "a sibling of the same name is refused"):
        with refused(409, code="folder_already_exists"):
            client.create_folder("py349 é☃")
    with check("list_folders", "the one at a path"):
        same(client.list_folders(path=inner.path_name).folders, [inner])
        holds(top in client.list_folders().folders, "the folder is not in the list")
    with check("get_folder", "has its children and its experiments"):
        made = new_experiment("in-a-folder", folder_id=top.folder_id)
        contents = client.get_folder(top.folder_id)
        same((contents.folder, contents.folders), (top, [inner]))
        same([(item.id, item.slug, item.status) for item in contents.experiments], [(made.id, made.slug, "created")])
    with check("rename_folder", "renames it"):
        same(client.rename_folder(inner.folder_id, "renamed").folder.path_name, "/py349 é☃/renamed")
    with check("move_folder", "moves it to the top, and not into itself"):
        same(client.move_folder(inner.folder_id, None).folder.path_name, "/renamed")
        with refused(400):
            client.move_folder(inner.folder_id, inner.folder_id)
    with check("patch_folder", "renames and moves in one"):
        patched = client.patch_folder(inner.folder_id, name="inner", parent_id=top.folder_id).folder
        same(patched, inner)
    with check("move_experiment", "into another folder, and out of all"):
        same(client.move_experiment(made.id, inner.folder_id).experiment.folder, inner)
        same(client.move_experiment(made.id, None).experiment.folder, None)


def experiments() -> None:
    metadata = {"é": [1, None, {"x": 1.5}]}
    with check("create_experiment", "makes one, or answers the one that is there"):
        made = new_experiment("first", description="é", metadata=metadata)
        same((wire.status, made.status), (201, "created"))
        same_json(made.metadata, metadata, "the metadata")
        again = new_experiment("first", description="new")
        same((wire.status, again.id, again.description), (200, made.id, "new"))
    with check("get_experiment", "answers the record, or 404"):
        same(client.get_experiment(made.id).experiment, again)
        with refused(404):
            client.get_experiment(NOWHERE)
    with check("update_experiment_status", "running, error and done"):
        same(client.update_experiment_status(made.id, "running", timestamp_ms=T0).experiment.started_at_ms, T0)
        error = {"name": "ValueError", "detail": "é"}
        failed = client.update_experiment_status(made.id, "error", error=error).experiment
        same((failed.status, failed.error_name, failed.error_detail), ("error", "ValueError", "é"))
        done = client.update_experiment_status(made.id, "done").experiment
        same((done.status, done.error_name, done.error_detail), ("done", None, None))
    with check("list_experiments", "the last updated first; search is a part of the slug in any case"):
        slugs = []
        for index in range(3):
            time.sleep(0.005)
            slugs.append(new_experiment(f"List-{index}").slug)
        time.sleep(0.005)
        client.update_experiment_status(client.list_experiments(slug=slugs[0]).experiments[0].id, "running")
        listed = client.list_experiments(search="PY349-list").experiments
        same([item.slug for item in listed], [slugs[0], slugs[2], slugs[1]])
        same(listed[0].status, "running")
    with check("list_experiments", "by the whole slug, and a limit"):
        same([item.slug for item in client.list_experiments(slug=slugs[1]).experiments], [slugs[1]])
        same(client.list_experiments(slug="py349-List").experiments, [])
        same([item.slug for item in client.list_experiments(search="py349-list", limit=1).experiments], [slugs[0]])


def keys_and_annotations() -> None:
    made = new_experiment("keys")

    def keys() -> list:
        return client.list_ingestion_keys(made.id).keys

    with check("prepare_ingestion", "mints a key once, which later calls use"):
        client.prepare_ingestion(made.id)
        client.prepare_ingestion(made.id)
        client.ingest_metrics(made.id, [event("a")])
        client.create_annotation(made.id, "prepared")
        same([key.name for key in keys()], ["SDK ingestion key"])
    with check("forget_ingestion_credential", "the next call mints another"):
        client.forget_ingestion_credential(made.id)
        client.prepare_ingestion(made.id)
        same(len(keys()), 2)
    with check("list_ingestion_keys", "says when a key was last used"):
        holds(any(key.last_used_at_ms is not None for key in keys()), "no key was used")
    with check("revoke_ingestion_key", "a client whose key was revoked mints another"):
        for key in keys():
            about_now(client.revoke_ingestion_key(made.id, key.id).key.revoked_at_ms, "revoked_at_ms")
        client.ingest_metrics(made.id, [event("b", step=1)])
        same(sorted(key.revoked_at_ms is None for key in keys()), [False, False, True])
        eventually(lambda: stored(made), 2)
    with check("create_ingestion_key", "a name and a life"):
        answer = client.create_ingestion_key(made.id, name="é", ttl_ms=60_000)
        same((answer.key.name, answer.key.expires_at_ms - answer.key.created_at_ms), ("é", 60_000))
        holds(answer.token.startswith("ik_"), "a token starts with ik_")

    with check("create_annotation", "answers it"):
        time.sleep(0.005)
        made_one = client.create_annotation(made.id, "é☃", metadata={"n": [1, None]}).annotation
        same((made_one.experiment_id, made_one.annotation), (made.id, "é☃"))
        same_json(made_one.metadata, {"n": [1, None]}, "the metadata")
    with check("create_annotation", "metadata as large as it may be"):
        largest = client.create_annotation(made.id, "large", metadata={"x": "x" * (65_536 - len('{"x":""}'))})
        same(len(largest.annotation.metadata["x"]), 65_528)
    with check("create_annotation", "sent again after a lost answer, makes one"):
        wire.to_lose = 1
        client.create_annotation(made.id, "lost")
        same([request["replayed"] for request in wire.seen[-2:]], [False, True])
        same(sum(item.annotation == "lost" for item in client.list_annotations(made.id).annotations), 1)
    with check("list_annotations", "the newest first, between bounds, so many"):
        listed = client.list_annotations(made.id).annotations
        same(listed[-1].annotation, "prepared")
        at = made_one.created_at_ms
        holds(made_one in client.list_annotations(made.id, from_ms=at, to_ms=at).annotations, "it is not there")
        same(client.list_annotations(made.id, limit=1).annotations, listed[:1])


# ---------------------------------------------------------------------------
# Metrics
# ---------------------------------------------------------------------------


def ingesting() -> None:
    made = new_experiment("ingest")
    with check("ingest_metrics", "is queued, and has no Idempotency-Key"):
        answer = client.ingest_metrics(made.id, [event("a", metadata={"split": "é☃"}), event("b", step=None)])
        same((answer.ok, answer.mode, wire.seen[-1]["key"]), (True, "queued", None))
        eventually(lambda: stored(made), 2)
    with check("ingest_metrics", "of one client_event_id the first stays"):
        client.ingest_metrics(made.id, [event("a", value=9), event("c", step=2)])
        eventually(lambda: stored(made), 3)
        same(stored(made, metadata_filter=[{"key": "split"}]), 1)
    with check("ingest_metrics", "sent again after a lost answer, stores once"):
        wire.to_lose = 1
        client.ingest_metrics(made.id, [event("lost", step=3)])
        eventually(lambda: stored(made), 4)
    with check("ingest_metrics", "1,000 events in one call"):
        many = [MetricCreateInput(**event(f"m{step}", "many", step=step)) for step in range(1000)]
        client.ingest_metrics(made.id, many)
        eventually(lambda: stored(made, metric_name="many"), 1000)
    with check("ingest_metrics", "the largest step and the last time"):
        client.ingest_metrics(made.id, [event("last", "last", step=2**53 - 2, timestamp_ms=LAST_TIME)])
        eventually(lambda: stored(made, metric_name="last"), 1)
        selection = {"experiment_id": made.id, "metric_name": "last"}
        (batch,) = client.query_metric_series([selection], order={"axis": "step", "direction": "asc"})
        same((batch.data.steps, batch.data.timestamp), ([2**53 - 2], [LAST_TIME]))


BIG = 5000


def series() -> None:
    one, two = new_experiment("series-1"), new_experiment("series-2")
    sent: dict[tuple, list[tuple]] = {}

    def send(experiment, name: str, metadata: dict[str, str], points: list[tuple]) -> None:
        """Points are (step, time, value). They are sent backwards: the server must sort."""
        identity = json.dumps([name, metadata])
        data = [
            event(f"{identity[:150]}/{index}", name, value, step, metadata=metadata, timestamp_ms=at)
            for index, (step, at, value) in enumerate(points)
        ][::-1]
        for start in range(0, len(data), 1000):
            client.ingest_metrics(experiment.id, data[start : start + 1000])
        sent[(experiment.id, name, tuple(sorted(metadata.items())))] = points

    def points(count: int, offset: int = 0) -> list[tuple]:
        return [(step, T0 + 10 * step + offset, (step + 1) / 7) for step in range(count)]

    send(one, "loss", {"split": "train", "rank é": "0"}, points(5))
    send(one, "loss", {"split": "train", "rank é": "1"}, points(4, 1))
    send(one, "loss", {"split": "val"}, points(3, 2))
    send(one, "loss", {}, points(2, 3))
    # Times run against steps, and two points have no step.
    mixed = [(3, T0 + 1, 1e-300), (1, T0 + 2, -1.5), (None, T0 + 3, 0.0), (None, T0, 2.0)]
    send(one, "train/acc x", {"split": "val"}, mixed)
    send(two, "loss", {"split": "train"}, points(2, 4))
    send(two, "big", {}, points(BIG))
    eventually(lambda: stored(one, two), sum(len(points) for points in sent.values()))

    def key_of(batch) -> tuple:
        return (batch.experiment_id, batch.metric_name, tuple(sorted(batch.metadata.items())))

    def queried(*selections, axis="step", direction="asc", stream=False) -> dict[tuple, list[tuple]]:
        batches = client.query_metric_series(
            selections, order={"axis": axis, "direction": direction}, stream=stream
        )
        same(len({key_of(batch) for batch in batches}), len(batches), "the number of series")
        return {key_of(batch): list(zip(batch.data.steps, batch.data.timestamp, batch.data.value)) for batch in batches}

    def wanted(where, axis="step", direction="asc") -> dict[tuple, list[tuple]]:
        at = 0 if axis == "step" else 1
        answer = {}
        for key, points in sent.items():
            if where(*key):
                # No step is last in both directions.
                known = [point for point in points if point[at] is not None]
                unknown = [point for point in points if point[at] is None]
                known.sort(key=lambda point: point[at], reverse=direction == "desc")
                answer[key] = [*known, *unknown]
        return answer

    def compare(actual: dict, expected: dict) -> None:
        same(sorted(actual), sorted(expected), "the series")
        for key, points in expected.items():
            # Of the points without a step none is first.
            same([p for p in actual[key] if p[0] is not None], [p for p in points if p[0] is not None], f"{key}")
            same([p[0] for p in actual[key]], [p[0] for p in points], f"the steps of {key}")
            same(sorted(actual[key], key=str), sorted(points, key=str), f"the points of {key}")

    for stream in (False, True):
        how = "streamed" if stream else "at once"
        with check("query_metric_series", f"{how}: all of an experiment, one batch for each metadata"):
            compare(queried({"experiment_id": one.id}, stream=stream), wanted(lambda id, *_: id == one.id))
        with check("query_metric_series", f"{how}: by name"):
            selection = SeriesQuerySelection(experiment_id=one.id, metric_name="train/acc x")
            compare(queried(selection, stream=stream), wanted(lambda _, name, __: name == "train/acc x"))
            same(queried({"experimentId": one.id, "metricName": "los"}, stream=stream), {})
        filters = {
            "a key": ([{"key": "rank é"}], lambda m: "rank é" in m),
            "a key with a value": ([{"key": "split", "value": "train"}], lambda m: m.get("split") == "train"),
            "several, all of which must hold": (
                [SeriesQueryMetadataFilterPredicate(key="split", value="train"), {"key": "rank é", "value": "1"}],
                lambda m: m.get("split") == "train" and m.get("rank é") == "1",
            ),
            "none at all": ([], lambda m: True),
            "a value that nothing has": ([{"key": "split", "value": "trai"}], lambda m: False),
        }
        for what, (predicates, holds_for) in filters.items():
            with check("query_metric_series", f"{how}: filtered by {what}"):
                selection = {"experiment_id": one.id, "metric_name": "loss", "metadata_filter": predicates}
                expected = wanted(lambda id, name, meta: id == one.id and name == "loss" and holds_for(dict(meta)))
                compare(queried(selection, stream=stream), expected)
        with check("query_metric_series", f"{how}: several experiments"):
            selections = [{"experiment_id": id, "metric_name": "loss"} for id in (one.id, two.id)]
            compare(queried(*selections, stream=stream), wanted(lambda _, name, __: name == "loss"))
        for axis in ("step", "timestamp"):
            for direction in ("asc", "desc"):
                with check("query_metric_series", f"{how}: by {axis}, {direction}"):
                    order = {"axis": axis, "direction": direction}
                    actual = queried({"experiment_id": one.id}, stream=stream, **order)
                    expected = wanted(lambda id, *_: id == one.id, **order)
                    if axis == "timestamp":
                        same(actual, expected)
                    else:
                        compare(actual, expected)
        with check("query_metric_series", f"{how}: {BIG:,} points, none left out"):
            actual = queried({"experiment_id": two.id, "metric_name": "big"}, stream=stream)
            compare(actual, wanted(lambda _, name, __: name == "big"))
        with check("query_metric_series", f"{how}: an experiment without metrics"):
            same(queried({"experiment_id": new_experiment("series-none").id}, stream=stream), {})

    with check("query_metric_series", "a hash for each metadata, the same wherever it is"):
        order = SeriesQueryOrder(axis="step", direction="asc")
        batches = client.query_metric_series([{"experiment_id": one.id}], order=order)
        again = client.query_metric_series([{"experiment_id": one.id}], order=order, stream=True)
        hashes = {json.dumps(batch.metadata, sort_keys=True): batch.metadata_hash for batch in batches}
        same(len(set(hashes.values())), 4, "the number of hashes")
        for batch in again:
            same(batch.metadata_hash, hashes[json.dumps(batch.metadata, sort_keys=True)])
    with check("query_metric_series", "the stream is a batch a line, and how many at the end"):
        body = {
            "series": [{"experimentId": one.id}],
            "order": {"axis": "step", "direction": "asc"},
            "stream": True,
        }
        answer = raw("POST", "/query/series", body, Accept="application/vnd.syvain.metric-series+ndjson")
        holds("ndjson" in answer.headers["content-type"], f"the type is {answer.headers['content-type']}")
        lines = [json.loads(line) for line in answer.text.splitlines() if line]
        same(lines[-1], {"kind": "complete", "batchCount": 5, "rowCount": 18})
        same(len(lines), 6)
    with check("query_metric_series", "a wrong question is refused"):
        ask = {"series": [{"experimentId": one.id}], "order": {"axis": "step", "direction": "asc"}, "stream": False}
        for wrong in (
            {"series": []},
            {"series": ask["series"] * 65},
            {"series": [{"experiment_id": one.id}]},
            {"order": {"axis": "time", "direction": "asc"}},
            {"colour": "red"},
        ):
            raw("POST", "/query/series", {**ask, **wrong}).is_refusal(400, 422)

    with check("query_metrics_catalog", "the names and keys of several experiments"):
        items = client.query_metrics_catalog([one.id, two.id])
        catalog = {(item.experiment_id, item.metric_name): sorted(item.metadata_keys) for item in items}
        expected = {
            (one.id, "loss"): ["rank é", "split"],
            (one.id, "train/acc x"): ["split"],
            (two.id, "loss"): ["split"],
            (two.id, "big"): [],
        }
        same((len(items), catalog), (4, expected))
    with check("query_metrics_catalog", "one experiment alone, and one without metrics"):
        same({item.experiment_id for item in client.query_metrics_catalog([two.id])}, {two.id})
        same(client.query_metrics_catalog([new_experiment("catalog-none").id]), [])


for group in (credentials, folders, experiments, keys_and_annotations, ingesting, series):
    run.group(group)
run.finish(("", SyvainMetricsApiClient))
