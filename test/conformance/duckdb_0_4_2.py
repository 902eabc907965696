"""DuckDB with its extension 0.4.2 has the server as a database: reads every table of it, with and without its cache."""

import json
import tempfile

import duckdb
import o41_metrics_duckdb
from support import API_KEY, HOST, Run, about_now, holds, raw, same, same_json

run = Run("o41-metrics-duckdb 0.4.2")
check = run.check

T0 = 1_700_000_000_000


def connect():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    o41_metrics_duckdb.load(connection)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def attached(cache: str | None = None):
    connection = connect()
    options = f"TYPE o41_metrics, API_KEY '{API_KEY}'" + ("" if cache is None else f", CACHE_DIR '{cache}'")
    connection.execute(f"ATTACH '{HOST}' AS m ({options})")
    return connection


def rows(connection, name: str, sql: str) -> list[tuple]:
    with run.calling(name):
        return connection.execute(sql).fetchall()


def send(path: str, token: str, *events: tuple) -> list[dict]:
    body = [
        {"messageId": f"m{index}" if len(event) == 2 else event[2], "event": f"syvain.v2.{event[0]}", "data": event[1]}
        for index, event in enumerate(events)
    ]
    replies = raw("POST", path, body, base="/api/v2", token=token).body
    for reply in replies:
        holds(reply["event"] != "syvain.v2.error", f"a reply is {reply}")
    return [reply["data"] for reply in replies]


def opened(slug: str, **rest) -> tuple:
    """An experiment, and how to send events of it."""
    (data,) = send("/events", API_KEY, ("experiment.open", {"slug": slug, "description": "", "meta": {}, **rest}))
    experiment, token = data["experimentId"], data["experimentToken"]

    def tell(*events: tuple) -> None:
        of_it = [(f"experiment.{name}", {"experimentId": experiment, **data}, *rest) for name, data, *rest in events]
        send(f"/experiments/{experiment}/events", token, *of_it)

    return experiment, tell


def metric(step: int, value: float, name: str = "loss", **metadata: str) -> tuple:
    data = {"timestampMs": T0 + step, "step": step, "metricName": name, "metricValue": value, "meta": metadata}
    return ("metric", data, f"{name}/{step}/{json.dumps(metadata)}")


(outer,) = send("/events", API_KEY, ("folder.create", {"name": "duck é", "parentFolderId": None}))
(inner,) = send("/events", API_KEY, ("folder.create", {"name": "in", "parentFolderId": outer["folderId"]}))
first, tell_first = opened("duck-1 é", description="d é", meta={"lr": 0.1, "l": [1, None]})
second, tell_second = opened("duck-2")
move = {"experimentId": first, "fromFolderId": None, "toFolderId": inner["folderId"]}
send("/events", API_KEY, ("folderexperiment.move", move))
tell_first(
    ("start", {}),
    *[metric(step, 1 / (step + 1), split="train") for step in range(900)],
    *[metric(step, step / 4, split="val", rank="0") for step in range(4)],
    metric(0, 5e-324, "tiny"),
    ("annotate", {"annotation": "one", "meta": {}}),
    ("annotate", {"annotation": "two é", "meta": {"step": 2}}),
    ("error", {"error": "boom é", "meta": {"error_type": "ValueError"}}),
)
tell_second(metric(0, -1.0, split="train"), ("done", {}))


