"""Whole runs of the collector 0.0.352, whose core is in Rust: what it says that it delivered is there, to the last bit."""

import logging
import os
import subprocess
import sys

from support import API_KEY, HOST, Run, about_now, asked, holds, points_of, raw, same, same_json
from syvain_metrics_collector import Collector, Experiment, MetricsCollectorError

# It warns of what it drops, which some checks make it do.
logging.getLogger("syvain.metrics").setLevel(logging.CRITICAL)

run = Run("collector 0.0.352")
check = run.check

T0 = 1_700_000_000_000
META = {"lr": 0.1, "é": {"l": [1, None]}}


def new_collector(**options):
    return run.recorded(Collector(api_key=API_KEY, host=HOST, **options), wrap=(Experiment,), prefix="Collector.")


def found(experiment) -> dict:
    return asked("query.experiment", experimentId=experiment.id)["experiment"]


def notes_of(experiment) -> list[tuple]:
    kept = asked("query.annotations", experimentId=experiment.id)["annotations"]
    return [(note["annotation"], note["meta"]) for note in kept]


def tree() -> dict:
    return asked("foldertree.read")


def whole_runs() -> None:
    with check("Experiment.run", "1,200 metrics, annotations, and done"):
        experiment = new_collector().experiment("rust-done é☃", "desc é", META)
        with experiment.run():
            for step in range(1200):
                experiment.metric("loss", 1 / (step + 1), step, {"split": "train"}, timestamp=T0 + step)
            experiment.annotation("checkpoint é", {"path": "x"}, step=2)
            experiment.annotation("plain")
        result = experiment.flush_or_raise()
        same((result.pending, result.dropped), (0, 0))
        kept = found(experiment)
        same((kept["slug"], kept["description"], kept["status"], kept["error"]), ("rust-done é☃", "desc é", "done", None))
        same_json(kept["meta"], META, "the meta")
        for time in ("createdAtMs", "startedAtMs", "doneAtMs", "lastEventAtMs"):
            about_now(kept[time], time)
        holds(kept["startedAtMs"] <= kept["doneAtMs"], "it ended before it started")
        expected = [("loss", {"split": "train"}, step, T0 + step, 1 / (step + 1)) for step in range(1200)]
        same(points_of(experiment.id), expected)
    with check("Experiment.annotation", "with and without metadata, the newest first; the step is in the meta"):
        expected = [("plain", {}), ("checkpoint é", {"path": "x", "step": 2}), ("experiment opened", {})]
        same(notes_of(experiment), expected)
    with check("Collector.experiment", "another process with the slug goes on in the same experiment"):
        same(new_collector().experiment("rust-done é☃").id, experiment.id)
    with check("Experiment.run", "a block that raises: the error with its type"):
        experiment = new_collector().experiment("rust-error")
        try:
            with experiment.run():
                experiment.metric("loss", 0.5, 0)
                raise ValueError("boom é")
        except ValueError:
            pass
        experiment.flush_or_raise()
        kept = found(experiment)
        same(kept["status"], "error")
        same_json(kept["error"], {"message": "ValueError: boom é", "meta": {"error_type": "ValueError"}})
        same([point[2:3] + point[4:] for point in points_of(experiment.id)], [(0, 0.5)])
        v1 = raw("GET", f"/experiments/{experiment.id}").data["experiment"]
        same((v1["status"], v1["error_name"], v1["error_detail"]), ("error", "ValueError", "ValueError: boom é"))
    with check("Collector.experiment", "a process that ends delivers what it has, and revokes its token"):
        program = """
import os
from syvain_metrics_collector import Collector
collector = Collector(api_key=os.environ["SYVAIN_METRICS_API_KEY"], host=os.environ["SYVAIN_METRICS_HOST"])
experiment = collector.experiment("rust-exit")
for step in range(3000):
    experiment.metric("loss", step / 3, step)
print(experiment.id)
"""
        ended = subprocess.run(
            [sys.executable, "-c", program], check=True, timeout=60, env=os.environ, capture_output=True, text=True
        )
        points = points_of(ended.stdout.strip())
        same([(step, value) for _, _, step, _, value in points], [(step, step / 3) for step in range(3000)])
    with check("Collector.experiment", "two at once on one collector"):
        collector = new_collector()
        both = [collector.experiment(f"rust-both-{index}") for index in range(2)]
        for index, experiment in enumerate(both):
            with experiment.run():
                for step in range(700):
                    experiment.metric("loss", index + step, step)
        for index, experiment in enumerate(both):
            experiment.flush_or_raise()
            same([point[4] for point in points_of(experiment.id)], [index + step for step in range(700)])
            same(found(experiment)["status"], "done")


