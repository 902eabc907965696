"""One run that the collector 0.0.352 records, the same by our client and our recorder, and all others read all, equal.

`crosswise_v2.py collector` records what crosswise_v2.json says, as `crosswise_v2.ts write` does; `crosswise_v2.py
client` and `crosswise_v2.py duckdb` read them.
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
# The newest first.
annotations = written["annotations"][::-1]
# Each with its writer, and the annotations that it makes of itself, before all others.
runs = (
    (written["slug"], "what the collector recorded", [{"annotation": "experiment opened", "meta": {}}]),
    (f"{written['slug']}-ours", "what our client wrote", []),
    (f"{written['slug']}-recorded", "what our recorder recorded", []),
)


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
    for slug, what, more in runs:
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
            found = [{"annotation": note.text, "meta": note.meta} for note in experiment.annotations()]
            same_json(found, [*annotations, *more])


def duckdb() -> None:
    import duckdb
    import o41_metrics_duckdb

    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    o41_metrics_duckdb.load(connection)
    connection.execute(f"ATTACH '{HOST}' AS m (TYPE o41_metrics, API_KEY '{API_KEY}')")

    def rows(table: str, columns: str, slug: str, by: str = "experiment_slug") -> list[tuple]:
        with run.calling(table):
            return connection.execute(f"SELECT {columns} FROM m.{table} WHERE {by} = '{slug}'").fetchall()

    for slug, what, more in runs:
        with check("experiments", what):
            ((description, meta, status, message, error_meta),) = rows(
                "experiments", "description, meta, status, error_message, error_meta", slug, "slug"
            )
            same((description, status), (written["description"], "error"))
            same_json(json.loads(meta), written["meta"], "the meta")
            same_json({"message": message, "meta": json.loads(error_meta)}, written["error"], "the error")
        with check("series", what):
            found = rows("series", 'metric_name, metadata, step, epoch_ms("timestamp"), value', slug)
            same(in_order((name, json.loads(metadata), *rest) for name, metadata, *rest in found), points)
        with check("annotations", what):
            found = rows("annotations", "annotation, meta", slug)
            kept = sorted(([text, json.loads(meta)] for text, meta in found), key=lambda note: note[0])
            same_json(kept, sorted([note["annotation"], note["meta"]] for note in [*annotations, *more]))


run.group({"collector": collector, "client": client, "duckdb": duckdb}[reader])
run.finish()
