"""The rules hold, and each of them notices a breach that is planted in a copy."""

import importlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from application.kernel.handlers import modules_of, register_handlers
from application.kernel.services import LabkeeperServiceCollection
from tests.architecture.rules import (
    blanket_except_breaches,
    context_breaches,
    driver_breaches,
    layer_breaches,
)

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
Rule = Callable[[Path], list[str]]

RULES: list[tuple[Rule, str, str]] = [
    (layer_breaches, "domain/labs/planted.py", "from application.kernel.refusals import missing"),
    (layer_breaches, "application/labs/planted.py", "import integration.mongo.driver"),
    (layer_breaches, "api/labs/planted.py", "from integration.mongo.driver import MongoDriver"),
    (layer_breaches, "integration/labs/planted.py", "def f():\n    from api.kernel.problems import printable"),
    (context_breaches, "application/records/planted.py", "from domain.labs.values import LabId"),
    (context_breaches, "application/records/planted.py", "from domain import labs"),
    (driver_breaches, "application/labs/planted.py", "from bson import ObjectId"),
    (driver_breaches, "integration/labs/planted.py", "import pymongo.errors"),
    (blanket_except_breaches, "application/labs/planted.py", "try:\n    pass\nexcept (OSError, Exception):\n    pass"),
    (blanket_except_breaches, "api/labs/planted.py", "try:\n    pass\nexcept:\n    pass"),
]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in RULES}, key=lambda rule: rule.__name__))
def test_the_rule_holds(rule: Rule) -> None:
    assert rule(SOURCE) == []


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("copy") / "src"
    shutil.copytree(SOURCE, made, ignore=shutil.ignore_patterns("__pycache__"))
    return made


@pytest.mark.parametrize(("rule", "path", "text"), RULES)
def test_a_planted_breach_is_noticed(rule: Rule, path: str, text: str, copy: Path) -> None:
    before = rule(copy)
    (copy / path).parent.mkdir(parents=True, exist_ok=True)
    (copy / path).write_text(text + "\n")
    try:
        planted = [breach for breach in rule(copy) if breach not in before]
    finally:
        (copy / path).unlink()
    assert planted
    assert all(breach.startswith(path) for breach in planted)


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    return subprocess.run(
        [*command, "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_hold_and_notice_a_planted_breach(tmp_path: Path) -> None:
    shutil.copytree(SOURCE, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    held = lint_imports(tmp_path)
    assert held.returncode == 0, held.stdout + held.stderr
    (tmp_path / "src" / "domain" / "planted.py").write_text("import application.kernel.refusals\n")
    broken = lint_imports(tmp_path)
    assert broken.returncode == 1
    assert "domain.planted" in broken.stdout


def contexts() -> list[str]:
    folders = [path for path in (SOURCE / "application").iterdir() if (path / "__init__.py").exists()]
    return sorted(path.name for path in folders)


@pytest.mark.parametrize("context", contexts())
def test_every_command_and_query_of_a_context_has_exactly_one_handler(context: str) -> None:
    register_handlers(LabkeeperServiceCollection(), f"application.{context}")


@pytest.mark.parametrize("layer", ["domain", "application", "integration", "api"])
def test_every_module_of_a_layer_imports_cleanly(layer: str) -> None:
    assert [module.__name__ for module in modules_of(importlib.import_module(layer))]
