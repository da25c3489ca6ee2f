"""Computes turn-around, throughput, errors and promises of a Parquet file, ours or in pandas, in a process of its own.

``python -m tests.benchmarks.labops_metrics_process ours|pandas <file>`` prints seconds, peak memory in MiB, and figures
that must be the same on both sides, as JSON.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


async def _ours_async(path: Path, folder: Path) -> tuple[float, Figures]:
    from application.labops.metric_filter import MetricFilter
    from application.labops.metrics.get_metric import GetMetricQuery, GetMetricQueryHandler
    from application.labops.metrics.views import Grain
    from tests.benchmarks.labops_served_file import metrics_over

    with metrics_over(path, folder) as (metrics, registry):
        handler = GetMetricQueryHandler(metrics, registry)
        started = time.perf_counter()
        views: Figures = {}
        for name in ("tat", "throughput", "errors", "sla"):
            query = GetMetricQuery(name=name, wanted=MetricFilter(), grain=Grain.HOUR)
            answer = (await handler.handle_async(query)).data
            assert answer is not None
            views[name] = answer.view
        seconds = time.perf_counter() - started
    tat, throughput, errors, sla = views.values()
    return seconds, {
        "quantiles": [[one.assay, one.p50, one.p90, one.p99] for one in tat.by_assay],
        "all": [tat.p50, tat.p90, tat.p99],
        "hours": len(throughput.data),
        "completed": throughput.total,
        "errors": {group.value: group.count for group in [*errors.by_machine, *errors.by_error_code]},
        "breaches": {group.value: group.breach_count for group in [*sla.by_assay, *sla.by_machine]},
        "first": [breach.specimen_id for breach in sla.sample_breaches],
        "open": sla.open_breach_count,
    }


def _pandas(path: Path) -> tuple[float, Figures]:
    import pandas

    started = time.perf_counter()
    columns = ["specimen_id", "assay", "machine_id", "status", "error_code", "received_at", "processed_at"]
    frame = pandas.read_parquet(path, columns=columns)
    done = frame[frame.status == "COMPLETED"]
    minutes = (done.processed_at - done.received_at).dt.total_seconds() / 60
    done = done.assign(minutes=minutes)[minutes >= 0]
    quantiles = done.groupby("assay").minutes.quantile([0.5, 0.9, 0.99]).unstack()
    every = done.minutes.quantile([0.5, 0.9, 0.99])

    per_hour = done.groupby(done.processed_at.dt.floor("h")).size()
    now = pandas.Timestamp.now()
    today = int((done.processed_at >= now.normalize()).sum())

    failed = frame[frame.status == "ERROR"]
    by_machine, by_code = failed.groupby("machine_id").size(), failed.groupby("error_code").size()
    by_assay, cells = failed.groupby("assay").size(), failed.groupby(["machine_id", "error_code"]).size()
    sizes = [frame.groupby(column).size() for column in ("machine_id", "assay")]

    breaches = done[done.minutes > 240]
    first = breaches.sort_values(["received_at", "specimen_id"]).specimen_id[:20]
    late_by_assay, late_by_machine = breaches.groupby("assay").size(), breaches.groupby("machine_id").size()
    totals = [done.groupby(column).size() for column in ("assay", "machine_id")]
    waiting = frame[frame.status.isin(["RECEIVED", "IN_PROCESS"])]
    late = waiting[waiting.received_at < now - pandas.Timedelta(hours=4)]
    oldest = late.sort_values(["received_at", "specimen_id"])[:20]
    seconds = time.perf_counter() - started
    assert (today, len(cells), len(by_assay), len(sizes), len(totals), len(oldest)) == (0, 25, 3, 2, 2, 20)
    return seconds, {
        "quantiles": [[assay, *(float(value) for value in row)] for assay, row in quantiles.iterrows()],
        "all": [float(value) for value in every],
        "hours": len(per_hour),
        "completed": int(per_hour.sum()),
        "errors": {**by_machine.to_dict(), **by_code.to_dict()},
        "breaches": {**late_by_assay.to_dict(), **late_by_machine.to_dict()},
        "first": list(first),
        "open": len(late),
    }


def main() -> None:
    side, path = sys.argv[1], Path(sys.argv[2])
    if side == "ours":
        with tempfile.TemporaryDirectory(prefix="labkeeper-bench-") as folder:
            seconds, figures = asyncio.run(_ours_async(path, Path(folder)))
    else:
        seconds, figures = _pandas(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak, "figures": figures}))


if __name__ == "__main__":
    main()
