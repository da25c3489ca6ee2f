"""A server ends though code of plugins does not."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from cli.server_file import servers_of
from tests.support.command_line import SOURCE, LabkeeperProcess, labkeeper
from tests.support.metric_package import write_metrics_package
from tests.support.mongo import LocalMongod

pytestmark = pytest.mark.timeout(300)
ALLOWED_SECONDS = 40
"""Requests may take ten of them; the rest is for a busy machine."""


def test_metrics_that_do_not_end_do_not_keep_the_server(tmp_path: Path, shared_mongod: LocalMongod) -> None:
    data_dir = tmp_path / "data"
    package = tmp_path / "package"
    package.mkdir()
    write_metrics_package(package)
    settings = {
        "LABKEEPER_MONGODB_URI": shared_mongod.uri,
        "LABKEEPER_MONGODB_DATABASE": "test_ending_with_plugins",
        "LABKEEPER_LABOPS_PLUGIN_SECONDS": "300",
        "PYTHONPATH": os.pathsep.join([str(SOURCE), str(package)]),
    }

    def ask(url: str, token: str) -> None:
        with suppress(httpx.HTTPError):  # the server ends
            httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=300, trust_env=False)

    try:
        with LabkeeperProcess(data_dir, "serve", "Labkeeper serves at", **settings) as process:
            (server,) = servers_of(data_dir)
            token = labkeeper(data_dir, "token", "--role", "user").stdout.strip()
            paths = [f"{server.url}/api/v1/metrics/custom/runaway-{kind}" for kind in ("sql", "python")]
            askers = [threading.Thread(target=ask, args=(path, token), daemon=True) for path in paths]
            for asker in askers:
                asker.start()
            time.sleep(2)
            assert all(asker.is_alive() for asker in askers)
            asked_at = time.monotonic()
            assert process.end(signal.SIGINT) == 0, process.output()
            assert time.monotonic() - asked_at < ALLOWED_SECONDS, process.output()
            assert "leaked" not in process.output(), "Python took apart what the code of plugins went on using"
    finally:
        with shared_mongod.client() as client:
            client.drop_database("test_ending_with_plugins")
