"""The command imports what tensorboardX wrote, in both encodings of a scalar, while it writes and when it is done.

`write DIR` writes the files alone.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tensorboardX import SummaryWriter
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

T0 = 1_700_000_000.25
# The types of tensor.proto.
FLOAT, DOUBLE, INT32, INT64 = 1, 2, 3, 9


def tensor_value(tag: str, **tensor) -> Summary:
    """As tf.summary.scalar and torch write one."""
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    proto = TensorProto(tensor_shape=TensorShapeProto(), **tensor)
    return Summary(value=[Summary.Value(tag=tag, tensor=proto, metadata=metadata)])


def write(folder: str, steps: int = 20) -> None:
    with SummaryWriter(f"{folder}/train") as writer:
        for step in range(steps):
            writer.add_scalar("loss", 1 / (step + 1), step, walltime=T0 + step)
        writer.add_scalar("nothing", float("nan"), 0, walltime=T0)
        writer.add_histogram("weights", [1.0, 2.0, 3.0], 0, walltime=T0)
        writer.add_text("note", "no scalar", 0, walltime=T0)
    with SummaryWriter(f"{folder}/eval/tensors") as writer:
        files = writer._get_file_writer()
        for step, summary in enumerate(
            [
                tensor_value("acc", dtype=FLOAT, float_val=[0.5]),
                tensor_value("acc", dtype=FLOAT, tensor_content=b"\x00\x00\x00\x3f"),
                tensor_value("acc", dtype=DOUBLE, double_val=[0.5]),
                tensor_value("acc", dtype=DOUBLE, tensor_content=b"\x00\x00\x00\x00\x00\x00\xe0\x3f"),
                tensor_value("acc", dtype=INT32, int_val=[-3]),
                tensor_value("acc", dtype=INT64, int64_val=[1 << 40]),
                tensor_value("acc", dtype=INT64, tensor_content=(7).to_bytes(8, "little")),
            ]
        ):
            files.add_summary(summary, step, walltime=T0)


def float32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def losses(steps: int) -> list[tuple]:
    return [("loss", {}, step, round((T0 + step) * 1000), float32(1 / (step + 1))) for step in range(steps)]


ACC = [
    ("acc", {}, step, round(T0 * 1000), value)
    for step, value in enumerate([0.5, 0.5, 0.5, 0.5, -3, 1 << 40, 7])
]


def main() -> None:
    from support import Run, points_of, same

    run = Run("the command")
    check = run.check
    command = json.loads(os.environ["SYVAIN_COMMAND"])

    def imported(folder: str, *args: str):
        with run.calling("import"):
            ran = subprocess.run([*command, "import", folder, "--json", *args], capture_output=True, text=True)
        same(ran.returncode, 0, f"the exit code ({ran.stderr})")
        return json.loads(ran.stdout)

    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        with check("import", "takes scalars of both encodings, and no other values"):
            answer = imported(folder, "--prefix", "tb/")
            same([one["slug"] for one in answer["runs"]], ["tb/eval/tensors", "tb/train"], "the runs")
            tensors, train = [one["experimentId"] for one in answer["runs"]]
            same(points_of(train), losses(20), "the simple values")
            same(points_of(tensors), ACC, "the tensors")
            same(answer["leftOut"], 1, "what was left out")
        with check("import", "stores nothing twice"):
            imported(folder, "--prefix", "tb/")
            same(points_of(train), losses(20), "the simple values")
            same(points_of(tensors), ACC, "the tensors")

    with tempfile.TemporaryDirectory() as folder:
        with check("import", "takes what is there of a run that is being written, and the rest later"):
            with SummaryWriter(f"{folder}/live") as writer:
                for step in range(5):
                    writer.add_scalar("loss", 1 / (step + 1), step, walltime=T0 + step)
            (file,) = Path(folder, "live").iterdir()
            whole = file.read_bytes()
            # In the middle of the last record.
            file.write_bytes(whole[:-7])
            (first,) = imported(folder)["runs"]
            same(points_of(first["experimentId"]), losses(4), "what is there")
            file.write_bytes(whole)
            imported(folder)
            same(points_of(first["experimentId"]), losses(5), "the rest")
    run.finish()


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(sys.argv[2], steps=5)
    else:
        main()
