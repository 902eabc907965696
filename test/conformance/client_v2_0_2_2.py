"""The v2 client 0.2.2 does all that it can: every public call of it, with what must come of it."""

import logging
from datetime import datetime, timezone

from o41_metrics_api import (
    Experiment,
    ExperimentRun,
    Folder,
    MetricPoint,
    Metrics,
    MetricsError,
    MetricsNotFound,
)
from support import API_KEY, HOST, Run, about_now, asked, holds, is_uuid, now_ms, raw, same, same_json

# It warns of the numbers that it leaves out, which a check makes it do.
logging.getLogger("o41_metrics_api").setLevel(logging.CRITICAL)

run = Run("o41-metrics-api 0.2.2")
check = run.check
metrics = run.recorded(Metrics(API_KEY, host=HOST), wrap=(Folder, Experiment, ExperimentRun), prefix="Metrics.")

T0 = 1_700_000_000_000
META = {"lr": 0.1, "é": {"l": [1, None, True]}}


def unwrapped(handle):
    """The client takes its own folders, not those whose calls are counted."""
    return handle._target


def refused(code: str, status: int | None, call) -> MetricsError:
    try:
        call()
    except MetricsError as error:
        same((error.code, error.status, error.retryable), (code, status, False), "the error")
        return error
    raise AssertionError(f"should be refused with {code}, and was taken")


def columns(series) -> list[tuple]:
    return [(one.name, one.metadata, one.steps, one.values) for one in series]


