"""No module needs itself: what imports what is a tree that can be read from one end."""

from collections.abc import Container
from pathlib import Path

import pytest

from tests.architecture.rules import modules

SOURCE = Path(__file__).parents[2] / "src"


def circles(source: Path) -> list[list[str]]:
    """Return the modules that import each other, be it over others or for types only, each circle in order of name."""
    names = {".".join(module.parts).removesuffix(".__init__"): module for module in modules(source)}
    edges = {
        name: {known for _, target in module.imports() if (known := _module_of(target, names))}
        for name, module in names.items()
    }
    while leaves := {name for name, targets in edges.items() if not targets & edges.keys()}:
        edges = {name: targets for name, targets in edges.items() if name not in leaves}
    return [sorted(_reachable(name, edges)) for name in sorted(edges) if name in _reachable(name, edges)]


def _module_of(target: list[str], names: Container[str]) -> str | None:
    """Return the module that is imported, or of which a name is; None when it is not one of ours."""
    return next((name for name in (".".join(target), ".".join(target[:-1])) if name in names), None)


def _reachable(name: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = {target for target in edges.get(ahead.pop(), set()) if target not in found}
        found |= new
        ahead += new
    return {one for one in found if one in edges}


def test_no_modules_import_each_other() -> None:
    assert circles(SOURCE) == []


@pytest.mark.parametrize("importing", ["from domain.labs.second import b", "import domain.labs.second"])
def test_a_planted_circle_is_noticed(importing: str, tmp_path: Path) -> None:
    folder = tmp_path / "domain" / "labs"
    folder.mkdir(parents=True)
    (folder / "first.py").write_text(f"def f():\n    {importing}\n")
    (folder / "second.py").write_text("from domain.labs.third import c\n")
    (folder / "third.py").write_text("from domain.labs import first\n")
    (folder / "reader.py").write_text("import domain.labs.first\n")
    found = circles(tmp_path)
    assert found
    assert all({"domain.labs.first", "domain.labs.second", "domain.labs.third"} <= {*circle} for circle in found)
