"""The service's own collectors, the last of v1 and one of v2: events recorded by one loop, and all of them delivered."""

import time

from contender import HOST, contend
from syvain_metrics_collector import Collector

collector = Collector(api_key="ak_org_1", host=HOST)
experiment = collector.experiment("bench")
steps = iter(range(1, 1 << 53))


def record():
    step = next(steps)
    experiment.metric("loss", 1 / step, step=step, metadata={"split": "train"})


def deliver(count, _concurrency):
    for _ in range(count):
        record()
    experiment.flush_or_raise()


def latency(count, _concurrency):
    times = []
    for _ in range(count):
        started = time.perf_counter_ns()
        record()
        times.append((time.perf_counter_ns() - started) / 1000)
    experiment.flush_or_raise()
    times.sort()
    return {"p50": times[count // 2], "p99": times[count * 99 // 100]}


contend({"deliver": deliver, "latency": latency})
