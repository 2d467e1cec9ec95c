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
    "HOST": ["console.invalid"],
    "PORT": ["0", "65536", "eighty"],
    "BETACONSOLE_MODE": ["open"],
    "BETACONSOLE_PUBLIC_URL": ["console.example", "https://user:hunter2@host", "https://host/below"],
    "BETACONSOLE_OIDC_URL": ["https://login.example"],
    "BETACONSOLE_TRUSTED_PROXIES": ["the proxy", "10.0.0.0/40"],
    "BETACONSOLE_THREADS": ["3", "many"],
    "BETACONSOLE_SENDING_ENABLED": ["perhaps"],
    "BETACONSOLE_LOG_LEVEL": ["LOUD"],
    "BETACONSOLE_LOG_FORMAT": ["xml"],
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


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_solo_mode_refuses_to_listen_where_others_can_reach_it(host, tmp_path):
    outcome = _start(tmp_path, HOST=host, BETACONSOLE_MODE="solo")
    assert outcome.returncode == 1
    assert f"HOST={host}" in outcome.stderr
    assert "sign-in" in outcome.stderr


READ = """
from betaconsole import settings as s
print(s.MODE, s.PUBLIC_URL, s.IS_HTTPS, s.PASSKEYS, s.SESSION_COOKIE_NAME, s.IS_LOOPBACK_ONLY, sorted(s.ALLOWED_HOSTS)[0])
"""


@pytest.mark.parametrize(
    ("environment", "read"),
    [
        ({}, "solo http://127.0.0.1:8000 False False sessionid_8000 True"),
        ({"HOST": "0.0.0.0"}, "team http://localhost:8000 False True sessionid_8000 False"),
        ({"HOST": "192.168.1.5"}, "team http://192.168.1.5:8000 False False sessionid_8000 False"),
        (
            {"BETACONSOLE_MODE": "team", "BETACONSOLE_PUBLIC_URL": "https://console.example/"},
            "team https://console.example True True __Host-sessionid False",
        ),
        (
            {"BETACONSOLE_MODE": "team", "BETACONSOLE_PUBLIC_URL": "http://console.example"},
            "team http://console.example False False sessionid_8000 False",
        ),
    ],
)
def test_mode_and_public_address_decide_the_rest(environment, read, tmp_path):
    done = _run(["-c", READ], BETACONSOLE_DATA=str(tmp_path), **environment)
    assert done.stdout.startswith(read), done.stderr or done.stdout


def test_team_mode_over_https_leaves_nothing_for_check_deploy_to_say(tmp_path):
    team = {"BETACONSOLE_MODE": "team", "BETACONSOLE_PUBLIC_URL": "https://console.example"}
    done = _run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], BETACONSOLE_DATA=str(tmp_path), **team)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


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
