"""The service's own collector: events recorded by one loop, and all of them delivered."""

from contender import HOST, contend
from syvain_metrics_collector import Collector

collector = Collector(api_key="ak_org_1", host=HOST)
experiment = collector.experiment("bench")
steps = iter(range(1, 1 << 53))


def deliver(count, _concurrency):
    for _ in range(count):
        step = next(steps)
        experiment.metric("loss", 1 / step, step, {"split": "train"})
    collector.flush_or_raise()


contend({"deliver": deliver})
