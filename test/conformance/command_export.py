"""DuckDB reads the Parquet that the command exports, with the numbers of the CSV that it took in."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import duckdb
from support import Run, same

run = Run("the command")
command = json.loads(os.environ["SYVAIN_COMMAND"])
ROWS = 2500

with tempfile.TemporaryDirectory() as folder:
    csv, parquet = Path(folder, "in.csv"), Path(folder, "out.parquet")

    def ran(*args: str) -> None:
        with run.calling(args[0]):
            done = subprocess.run([*command, *args], capture_output=True, text=True)
        same(done.returncode, 0, f"the exit code ({done.stderr})")

    with run.check("export", "writes Parquet with all that ingest took"):
        lines = [f"loss,{step},{step / 3},{1_700_000_000_000 + step},val" for step in range(ROWS)]
        csv.write_text("\n".join(["name,step,value,timestamp,split", *lines, ""]))
        ran("ingest", "exported", str(csv))
        ran("export", "exported", "--output", str(parquet))
        read = f"SELECT name, step, value, epoch_ms(timestamp), metadata FROM '{parquet}' ORDER BY step"
        expected = [
            ("loss", step, step / 3, 1_700_000_000_000 + step, '{"split":"val"}') for step in range(ROWS)
        ]
        same(duckdb.sql(read).fetchall(), expected, "the rows")
        types = [str(kind) for kind in duckdb.sql(read).types]
        same(types, ["VARCHAR", "BIGINT", "DOUBLE", "BIGINT", "VARCHAR"], "the types")

run.finish()
