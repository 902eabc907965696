"""Whole runs of the collector 0.0.62, read back with the api client 0.0.62: equal numbers, or it was for nothing."""

import json
import logging
import os
import subprocess
import sys
import time

import niquests
from support import API_KEY, HOST, Run, holds, same, same_json
from syvain_metrics_api_client import SyvainMetricsApiClient
from syvain_metrics_collector import Collector, MetricsCollectorError
from syvain_metrics_collector import Experiment as Recording
from syvain_metrics_collector.api import MetricsApiClient

# It warns of what it drops, which some checks make it do.
logging.getLogger("syvain.metrics").setLevel(logging.CRITICAL)

run = Run("collector 0.0.62")
check = run.check
reader = SyvainMetricsApiClient.from_api_key(API_KEY, host=HOST)

T0 = 1_700_000_000_000
METADATA = {"lr": 0.1, "é": {"l": [1, None]}}


def new_collector(**options):
    return run.recorded(Collector(api_key=API_KEY, host=HOST, **options), wrap=(Recording,), prefix="Collector.")


def found(experiment):
    return reader.get_experiment(experiment.id).experiment


def points(experiment, **options) -> list[tuple]:
    rows = reader.list_metrics(experiment.id, limit=10_000, **options).rows
    return [(row.metric_name, row.step, row.metric_value) for row in rows]


