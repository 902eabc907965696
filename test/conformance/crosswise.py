"""What one client writes and another reads.

`crosswise.py write` writes what crosswise.json says, `crosswise.py read` reads what crosswise.ts wrote of it.

Both releases run this. 0.0.349 takes only texts as metadata and ASCII as names, so that it has a part of the events.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

from support import API_KEY, HOST, Run, eventually, same, same_json
from syvain_metrics_api_client import SyvainMetricsApiClient

release = version("syvain-metrics-api-client")
of_last_release = release == "0.0.349"
run = Run(release)
check = run.check
client = run.recorded(SyvainMetricsApiClient.from_api_key(API_KEY, host=HOST))

written = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
by_last_release = [event for event in written["events"] if event["name"].isascii()]
events = by_last_release if of_last_release else written["events"]


def points(experiment, **options) -> list[tuple]:
    """The loss of an experiment, by step and time."""
    selection = {"experiment_id": experiment.id, "metric_name": "loss"}
    batches = client.query_metric_series([selection], order={"axis": "step", "direction": "asc"}, **options)
    found = [
        (step, at, value, batch.metadata)
        for batch in batches
        for step, at, value in zip(batch.data.steps, batch.data.timestamp, batch.data.value)
    ]
    return sorted(found, key=lambda point: point[:2])


def write() -> None:
    there = client.list_folders(path=f"/{written['folder']}").folders
    folder = there[0] if there else client.create_folder(written["folder"]).folder
    made = client.create_experiment(
        f"crosswise-python-{release}",
        description=written["description"],
        metadata=written["metadata"],
        folder_id=folder.folder_id,
    ).experiment
    with check("ingest_metrics", "for the others to read"):
        if of_last_release:
            client.ingest_metrics(made.id, events)
            eventually(lambda: len(points(made)), len(events))
        else:
            client.ingest_metrics(made.id, events, sync=True)
    with check("create_annotation", "for the others to read"):
        for annotation in written["annotations"]:
            client.create_annotation(made.id, annotation["annotation"], metadata=annotation["metadata"])
            time.sleep(0.005)  # So that it is plain which is the newest.
    with check("update_experiment_status", "for the others to read"):
        client.update_experiment_status(made.id, "running", timestamp_ms=1_700_000_000_000)
        client.update_experiment_status(made.id, "error", error=written["error"], timestamp_ms=1_700_000_004_000)


def read() -> None:
    (item,) = client.list_experiments(slug="crosswise-effect").experiments
    with check("get_experiment", "what ours wrote"):
        made = client.get_experiment(item.id).experiment
        same((made.slug, made.description), ("crosswise-effect", written["description"]))
        same_json(made.metadata, written["metadata"], "the metadata")
        same(made.folder.path_name, f"/{written['folder']}")
        same((made.status, made.error_name, made.error_detail), ("error", *written["error"].values()))
        same((made.started_at_ms, made.done_at_ms), (1_700_000_000_000, 1_700_000_004_000))
    with check("list_annotations", "what ours wrote"):
        listed = client.list_annotations(item.id).annotations
        kept = [{"annotation": one.annotation, "metadata": one.metadata} for one in listed]
        same_json(kept, written["annotations"][::-1], "the annotations")

    if of_last_release:
        for stream in (False, True):
            with check("query_metric_series", f"what ours wrote{', streamed' if stream else ''}"):
                fields = ("step", "timestamp_ms", "value", "metadata")
                same(points(item, stream=stream), [tuple(event[field] for field in fields) for event in events])
        with check("query_metrics_catalog", "what ours wrote"):
            names = [found.metric_name for found in client.query_metrics_catalog([item.id])]
            same(sorted(names), sorted({event["name"] for event in written["events"]}))
        return

    with check("list_ingestion_keys", "one key, for all that ours wrote"):
        same([key.name for key in client.list_ingestion_keys(item.id).keys], ["SDK ingestion key"])
    with check("list_metrics", "what ours wrote"):
        rows = client.list_metrics(item.id, include_experiment_meta_as_of=True).rows
        kept = [
            {
                "name": row.metric_name,
                "value": row.metric_value,
                "step": row.step,
                "metadata": json.loads(row.event_metadata_json),
                "timestamp_ms": row.client_timestamp_ms,
            }
            for row in rows
        ]
        same_json(kept, [{key: event[key] for key in kept[0]} for event in events], "the rows")
        same_json(json.loads(rows[0].experiment_metadata_json), written["metadata"], "the metadata")
    with check("ingest_metrics", "events that ours wrote are known by their ids"):
        client.ingest_metrics(item.id, events, sync=True)
        same(len(client.list_metrics(item.id).rows), len(events))
    with check("inspect_metric_catalog_values", "what ours wrote"):
        metadata = client.inspect_metric_catalog_values(item.id, events[-1]["name"], key="deep").metadata
        same([(key.key, key.values) for key in metadata.keys], [("deep", [events[-1]["metadata"]["deep"]])])


run.group({"write": write, "read": read}[sys.argv[1]])
run.finish()
