"""Answers of metrics, as the API's documentation shows them."""

from typing import Any

_AT = "2026-02-03T14:00:00Z"
_TAT = {"p50": 95.0, "p90": 214.5, "p99": 401.2}
_ERRORS = {"count": 4, "rate": 0.04, "rate_within": 0.2, "specimens": 20}
_OPEN = {
    "specimen_id": "UR000042",
    "assay": "PCR",
    "machine_id": "M2",
    "status": "IN_PROCESS",
    "received_at": "2026-02-03T08:12:00Z",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "tat": {
        **_TAT,
        "assay": None,
        "total_specimens": 318,
        "by_assay": [{"assay": "PCR", **_TAT, "total_specimens": 318}],
        "dropped": {"negative": 0, "missing": 2},
    },
    "throughput": {"data": [{"timestamp": _AT, "count": 46}], "grain": "hour", "today": 311, "total": 46},
    "errors": {
        "by_machine": [{"category": "machine_id", "value": "M2", **_ERRORS}],
        "by_error_code": [{"category": "error_code", "value": "E03", **_ERRORS, "rate_within": 0.57, "specimens": 7}],
        "by_assay": [{"category": "assay", "value": "PCR", **_ERRORS}],
        "by_machine_and_code": [{"machine_id": "M2", "error_code": "E03", "count": 4}],
        "total_errors": 7,
        "total_specimens": 100,
        "overall_error_rate": 0.07,
    },
    "sla": {
        "breach_count": 12,
        "total_completed": 318,
        "breach_rate": 0.0377,
        "sample_breaches": [
            {
                "specimen_id": "SP000123",
                "assay": "PCR",
                "machine_id": "M1",
                "turnaround_time_minutes": 312.5,
                "received_at": "2026-02-03T08:00:00Z",
                "processed_at": "2026-02-03T13:12:30Z",
            }
        ],
        "by_assay": [{"value": "PCR", "breach_count": 12, "total_completed": 318, "breach_rate": 0.0377}],
        "by_machine": [{"value": "M1", "breach_count": 12, "total_completed": 318, "breach_rate": 0.0377}],
        "limits": {"default_hours": 4.0, "by_assay": {"PCR": 5.0}},
        "open_breach_count": 1,
        "open_breaches": [{**_OPEN, "due_at": "2026-02-03T13:12:00Z"}],
    },
    "wip": {
        "total_open": 1,
        "by_status": [{"value": "IN_PROCESS", "count": 1}, {"value": "RECEIVED", "count": 0}],
        "by_assay": [{"value": "PCR", "count": 1}],
        "by_machine": [{"value": "M2", "count": 1}],
        "ageing": [{"from_hours": 0, "to_hours": 1, "count": 1}],
        "oldest": [{**_OPEN, "started_at": "2026-02-03T08:40:00Z"}],
    },
    "reception": {"count": 1200, "last_received_at": _AT},
    "tat_series": {"grain": "hour", "data": [{"timestamp": _AT, **_TAT, "total_specimens": 46}]},
    "throughput_series": {"grain": "hour", "data": [{"timestamp": _AT, "count": 46}]},
    "errors_series": {
        "grain": "hour",
        "data": [{"timestamp": _AT, "total_errors": 3, "total_specimens": 50, "error_rate": 0.06}],
    },
    "sla_series": {
        "grain": "hour",
        "limits": {"default_hours": 4.0, "by_assay": {"PCR": 6.0}},
        "data": [{"timestamp": _AT, "breach_count": 2, "total_completed": 46, "breach_rate": 0.0435}],
    },
    "wip_series": {
        "grain": "hour",
        "data": [{"timestamp": _AT, "received": 9, "in_process": 14, "total_open": 23}],
        "dropped": {"negative": 0, "missing": 7},
    },
}