def whole_runs() -> None:
    with check("Experiment.run", "1,200 metrics, annotations, and done"):
        collector = new_collector()
        experiment = collector.experiment("py-col-done é☃", "desc é", METADATA)
        with experiment.run(install_hooks=False):
            for step in range(1200):
                experiment.metric("loss", 1 / (step + 1), step, {"split": "train"}, T0 + step)
            experiment.metric("acc", 1, None)
            experiment.annotation("checkpoint é", {"path": "x"})
            experiment.annotation("plain")
        kept = found(experiment)
        same((kept.slug, kept.description, kept.status), ("py-col-done é☃", "desc é", "done"))
        same_json(kept.metadata, METADATA, "the metadata")
        holds(kept.done_at_ms is not None and kept.last_event_at_ms is not None, "its times are not set")
        expected = [*(("loss", step, 1 / (step + 1)) for step in range(1200)), ("acc", None, 1)]
        same(points(experiment), expected)
    with check("Experiment.metric", "its metadata and its time"):
        (row,) = reader.list_metrics(experiment.id, metric_name="loss", step=7).rows
        same((json.loads(row.event_metadata_json), row.client_timestamp_ms), ({"split": "train"}, T0 + 7))
    with check("Experiment.annotation", "with and without metadata"):
        kept_notes = {item.annotation: item.metadata for item in reader.list_annotations(experiment.id).annotations}
        same(kept_notes, {"checkpoint é": {"path": "x"}, "plain": {}})
    with check("Collector.experiment", "another process with the slug goes on in the same experiment"):
        same(new_collector().experiment("py-col-done é☃").id, experiment.id)

    with check("Experiment.run", "a block that raises: the error, with its traceback"):
        experiment = new_collector().experiment("py-col-error")
        try:
            with experiment.run(install_hooks=False):
                experiment.metric("loss", 0.5, 0)
                raise ValueError("boom é")
        except ValueError:
            pass
        kept = found(experiment)
        same((kept.status, kept.error_name), ("error", "ValueError"))
        detail = kept.error_detail
        holds(detail.startswith("Traceback") and "ValueError: boom é" in detail, f"the detail is {detail!r}")
        same(points(experiment), [("loss", 0, 0.5)])
    with check("Experiment.error", "a text"):
        collector = new_collector()
        experiment = collector.experiment("py-col-error-text")
        experiment.start(install_hooks=False)
        experiment.error("text é")
        holds(collector.flush().ok, "the flush says that it failed")
        kept = found(experiment)
        same((kept.status, kept.error_name, kept.error_detail), ("error", "Error", "text é"))

    with check("Experiment.start", "a run that lasts says that it is running"):
        experiment = new_collector().experiment("py-col-slow")
        experiment.start(install_hooks=False)
        deadline = time.monotonic() + 10
        while found(experiment).status != "running" and time.monotonic() < deadline:
            time.sleep(0.05)
        kept = found(experiment)
        same((kept.status, kept.started_at_ms is None), ("running", False))
    with check("Experiment.done", "and then that it is done"):
        experiment.metric("loss", 0.5, 0)
        experiment.done()
        experiment.flush_or_raise()
        same((found(experiment).status, points(experiment)), ("done", [("loss", 0, 0.5)]))
    with check("Experiment.start", "a process that ends without a word is done"):
        program = """
import os
from syvain_metrics_collector import Collector
collector = Collector(api_key=os.environ["SYVAIN_METRICS_API_KEY"], host=os.environ["SYVAIN_METRICS_HOST"])
experiment = collector.experiment("py-col-exit")
experiment.start()
experiment.metric("loss", 0.5, 0)
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=os.environ)
        experiment = reader.list_experiments(slug="py-col-exit").experiments[0]
        same((experiment.status, points(experiment)), ("done", [("loss", 0, 0.5)]))


def folders() -> None:
    top = reader.create_folder("py-col é").folder
    inner = reader.create_folder("mamba 2", parent_id=top.folder_id).folder

    with check("Collector.experiment", "in a folder by its path"):
        experiment = new_collector().experiment("py-col-path", folder_path=inner.path_name)
        same(found(experiment).folder, inner)
    with check("Collector.experiment", "in a folder by its id"):
        experiment = new_collector().experiment("py-col-id", folder_id=top.folder_id)
        same(found(experiment).folder, top)
    with check("Collector.experiment", "one in no folder moves into it"):
        same(found(new_collector().experiment("py-col-later")).folder, None)
        same(found(new_collector().experiment("py-col-later", folder_path=top.path_name)).folder, top)
    with check("Collector.experiment", "a path where nothing is, is an error before anything is made"):
        try:
            new_collector().experiment("py-col-nowhere", folder_path="/py-col é/nowhere")
            holds(False, "it was made")
        except MetricsCollectorError as error:
            holds("No metrics folder found" in str(error), f"another error: {error}")
        same(reader.list_experiments(slug="py-col-nowhere").experiments, [])


def delivery() -> None:
    with check("Collector.flush_or_raise", "says how much it delivered"):
        collector = new_collector(flush_delay_seconds=60)
        experiment = collector.experiment("py-col-flush")
        for step in range(1200):
            experiment.metric("loss", step, step)
        experiment.annotation("one")
        result = collector.flush_or_raise()
        same((result.delivered_metrics, result.delivered_annotations, result.ok), (1200, 1, True))
        same(len(points(experiment)), 1200)
    with check("Experiment.flush", "the same event again is another event: it has no id"):
        experiment.metric("loss", 0, 0)
        holds(experiment.flush().ok, "the flush says that it failed")
        same(len(points(experiment, step=0)), 2)
    with check("Experiment.flush_or_raise", "a revoked key costs nothing: it mints another"):
        for key in reader.list_ingestion_keys(experiment.id).keys:
            reader.revoke_ingestion_key(experiment.id, key.id)
        experiment.metric("loss", 1, 5000)
        experiment.flush_or_raise()
        same(len(points(experiment, step=5000)), 1)
    with check("Experiment.metric", "numbers to the last bit; what is not finite is left out"):
        experiment = new_collector(flush_delay_seconds=60).experiment("py-col-numbers")
        numbers = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1, 2**53]
        for step, value in enumerate(numbers):
            experiment.metric("é☃ name", value, step)
        for value in (float("nan"), float("inf")):
            experiment.metric("é☃ name", value, 99)
        experiment.flush_or_raise()
        same(points(experiment), [("é☃ name", step, value) for step, value in enumerate(numbers)])
    with check("Experiment.metric", "a time in seconds, and one in milliseconds"):
        experiment.metric("s", 1, 0, None, 1_700_000_000.5)
        experiment.metric("ms", 1, 0, None, T0 + 123)
        experiment.flush_or_raise()
        for name, at in (("s", T0 + 500), ("ms", T0 + 123)):
            same([row.client_timestamp_ms for row in reader.list_metrics(experiment.id, metric_name=name).rows], [at])

    with check("MetricsApiClient.list_metric_catalog", "the helpers of the collector for the catalog"):
        helper = run.recorded(
            MetricsApiClient(API_KEY, HOST, timeout=10, ingest_timeout=60, request=niquests.request),
            prefix="MetricsApiClient.",
        )
        experiment = new_collector().experiment("py-col-catalog")
        for step in range(4):
            experiment.metric("train/é", step, step, {"split": f"s{step % 2}", "n": step})
        experiment.flush_or_raise()
        (item,) = helper.list_metric_catalog(experiment.id, limit=5)
        same((item.metric_name, sorted(item.metadata_keys)), ("train/é", ["n", "split"]))
        values = helper.inspect_metric_catalog_values(experiment.id, "train/é", keys="split", limit=2)
        same((values.metric_name, values.scanned_event_count), ("train/é", 4))
        same([(key.key, sorted(key.values), key.value_count) for key in values.keys], [("split", ["s0", "s1"], 2)])


for group in (whole_runs, folders, delivery):
    run.group(group)
run.finish(("Collector.", Collector), ("Experiment.", Recording))
