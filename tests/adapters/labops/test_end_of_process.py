"""What is printed when a process ends that has used the analytic table."""

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3] / "src"
PROGRAM = """
from pathlib import Path
from integration.garbage_collection import calm_the_collector
from integration.labops.table.engine import Engine

calm_the_collector()
engine = Engine(Path("."), 64, lambda: None, lambda: True)
engine.check_question("SELECT 1")
engine.close()
"""


def test_duckdb_has_nothing_to_complain_about_at_the_end(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
