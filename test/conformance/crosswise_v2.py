"""One run that the collector 0.0.352 and our recorder record, and that all others read, with equal numbers.

`crosswise_v2.py collector` records what crosswise_v2.json says, as crosswise_v2.ts does; that, `crosswise_v2.py client`
and `crosswise_v2.py duckdb` read both.
"""

import json
import sys
from pathlib import Path

from support import API_KEY, HOST, Run, asked, same, same_json

reader = sys.argv[1]
names = {"collector": "collector 0.0.352", "client": "o41-metrics-api 0.2.2", "duckdb": "o41-metrics-duckdb 0.4.2"}
run = Run(names[reader])
check = run.check
written = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))


def in_order(points) -> list[list]:
    """As JSON has them, in one order."""
    rows = [[name, metadata, step, at, value] for name, metadata, step, at, value in points]
    return sorted(rows, key=lambda row: (row[0], json.dumps(row[1], sort_keys=True), row[2]))


fields = ("name", "metadata", "step", "timestampMs", "value")
points = in_order(tuple(point[field] for field in fields) for point in written["points"])
# The newest first, and before all the one that the collector writes of itself.
annotations = written["annotations"][::-1]
opened = {"annotation": "experiment opened", "meta": {}}
recorded = [
    ("what the collector recorded", written["slug"], [*annotations, opened]),
    ("what our recorder recorded", written["slug"] + "-ours", annotations),
]


def collector() -> None:
    from syvain_metrics_collector import Collector, Experiment

    folder = asked("folder.create", name=written["folder"], parentFolderId=None)["folderId"]
    recording = run.recorded(Collector(api_key=API_KEY, host=HOST), wrap=(Experiment,), prefix="Collector.")
    with check("Experiment.run", "for the others to read"):
        experiment = recording.experiment(
            written["slug"], written["description"], written["meta"], folder_id=folder
        )
        try:
            with experiment.run():
                for point in written["points"]:
                    metadata, at = point["metadata"], point["timestampMs"]
                    experiment.metric(point["name"], point["value"], point["step"], metadata, timestamp=at)
                for annotation in written["annotations"]:
                    meta = dict(annotation["meta"])
                    experiment.annotation(annotation["annotation"], meta, step=meta.pop("step", None))
                raise ValueError("boom é")
        except ValueError:
            pass
        experiment.flush_or_raise()


def client() -> None:
    from o41_metrics_api import Experiment, Metrics

    metrics = run.recorded(Metrics(API_KEY, host=HOST), wrap=(Experiment,), prefix="Metrics.")
    for what, slug, notes in recorded:
        experiment = metrics.experiment(slug)
        with check("Experiment.info", what):
            same(experiment.folder_path, f"/{written['folder']}")
            info = experiment.info()
            same((info.description, info.status), (written["description"], "error"))
            same_json(info.meta, written["meta"], "the meta")
            same_json({"message": info.error.message, "meta": info.error.meta}, written["error"], "the error")
        with check("Experiment.series", what):
            found = [
                (one.name, one.metadata, step, at, value)
                for one in experiment.series()
                for step, at, value in zip(one.steps, one.timestamps_ms, one.values, strict=True)
            ]
            same(in_order(found), points)
        with check("Experiment.annotations", what):
            same_json([{"annotation": note.text, "meta": note.meta} for note in experiment.annotations()], notes)


def duckdb() -> None:
    import duckdb
    import o41_metrics_duckdb

    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    o41_metrics_duckdb.load(connection)
    connection.execute(f"ATTACH '{HOST}' AS m (TYPE o41_metrics, API_KEY '{API_KEY}')")

    def rows(table: str, slug: str, columns: str, by: str = "experiment_slug") -> list[tuple]:
        with run.calling(table):
            return connection.execute(f"SELECT {columns} FROM m.{table} WHERE {by} = '{slug}'").fetchall()

    for what, slug, notes in recorded:
        with check("experiments", what):
            ((description, meta, status, message, error_meta),) = rows(
                "experiments", slug, "description, meta, status, error_message, error_meta", "slug"
            )
            same((description, status), (written["description"], "error"))
            same_json(json.loads(meta), written["meta"], "the meta")
            same_json({"message": message, "meta": json.loads(error_meta)}, written["error"], "the error")
        with check("series", what):
            found = rows("series", slug, 'metric_name, metadata, step, epoch_ms("timestamp"), value')
            same(in_order((name, json.loads(metadata), *rest) for name, metadata, *rest in found), points)
        with check("annotations", what):
            found = rows("annotations", slug, "annotation, meta")
            kept = sorted(([text, json.loads(meta)] for text, meta in found), key=lambda note: note[0])
            same_json(kept, sorted([note["annotation"], note["meta"]] for note in notes))


run.group({"collector": collector, "client": client, "duckdb": duckdb}[reader])
run.finish()
