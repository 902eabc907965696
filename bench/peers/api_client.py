"""The service's own API client, used as its documentation shows: one call after the other."""

from contender import HOST, contend
from syvain_metrics_api_client import SyvainMetricsApiClient

# What support/events.ts and support/experiment.ts make.
ID = "7f3a1c52-9a5e-4f0e-8a8c-0d4f9a1b2c3d"
START = 1_767_225_600_000
BATCH = 1000

client = SyvainMetricsApiClient.from_api_key("ak_org_1", host=HOST)


def plain(step):
    return {"client_event_id": f"loss/{step}", "name": "loss", "value": 1 / (step + 1), "step": step}


def full(step):
    return {**plain(step), "timestamp_ms": START + step // 10, "metadata": {"split": "train"}}


def ingest(event):
    def task(count, _concurrency):
        for first in range(0, count, BATCH):
            client.ingest_metrics("e", [event(step) for step in range(first, min(first + BATCH, count))])

    return task


def repeat(call):
    def task(count, _concurrency):
        for _ in range(count):
            call()

    return task


contend(
    {
        "get": repeat(lambda: client.get_experiment(ID)),
        "post": repeat(
            lambda: client.create_experiment("resnet-50", metadata={"learningRate": 0.1, "optimizer": "adam"})
        ),
        "ingest plain": ingest(plain),
        "ingest full": ingest(full),
    }
)