def ms(time: datetime) -> int:
    return round((time - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() * 1000)


def tree() -> None:
    with check("Metrics.auth_status", "whose key it is"):
        status = metrics.auth_status()
        same((status.kind, status.organization.name), ("api_key", "Reference"))
    with check("Metrics.make_folder", "with all on the way to it"):
        deep = metrics.make_folder("/v2 é/models/mamba")
        is_uuid(deep.id, "its id")
        same((deep.name, deep.path), ("mamba", "/v2 é/models/mamba"))
    with check("Metrics.make_folder", "one that is there is the same"):
        same(metrics.make_folder("/v2 é/models").id, deep.parent_id)
    with check("Metrics.make_folder", "one that another client made meanwhile is taken"):
        metrics.folder("/")
        made = asked("folder.create", name="late", parentFolderId=None)
        folder = metrics.make_folder("/late")
        same((folder.id, folder.parent_id), (made["folderId"], None))
    with check("Metrics.folder", "by its path and by its id"):
        models = metrics.folder("/v2 é/models")
        same(metrics.folder(models.id).path, models.path)
        same(metrics.folder("v2 é//models/").id, models.id)
    with check("Metrics.folder", "the root, and one that is not there"):
        same(metrics.folder("/").id, None)
        try:
            metrics.folder("/v2 é/nowhere")
            holds(False, "it was found")
        except MetricsNotFound as error:
            same(error.status, 404)
    with check("Folder.folders", "those right in it"):
        same([folder.name for folder in metrics.folder("/v2 é/models").folders()], ["mamba"])
    with check("Folder.rename", "keeps what is in it"):
        renamed = metrics.folder("/v2 é/models").rename("models 2")
        same((renamed.path, metrics.folder(deep.id).path), ("/v2 é/models 2", "/v2 é/models 2/mamba"))
    with check("Folder.rename", "to the name of a sibling is refused"):
        metrics.make_folder("/v2 é/taken")
        error = refused("folder_already_exists", 409, lambda: metrics.folder("/v2 é/taken").rename("models 2"))
        same(error.details, {"folderId": renamed.id})
    with check("Folder.move", "to the root and back"):
        moved = metrics.folder("/v2 é/models 2/mamba").move("/")
        same((moved.path, moved.parent_id), ("/mamba", None))
        same(moved.move(unwrapped(metrics.folder("/v2 é"))).path, "/v2 é/mamba")
    with check("Folder.move", "into itself is refused"):
        refused("folder_inside_itself", 400, lambda: metrics.folder("/v2 é").move("/v2 é/mamba"))
    with check("Folder.move", "of one that is elsewhere by now is refused"):
        stale = metrics.folder("/v2 é/mamba")
        metrics.folder("/v2 é/mamba").move("/v2 é/taken")
        refused("folder_move_conflict", 409, lambda: stale.move("/"))
    with check("Metrics.refresh", "shows what others made"):
        asked("folder.create", name="new", parentFolderId=None)
        metrics.refresh()
        holds("new" in [folder.name for folder in metrics.folder("/").folders()], "it is not there")


def writing() -> None:
    metrics.make_folder("/v2 runs")
    with check("Metrics.open_experiment", "in a folder"):
        session = metrics.open_experiment("v2-run é", description="desc é", meta=META, folder="/v2 runs")
        is_uuid(session.id, "its id")
        experiment = metrics.experiment("v2-run é")
        same((experiment.id, experiment.folder_path), (session.id, "/v2 runs"))
    with check("ExperimentRun.start", "the experiment is running"):
        session.start()
        info = experiment.info()
        same((info.status, info.done_at), ("running", None))
        about_now(ms(info.started_at), "the start")
    with check("ExperimentRun.metric", "one"):
        session.metric("one", 0.1 + 0.2, step=3, metadata={"é": "☃"}, timestamp_ms=T0)
        (series,) = experiment.series("one")
        same((series.metadata, series.steps, series.timestamps_ms), ({"é": "☃"}, (3,), (T0,)))
        same(series.values, (0.1 + 0.2,))
    with check("ExperimentRun.metrics", "2,500 in three requests, numbers to the last bit, none that is not finite"):
        numbers = [5e-324, 1.7976931348623157e308, -1.0, 2.0**53, -0.1]
        points = [MetricPoint("many", 1 / (step + 1), step, {"split": "train"}, T0 + step) for step in range(2500)]
        points += [MetricPoint("numbers", value, step, {}, T0) for step, value in enumerate(numbers)]
        session.metrics([*points, MetricPoint("numbers", float("nan"), 99)])
        (many,) = experiment.series("many")
        same(list(many.values), [1 / (step + 1) for step in range(2500)])
        same(list(many.timestamps_ms), [T0 + step for step in range(2500)])
        same([list(one.values) for one in experiment.series("numbers")], [numbers])
    with check("ExperimentRun.metrics", "one that is wrong is refused, its neighbours are not"):
        wrong = [MetricPoint("left", 1, 0), MetricPoint("left", 2, -1), MetricPoint("left", 3, 2)]
        error = refused("invalid_data", 422, lambda: session.metrics(wrong))
        holds("step" in error.message, f"it does not say where: {error.message}")
        same([one.values for one in experiment.series("left")], [(1, 3)])
    with check("ExperimentRun.annotate", "with and without meta"):
        plain = session.annotate("plain é")
        full = session.annotate("full", meta={"n": {"l": [1, None]}, "path": "x"})
        notes = experiment.annotations()
        same([(note.id, note.text) for note in notes], [(full, "full"), (plain, "plain é")])
        same_json(notes[0].meta, {"n": {"l": [1, None]}, "path": "x"})
        about_now(ms(notes[0].created_at), "its time")
    with check("ExperimentRun.error", "a message with its meta"):
        session.error("boom é", meta={"type": "ValueError", "at": 3})
        info = experiment.info()
        same((info.status, info.error.message, info.error.meta), ("error", "boom é", {"type": "ValueError", "at": 3}))
        about_now(ms(info.done_at), "the end")
    with check("ExperimentRun.done", "clears the error"):
        session.done()
        info = experiment.info()
        same((info.status, info.error), ("done", None))
    with check("ExperimentRun.close", "the token is no good any more"):
        token = session._target._token
        session.close()
        session.close()
        path = f"/experiments/{session.id}/events"
        body = [{"messageId": "m", "event": "syvain.v2.experiment.start", "data": {"experimentId": session.id}}]
        same(raw("POST", path, body, base="/api/v2", token=token).status, 401)
        refused("closed", None, lambda: session.metric("one", 1, step=0))
    with check("Metrics.open_experiment", "again: another description, the same experiment in the same folder"):
        again = metrics.open_experiment("v2-run é", description="again", folder="/v2 é")
        info = experiment.info()
        same((again.id, info.description, info.meta, info.status), (session.id, "again", {}, "done"))
        same(metrics.experiment("v2-run é").folder_path, "/v2 runs")
        again.close()
    with check("ExperimentRun.start", "a token that expires soon is renewed first"):
        soon = metrics.open_experiment("v2-soon")
        soon._target._expires_at_ms = now_ms() + 240_000
        before = soon._target._token
        soon.start()
        holds(soon._target._token != before, "the token is the same")
        holds(soon._target._expires_at_ms > now_ms() + 86_000_000, "it does not last")
        soon.close()


def reading() -> None:
    session = metrics.open_experiment("v2-read", description="d", meta=META)
    for split in ("train", "val"):
        for step in (2, 0, 1):
            metadata = {"split": split, "rank": "0"} if split == "train" else {"split": split}
            session.metric("loss", step / 2, step=step, metadata=metadata, timestamp_ms=T0 - step)
    session.metric("acc", 0.5, step=0, timestamp_ms=T0)
    session.close()
    train, val = {"split": "train", "rank": "0"}, {"split": "val"}

    with check("Metrics.experiment", "by its slug and by its id"):
        experiment = metrics.experiment("v2-read")
        same((experiment.id, experiment.folder_id, metrics.experiment(session.id).slug), (session.id, None, "v2-read"))
    with check("Metrics.experiments", "those that match"):
        slugs = [one.slug for one in metrics.experiments("v2-*")]
        same(sorted(slugs), ["v2-read", "v2-run é", "v2-soon"])
    with check("Experiment.info", "the record"):
        info = experiment.info()
        same((info.id, info.slug, info.description, info.status), (session.id, "v2-read", "d", "created"))
        same((info.error, info.started_at, info.done_at), (None, None, None))
        same_json(info.meta, META)
        about_now(ms(info.created_at), "its creation")
        about_now(ms(info.last_event_at), "the last event")
    with check("Experiment.catalog", "names with keys and values"):
        catalog = [(one.name, one.metadata) for one in experiment.catalog()]
        same(catalog, [("acc", {}), ("loss", {"rank": ("0",), "split": ("train", "val")})])
    with check("Experiment.series", "all, by name"):
        steps, values = (0, 1, 2), (0, 0.5, 1)
        expected = [("acc", {}, (0,), (0.5,)), ("loss", train, steps, values), ("loss", val, steps, values)]
        same(columns(experiment.series()), expected)
    with check("Experiment.series", "some, in the order of their names, and none where there is none"):
        found = columns(experiment.series(["none", "loss", "acc"], where={"split": "val"}))
        same(found, [("loss", val, steps, values)])
        same(columns(experiment.series("loss", has=["rank"])), [("loss", train, steps, values)])
        same(experiment.series("loss", where={"split": "nope"}), [])
    with check("Experiment.series", "by time"):
        (by_time,) = experiment.series("loss", where={"split": "val"}, x="timestamp")
        same((by_time.steps, by_time.timestamps_ms), ((2, 1, 0), (T0 - 2, T0 - 1, T0)))
    with check("Experiment.series", "more names than one request takes"):
        names = [f"n{index}" for index in range(1500)]
        same(columns(experiment.series([*names, "acc"])), [("acc", {}, (0,), (0.5,))])
    with check("Experiment.annotations", "none"):
        same(experiment.annotations(), [])
    with check("Experiment.move", "into a folder, and out of one where it is no more"):
        moved = experiment.move("/v2 runs")
        same(moved.folder_path, "/v2 runs")
        refused("experiment_folder_move_conflict", 409, lambda: experiment.move("/v2 é"))
        same([one.slug for one in metrics.folder("/v2 runs").experiments()], ["v2-read", "v2-run é"])
    with check("Folder.experiments", "those that match, also below"):
        same([one.slug for one in metrics.folder("/v2 runs").experiments("*-read")], ["v2-read"])
        found = metrics.folder("/").experiments("v2-*", recursive=True)
        same(sorted(one.slug for one in found), ["v2-read", "v2-run é", "v2-soon"])
    with check("Metrics.send", "any event, and one that nobody knows"):
        sent = metrics.send("syvain.v2.query.revisions", {"experimentIds": [session.id, "nope"]})
        same((sent["revisions"][0]["seriesRevision"], sent["missingExperimentIds"]), (7, ["nope"]))
        refused("unknown_event", 400, lambda: metrics.send("syvain.v2.custom", {"a": 1}))
    with check("Metrics.send", "an experiment that is not there"):
        ask = {"experimentId": "nope"}
        refused("experiment_not_found", 404, lambda: metrics.send("syvain.v2.query.catalog", ask))
    with check("Metrics.close", "closes"):
        metrics.close()


def keys() -> None:
    with check("Metrics.auth_status", "a wrong key is an error"):
        wrong = run.recorded(Metrics("ak_wrong", host=HOST), prefix="Metrics.")
        refused("http_error", 401, wrong.auth_status)


for group in (tree, writing, reading, keys):
    run.group(group)
run.finish(("Metrics.", Metrics), ("Folder.", Folder), ("Experiment.", Experiment), ("ExperimentRun.", ExperimentRun))
