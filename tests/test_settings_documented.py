"""The README's table "Settings" and the settings themselves say the same; a wrong value stops the start in words."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import CHECKOUT, clean_environment

README = (CHECKOUT / "README.md").read_text()
SETTINGS = CHECKOUT / "betaconsole" / "settings.py"


def read_variables() -> dict[str, str | None]:
    """Every variable settings.py reads, with its default where that is a plain value."""
    found: dict[str, str | None] = {}
    for node in ast.walk(ast.parse(SETTINGS.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "env"
        ):
            default = node.args[1] if len(node.args) > 1 else None
            plain = str(default.value) if isinstance(default, ast.Constant) else None
            found[ast.literal_eval(node.args[0])] = plain
    return found


def documented_variables() -> dict[str, str]:
    """The table's rows: variable, and the rest of the row."""
    table = README.split("## Settings", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \|(.*)\|$", table, re.M))


def test_every_setting_is_in_the_readme_and_nothing_else():
    assert set(documented_variables()) == set(read_variables())


@pytest.mark.parametrize(("name", "default"), [item for item in read_variables().items() if item[1]])
def test_the_readme_names_the_default(name, default):
    shown = {"True": "1"}.get(default, default)
    assert f"`{shown}`" in documented_variables()[name]


def test_the_environment_is_read_in_one_place():
    package = CHECKOUT / "betaconsole"
    readers = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"os\.environ(?!\.setdefault)|getenv|\bEnv\(", path.read_text())
    ]
    assert readers == ["settings.py"]


WRONG = {
    "HOST": ["0.0.0.0", "192.168.1.5", "console.example"],
    "PORT": ["0", "65536", "eighty"],
    "BETACONSOLE_MODE": ["team", "open"],
    "BETACONSOLE_THREADS": ["3", "many"],
    "BETACONSOLE_SENDING_ENABLED": ["perhaps"],
    "BETACONSOLE_LOG_LEVEL": ["LOUD"],
    "BETACONSOLE_CA_BUNDLE": ["/nowhere/ca.pem"],
    "ANTHROPIC_BASE_URL": ["ftp://host", "https://user:hunter2@host", "https://host/?key=hunter2"],
    "BETACONSOLE_ALLOWED_BASE_URLS": ["https://fine.example,nonsense"],
    "DATABASE_URL": ["nonsense", "mysql://user:hunter2@host/name"],
    "BETACONSOLE_ENCRYPTION_KEYS": ["hunter2"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_stops_the_start_and_names_the_variable(name, value, tmp_path):
    outcome = _start(tmp_path, **{name: value})
    assert outcome.returncode == 1
    assert name in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert "hunter2" not in outcome.stderr


def test_the_secrets_it_makes_are_its_owners_only(tmp_path):
    data = tmp_path / "data"
    done = _run(["-c", "import betaconsole.settings"], BETACONSOLE_DATA=str(data))
    assert done.returncode == 0, done.stderr
    assert data.stat().st_mode & 0o077 == 0
    assert (data / "secret.key").stat().st_mode & 0o077 == 0
    assert len((data / "secret.key").read_text()) >= 50


def _start(data: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return _run(["manage.py", "serve"], BETACONSOLE_DATA=str(data), **environment)


def _run(words: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words],
        cwd=CHECKOUT,
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
