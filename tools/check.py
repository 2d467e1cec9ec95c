"""Every check and every test: `make test`. With --lint, only the checks that read the code.

What the tests need beside Python packages is looked for and, where this user may, installed: a Chromium (CHROMIUM
names one; else one on PATH; else Playwright's own; else Debian's package) and PostgreSQL's programs. A server that runs
already is never touched. Every step runs, whatever happened to the ones before it; pytest's summary comes last.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import browser, postgres

PYTHON = [sys.executable, "-m"]
DJADE = str(Path(sys.executable).with_name("djade"))
TEMPLATES = sorted(str(path) for path in Path("templates").rglob("*.html"))
CHECKS = [
    [*PYTHON, "ruff", "check", "."],
    [*PYTHON, "ruff", "format", "--check", "."],
    [DJADE, "--check", "--target-version", "5.2", *TEMPLATES],
    [*PYTHON, "mypy"],
]
# One for each core: with more, browsers and streams wait for each other longer than their tests do.
PROCESSES = str(min(os.cpu_count() or 1, 8))
TESTS = [
    [*PYTHON, "tests.postgres", "--", *PYTHON, "pytest", "--quiet", "-m", "both_databases", "-n", PROCESSES],
    [*PYTHON, "pytest", "--quiet", "-n", PROCESSES, "--dist", "loadfile"],
]


def main(arguments: list[str]) -> int:
    steps = CHECKS
    if arguments != ["--lint"]:
        provide_browser()
        provide_postgres()
        steps = CHECKS + TESTS
    with tempfile.TemporaryDirectory(prefix="betaconsole-check-") as data:
        # mypy reads the settings, and the settings make the data folder.
        os.environ["BETACONSOLE_DATA"] = data
        failed = [name_of(step) for step in steps if run(step) != 0]
    if failed:
        print(f"\nFailed: {', '.join(failed)}")
    return 1 if failed else 0


def run(step: list[str]) -> int:
    print(f"\n== {name_of(step)}", flush=True)
    return subprocess.call(step)


def name_of(step: list[str]) -> str:
    if "tests.postgres" in step:
        return "pytest on PostgreSQL"
    return "djade" if step[0] == DJADE else " ".join(word for word in step[2:4] if not word.startswith("-"))


def provide_browser() -> None:
    if browser.executable() or browser.own_executable():
        return
    print("No Chromium found (CHROMIUM=/path/to/one names it); installing one for the browser tests ...", flush=True)
    with_libraries = ["--with-deps"] if os.geteuid() == 0 else []
    if subprocess.call([*PYTHON, "playwright", "install", *with_libraries, "chromium"]) != 0:
        install("chromium")


def provide_postgres() -> None:
    if postgres.binary("initdb") is None:
        print("No PostgreSQL found; installing it ...", flush=True)
        install("postgresql")


def install(package: str) -> None:
    """A package of Debian or Ubuntu, where this user may install one."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"The tests need {package}: install it, then run make test again.")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.call(["apt-get", "-qq", "update"], env=quiet)
    if subprocess.call(["apt-get", "-qq", "install", "--no-install-recommends", package], env=quiet) != 0:
        sys.exit(f"apt-get could not install {package}; its own words are above.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
