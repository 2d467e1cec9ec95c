"""Who may import whom: see the map of the floors in the README."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "betaconsole"

FLOORS = {
    "claude": 0,
    "simulator": 0,
    "statistics": 0,
    "storage": 0,
    "web": 0,
    "catalogue": 1,
    "checks": 1,
    "teams": 1,
    "diffing": 1,
    "library": 2,
    "availability": 2,
    "drafts": 3,
    "decisions": 3,
    "runs": 4,
    "betas": 5,
    "kept": 5,
    "connections": 5,
    "sharing": 5,
    "compare": 5,
    "api": 6,  # the top, beside urls.py: nothing below imports it
}
# Within runs/: what a comparison is made of, what sends it, how one comes about, what shows it, the list of all.
RUNS = ("", "sending", "launching", "pages", "history")
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def test_every_folder_has_a_floor():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(FLOORS)


@pytest.mark.parametrize("folder", FLOORS)
def test_a_folder_imports_only_from_floors_below(folder):
    wrong = [
        f"{_name(path)} imports {imported}"
        for path in _modules_of(folder)
        for imported in _imports(path)
        if imported.startswith("betaconsole.") and not _may_import(folder, imported.split(".")[1])
    ]
    assert wrong == []


def test_what_sends_knows_no_page():
    wrong = []
    for path in _modules_of("runs"):
        parts = path.relative_to(PACKAGE / "runs").parts
        here = parts[0] if len(parts) > 1 else ""
        for imported in _imports(path):
            there = imported.removeprefix("betaconsole.runs.").split(".")[0]
            if imported.startswith("betaconsole.runs.") and here in RUNS and path.name != "urls.py":
                wrong += [f"{_name(path)} imports {imported}"] * (
                    there in RUNS and RUNS.index(there) > RUNS.index(here)
                )
    assert wrong == []


def test_the_simulator_shares_no_code_with_the_console():
    ours = [(_name(path), name) for path in _modules_of("simulator") for name in _imports(path) if _leaves(path, name)]
    assert ours == []


@pytest.mark.parametrize("folder", ["claude", "simulator", "statistics"])
def test_the_wire_and_the_statistics_know_no_django(folder):
    django = [(_name(path), name) for path in _modules_of(folder) for name in _imports(path) if "django" in name]
    assert django == []


def test_b38_nothing_but_the_wire_client_reaches_out():
    """So there is no second way to an address, with rules of its own: no webhook, no mail, no fetch of a page."""
    reaching = (
        "requests",
        "urllib3",
        "http.client",
        "urllib.request",
        "smtplib",
        "ftplib",
        "httpx",
        "aiohttp",
        "anthropic",
    )
    users = {
        _name(path)
        for path in MODULES
        for name in _imports(path)
        if f"{name}.".startswith(tuple(f"{one}." for one in reaching))
    }
    ours = {"betaconsole.runs.sending.ready"}  # asks this very console whether it answers
    assert {name for name in users - ours if not name.startswith("betaconsole.claude.")} == set()


def test_no_module_imports_itself_through_another():
    names = {_name(path) for path in MODULES}
    graph = {_name(path): {_module(name, names) for name in _imports(path)} - {None, _name(path)} for path in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_imports_are_relative_inside_a_folder_and_absolute_across():
    wrong = []
    for path in MODULES:
        folder = path.relative_to(PACKAGE).parts[0]
        nested = len(path.relative_to(PACKAGE).parts) > 2  # commands and tags: a chain of dots would say less
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                upward = node.level > 1
                own = node.level == 0 and (node.module or "").startswith(f"betaconsole.{folder}")
                if upward or (own and not nested):
                    wrong.append(f"{_name(path)}: from {'.' * node.level}{node.module or ''}")
    assert wrong == []


def _modules_of(folder: str) -> list[Path]:
    return [path for path in MODULES if path.relative_to(PACKAGE).parts[0] == folder]


def _may_import(folder: str, other: str) -> bool:
    return folder == other or FLOORS.get(other, 99) < FLOORS[folder]


def _leaves(path: Path, imported: str) -> bool:
    return imported.startswith("betaconsole") and not imported.startswith(f"betaconsole.{path.parent.name}")


def _name(path: Path) -> str:
    return ".".join(("betaconsole", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def _module(imported: str, names: set[str]) -> str | None:
    """The module of ours that an imported name lives in."""
    return imported if imported in names else next((n for n in (imported.rpartition(".")[0],) if n in names), None)


def _imports(path: Path) -> Iterator[str]:
    """Every name a module imports, in full, from wherever in its text: `package.module.name`."""
    package = _name(path) if path.name == "__init__.py" else _name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)
