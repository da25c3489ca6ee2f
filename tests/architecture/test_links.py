"""Links between the documents lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "notes").rglob("*.md")])
_CODE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_PATH = re.compile(r"`(?:src/)?((?:[\w.-]+/)*[\w-]+\.(?:py|md|js|css|html|toml|yaml))`")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Return the names that headings of a document have as targets of links."""
    titles = _HEADING.findall(_CODE.sub("", document.read_text()))
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    dead = []
    for link in _LINK.findall(_CODE.sub("", document.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


NOT_OURS = {"scripts/gen_synthetic_data.py", "receiver.py"}
"""Named as files of the starter kit, and of the reader."""


@pytest.fixture(scope="module")
def files() -> list[str]:
    folders = (ROOT / name for name in ("src", "tests", "notes"))
    inside = [path.relative_to(ROOT).as_posix() for folder in folders for path in folder.rglob("*.*")]
    return [f"/{name}" for name in inside] + [f"/{path.name}" for path in ROOT.glob("*.*")]


def paths_that_are_not(text: str, files: list[str]) -> list[str]:
    """Return the paths of files, whole or from any folder on, that a text names and that are none of these files."""
    named = set(_PATH.findall(text)) - NOT_OURS
    return sorted(name for name in named if not any(file.endswith(f"/{name}") for file in files))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_are_there(document: Path, files: list[str]) -> None:
    assert paths_that_are_not(_CODE.sub("", document.read_text()), files) == []


def test_a_file_that_is_not_there_is_noticed(files: list[str]) -> None:
    text = "`domain/labs/lab_record.py`, `labs/lab_record.py`, `domain/labs/gone.py` and `gone.md`"
    assert paths_that_are_not(text, files) == ["domain/labs/gone.py", "gone.md"]


def test_the_readme_leads_to_every_guide_and_no_decision_is_missing() -> None:
    readme = (ROOT / "README.md").read_text()
    guides = {path.name for path in (ROOT / "notes" / "guides").glob("*.md")}
    assert {name for name in guides if f"notes/guides/{name}" not in readme} == set()
    numbers = [path.name[:4] for path in sorted((ROOT / "notes" / "decisions").glob("*.md"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_the_readme_is_among_the_documents_and_has_links() -> None:
    assert ROOT / "README.md" in DOCUMENTS
    assert _LINK.search((ROOT / "README.md").read_text())
