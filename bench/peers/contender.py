"""A contender in Python: does what each line of its input says, and answers with what that took.

The other end is support/python.ts.
"""

import json
import resource
import sys
import time

HOST = sys.argv[1]


def contend(tasks):
    for line in sys.stdin:
        order = json.loads(line)
        before = resource.getrusage(resource.RUSAGE_SELF)
        started = time.perf_counter()
        figures = tasks[order["task"]](order["count"], order["concurrency"]) or {}
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_SELF)
        took = {
            "seconds": seconds,
            "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "figures": {**figures, "peak": after.ru_maxrss / 1024},
        }
        print(json.dumps(took), flush=True)
