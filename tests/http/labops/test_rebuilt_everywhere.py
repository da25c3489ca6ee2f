"""A rebuild of the specimen table, of which each process has its own, asked of one application and done by all."""

import uuid
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from application.operations import rebuild_read_model
from integration.labops.table import rebuild_orders
from tests.http.labops.test_metrics import READINGS, put
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, eventually, served

MODELS = f"{API}/read-models"


def table_of(app: Served) -> dict[str, Any]:
    with app.client() as http:
        (found,) = [one for one in http.get(MODELS).json()["items"] if one["name"] == "specimen_table"]
    return dict(found)


def ended(http: httpx.Client, location: str) -> dict[str, Any] | None:
    run: dict[str, Any] = http.get(location).json()
    return run if run["outcome"] != "running" else None


def rebuilt_at(app: Served) -> Any:
    return table_of(app)["rebuilt_at"]


def test_a_rebuild_that_one_application_is_asked_for_is_done_by_all(
    shared_mongod: LocalMongod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild_orders, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(rebuild_read_model, "COMMITS_PER_PART", 1)
    database = f"test_{uuid.uuid4().hex}"
    with (
        served(shared_mongod, tmp_path / "one", database=database) as one,
        served(shared_mongod, tmp_path / "two", database=database) as two,
    ):
        with one.client() as http:
            put(one, http, READINGS)
            known = table_of(two)
            assert (known["of_each_process"], known["rebuilt_at"]) == (True, None)
            started = http.post(f"{MODELS}/specimen_table/rebuild")
            assert (started.status_code, started.json()["parts_total"]) == (202, known["head"])
            run = eventually(partial(ended, http, started.headers["location"]), "the run is over")
            assert (run["outcome"], run["parts_done"], run["parts_total"]) == ("succeeded", 1, 1), "it read all at once"
        for app in (one, two):
            eventually(partial(rebuilt_at, app), "the table is rebuilt")
            assert table_of(app)["documents"] == len(READINGS)