def tables(connection, cached: str) -> None:
    def ask(table: str, what: str, sql: str):
        name = f"{table}{cached}"
        with check(name, what):
            return rows(connection, name, sql)

    with check(f"folders{cached}", "all, with their paths"):
        found = rows(connection, f"folders{cached}", "SELECT path, name, folder_id, parent_id FROM m.folders ORDER BY path")
        of_these = [row for row in found if row[0].startswith("/duck")]
        top, deep = outer["folderId"], inner["folderId"]
        same(of_these, [("/duck é", "duck é", top, None), ("/duck é/in", "in", deep, top)])
    with check(f"experiments{cached}", "a record"):
        sql = """SELECT id, folder_id, status, description, meta, error_message, error_meta, epoch_ms(created_at),
            epoch_ms(started_at), epoch_ms(done_at), epoch_ms(last_event_at)
            FROM m.experiments WHERE slug = 'duck-1 é'"""
        ((*record, created, started, done, last),) = rows(connection, f"experiments{cached}", sql)
        meta, error_meta = json.loads(record[4]), json.loads(record[6])
        same((record[0], record[1], record[2], record[3]), (first, inner["folderId"], "error", "d é"))
        same_json(meta, {"lr": 0.1, "l": [1, None]})
        same((record[5], error_meta), ("boom é", {"error_type": "ValueError"}))
        for time in (created, started, done, last):
            about_now(time, "a time of it")
    with check(f"experiments{cached}", "by their status"):
        sql = "SELECT slug FROM m.experiments WHERE status = 'done' AND slug LIKE 'duck%'"
        same(rows(connection, f"experiments{cached}", sql), [("duck-2",)])
    with check(f"catalog{cached}", "names with keys and values"):
        sql = "SELECT metric_name, metadata FROM m.catalog WHERE experiment_slug = 'duck-1 é' ORDER BY metric_name"
        found = [(name, json.loads(metadata)) for name, metadata in rows(connection, f"catalog{cached}", sql)]
        same(found, [("loss", {"rank": ["0"], "split": ["train", "val"]}), ("tiny", {})])
    with check(f"annotations{cached}", "with meta"):
        sql = f"SELECT annotation, meta, epoch_ms(created_at) FROM m.annotations WHERE experiment_id = '{first}'"
        found = {text: json.loads(meta) for text, meta, _ in rows(connection, f"annotations{cached}", sql)}
        same(found, {"one": {}, "two é": {"step": 2}})
    with check(f"series{cached}", "points to the last bit"):
        sql = f"""SELECT step, epoch_ms("timestamp"), value FROM m.series WHERE experiment_id = '{first}'
            AND metric_name = 'loss' AND metadata->>'split' = 'train' ORDER BY step"""
        expected = [(step, T0 + step, 1 / (step + 1)) for step in range(900)]
        same(rows(connection, f"series{cached}", sql), expected)
        sql = f"SELECT value FROM m.series WHERE experiment_id = '{first}' AND metric_name = 'tiny'"
        same(rows(connection, f"series{cached}", sql), [(5e-324,)])
    with check(f"series{cached}", "aggregates in SQL"):
        sql = f"""SELECT metadata->>'split', count(*), min(value), max(value), max_by(value, step), avg(step)
            FROM m.series WHERE experiment_id = '{first}' AND metric_name = 'loss' GROUP BY 1 ORDER BY 1"""
        expected = [("train", 900, 1 / 900, 1.0, 1 / 900, 449.5), ("val", 4, 0.0, 0.75, 0.75, 1.5)]
        same(rows(connection, f"series{cached}", sql), expected)
    with check(f"series{cached}", "joined with the records over a folder"):
        sql = f"""SELECT e.slug, count(*) FROM m.series s JOIN m.experiments e ON e.id = s.experiment_id
            WHERE s.folder_id = '{inner["folderId"]}' AND e.folder_id = '{inner["folderId"]}'
            AND s.metric_name = 'loss' GROUP BY 1"""
        same(rows(connection, f"series{cached}", sql), [("duck-1 é", 904)])


def without_cache() -> None:
    connection = attached()
    tables(connection, "")
    with check("series", "what came since is there"):
        count = f"SELECT count(*) FROM m.series WHERE experiment_id = '{second}'"
        same(rows(connection, "series", count), [(1,)])
        tell_second(metric(1, -2.0, split="train"))
        same(rows(connection, "series", count), [(2,)])
    with check("ATTACH", "a wrong key is an error"):
        wrong = connect()
        try:
            with run.calling("ATTACH"):
                wrong.execute(f"ATTACH '{HOST}' AS m (TYPE o41_metrics, API_KEY 'ak_wrong')")
                wrong.execute("SELECT * FROM m.folders").fetchall()
            holds(False, "it was taken")
        except duckdb.Error as error:
            holds("401" in str(error) or "bearer" in str(error).lower(), f"another error: {error}")


def with_cache() -> None:
    with tempfile.TemporaryDirectory() as cache:
        connection = attached(cache)
        tables(connection, ", cached")
        count = f"SELECT count(*) FROM m.series WHERE experiment_id = '{second}'"
        notes = f"SELECT annotation FROM m.annotations WHERE experiment_id = '{second}'"
        status = f"SELECT status FROM m.experiments WHERE id = '{second}'"
        before = rows(connection, "series, cached", count)
        with check("o41_metrics_revalidate", "reads again what has another revision"):
            same(rows(connection, "annotations, cached", notes), [])
            tell_second(metric(2, -3.0, split="train"), ("annotate", {"annotation": "new", "meta": {}}), ("start", {}))
            same(rows(connection, "series, cached", count), before)
            rows(connection, "o41_metrics_revalidate", "CALL o41_metrics_revalidate('m')")
            same(rows(connection, "series, cached", count), [(before[0][0] + 1,)])
            same(rows(connection, "annotations, cached", notes), [("new",)])
            same(rows(connection, "experiments, cached", status), [("running",)])
        with check("o41_refresh", "reads again"):
            tell_second(metric(3, -4.0, split="train"))
            rows(connection, "o41_refresh", "CALL o41_refresh('m')")
            same(rows(connection, "series, cached", count), [(before[0][0] + 2,)])
        with check("ATTACH", "another attachment of the cache sees what came since"):
            connection.close()
            tell_second(metric(4, -5.0, split="train"), ("done", {}))
            again = attached(cache)
            same(rows(again, "series, cached", count), [(before[0][0] + 3,)])
            same(rows(again, "experiments, cached", status), [("done",)])
            tables(again, ", cached")


for group in (without_cache, with_cache):
    run.group(group)
run.finish()
