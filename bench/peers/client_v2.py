"""The service's own client of API v2, used as its documentation shows: one request after the other."""

from contender import HOST, contend
from o41_metrics_api import MetricPoint, Metrics

# What support/events.ts makes.
METADATA = {"split": "train"}

client = Metrics("ak_org_1", host=HOST)


def metrics(count, _concurrency):
    with client.open_experiment("run") as run:
        run.metrics(MetricPoint("loss", 1 / (step + 1), step, METADATA) for step in range(count))


contend({"metrics": metrics})
