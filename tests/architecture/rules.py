"""The rules of the code base, each a function from a source tree to the breaches in it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LAYERS = {"domain": 0, "application": 1, "settings": 2, "integration": 3, "api": 3, "main": 4, "cli": 5}
"""``settings`` lies below the adapters: a context's wiring reads its own class of it and nothing of the program."""
SHARED = {"kernel", "contracts"}
TECHNOLOGIES = {
    "mongo",
    "http",
    "connect",
    "scheduling",
    "simulators",
    "telemetry",
    "secret_files",
    "installation_secrets",
}
NO_CONTEXT = SHARED | TECHNOLOGIES
DRIVERS = {"motor", "pymongo", "bson", "gridfs"}
CONTEXT_NEUTRAL_API = {"operations"}

PROCESS_EDGES = {
    "application/kernel/services.py": "one service that fails to close must not keep the others open",
    "application/kernel/mediator.py": "one handler that fails must not keep a fact from the others",
    "application/kernel/behaviours.py": "surprises are logged and rise",
    "application/kernel/daemon_threads.py": "the edge of a thread: what a package raises must not end it",
    "application/access/local_admission.py": "whoever leaves must be noticed whatever happened before",
    "api/kernel/request_context.py": "the edge of HTTP",
    "api/kernel/builder.py": "one service that fails to stop must not keep the others running",
}
"""Where an exception of any kind may be caught. The folders below are edges as a whole: loops that must not end."""
EDGE_FOLDERS = ("integration/", "cli/", "main.py")


@dataclass(frozen=True)
class Module:
    path: str
    tree: ast.Module

    @property
    def parts(self) -> list[str]:
        return self.path.removesuffix(".py").split("/")

    def imports(self) -> list[tuple[int, list[str]]]:
        return _imports_of(self.tree)


_parsed = cache(ast.parse)
"""A planted breach is looked for in a copy of the same files."""


@cache
def _nodes_of(tree: ast.Module) -> list[ast.AST]:
    kinds = (ast.Import, ast.ImportFrom, ast.ExceptHandler)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@cache
def _imports_of(tree: ast.Module) -> list[tuple[int, list[str]]]:
    return list(_imports_in(tree))


def _imports_in(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    for node in _nodes_of(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name.split(".")
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield node.lineno, [*node.module.split("."), name.name]


def modules(source: Path) -> list[Module]:
    return [
        Module(path.relative_to(source).as_posix(), _parsed(path.read_text())) for path in sorted(source.rglob("*.py"))
    ]


def layer_breaches(source: Path) -> list[str]:
    """Layers point inwards; ``integration`` and ``api`` do not know each other."""
    found = []
    for module in modules(source):
        own = module.parts[0]
        for line, target in module.imports():
            if target[0] not in LAYERS or target[0] == own:
                continue
            if LAYERS[target[0]] >= LAYERS.get(own, 9):
                found.append(f"{module.path}:{line} imports {'.'.join(target)}")
    return found


def context_breaches(source: Path) -> list[str]:
    """Contexts meet only in ``kernel`` and ``application/contracts``."""
    found = []
    for module in modules(source):
        own = module.parts[1] if len(module.parts) > 2 else None
        if module.parts[0] not in ("domain", "application", "integration", "api") or own is None:
            continue
        for line, target in module.imports():
            if target[0] not in ("domain", "application", "integration", "api") or len(target) < 2:
                continue
            other = target[1]
            if other == own or other in NO_CONTEXT or own in CONTEXT_NEUTRAL_API:
                continue
            found.append(f"{module.path}:{line} imports {'.'.join(target)}")
    return [breach for breach in found if not breach.startswith("integration/simulators/")]


def driver_breaches(source: Path) -> list[str]:
    """Only ``integration/mongo`` knows the driver."""
    return [
        f"{module.path}:{line} imports {'.'.join(target)}"
        for module in modules(source)
        if not module.path.startswith("integration/mongo/")
        for line, target in module.imports()
        if target[0] in DRIVERS
    ]


def blanket_except_breaches(source: Path) -> list[str]:
    """Whatever may go wrong is caught only at the edges of the process."""
    return [
        f"{module.path}:{node.lineno} catches everything"
        for module in modules(source)
        if module.path not in PROCESS_EDGES and not module.path.startswith(EDGE_FOLDERS)
        for node in _nodes_of(module.tree)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node.type)
    ]


def _catches_everything(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(name, ast.Name) and name.id in ("Exception", "BaseException") for name in names)