def folders() -> None:
    top = asked("folder.create", name="rust é", parentFolderId=None)["folderId"]
    inner = asked("folder.create", name="in", parentFolderId=top)["folderId"]

    def inside(folder_id: str) -> list[str]:
        (outer,) = [folder for folder in tree()["folders"] if folder["folderId"] == top]
        folder = outer if folder_id == top else outer["folders"][0]
        return [experiment["slug"] for experiment in folder["experiments"]]

    with check("Collector.experiment", "in the folder of the collector"):
        new_collector(folder_id=top).experiment("rust-top")
        same(inside(top), ["rust-top"])
    with check("Collector.experiment", "in a folder of its own"):
        new_collector(folder_id=top).experiment("rust-in", folder_id=inner)
        same(inside(inner), ["rust-in"])
    with check("Collector.experiment", "one that lies elsewhere stays there"):
        new_collector().experiment("rust-in", folder_id=top)
        same((inside(top), inside(inner)), (["rust-top"], ["rust-in"]))
    with check("Collector.experiment", "a folder that is not there is an error before anything is made"):
        try:
            new_collector(folder_id="00000000-0000-4000-8000-000000000000")
            holds(False, "it was taken")
        except MetricsCollectorError as error:
            holds("folder" in str(error), f"another error: {error}")
    with check("Collector.experiment", "a wrong key is an error at once"):
        try:
            Collector(api_key="ak_wrong", host=HOST)
            holds(False, "it was taken")
        except MetricsCollectorError as error:
            holds("401" in str(error) or "key" in str(error).lower(), f"another error: {error}")


def delivery() -> None:
    with check("Experiment.flush_or_raise", "10,000 in large batches"):
        experiment = new_collector(max_batch_items=1000).experiment("rust-many")
        for step in range(10_000):
            experiment.metric("loss", step / 7, step, {"split": "train", "text": "é" * 100}, timestamp=T0 + step)
        result = experiment.flush_or_raise()
        same((result.pending, result.dropped), (0, 0))
        points = points_of(experiment.id)
        same([(step, value) for _, _, step, _, value in points], [(step, step / 7) for step in range(10_000)])
        same(asked("query.revisions", experimentIds=[experiment.id])["revisions"][0]["seriesRevision"], 10_000)
    with check("Experiment.metric", "numbers to the last bit; what is not finite is left out"):
        experiment = new_collector().experiment("rust-numbers")
        numbers = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1.0, 2.0**53]
        for step, value in enumerate([*numbers, float("nan"), float("inf")]):
            experiment.metric("name", value, step)
        experiment.flush_or_raise()
        same([point[4] for point in points_of(experiment.id)], numbers)
    with check("Experiment.metric", "a time in seconds, and one in milliseconds"):
        experiment.metric("s", 1, 0, timestamp=1_700_000_000.5)
        experiment.metric("ms", 1, 0, timestamp=T0 + 123)
        experiment.flush_or_raise()
        same([(point[0], point[3]) for point in points_of(experiment.id, "ms", "s")], [("ms", T0 + 123), ("s", T0 + 500)])
    with check("Experiment.metric", "each metadata is a series, and the catalog has them"):
        experiment = new_collector().experiment("rust-catalog")
        for step in range(4):
            experiment.metric("train/loss", step, step, {"split": f"s{step % 2}", "rank": "0"})
        experiment.flush_or_raise()
        series = asked("query.catalog", experimentId=experiment.id)["series"]
        metadata = [{"key": "rank", "values": ["0"]}, {"key": "split", "values": ["s0", "s1"]}]
        same(series, [{"seriesName": "train/loss", "metadata": metadata}])
        same([point[1:3] for point in points_of(experiment.id)][:2], [({"rank": "0", "split": "s0"}, 0), ({"rank": "0", "split": "s0"}, 2)])


for group in (whole_runs, folders, delivery):
    run.group(group)
run.finish(("Collector.", Collector), ("Experiment.", Experiment))
