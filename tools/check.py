"""Every check and every test: `make test`. With --lint, only the checks that read the code; with --postgres, every test
with PostgreSQL beneath it and nothing else.

What the tests need beside Python packages is looked for and, where this user may, installed: a Chromium (CHROMIUM
names one; else one on PATH; else Playwright's own; else Debian's package) and PostgreSQL's programs. A server that runs
already is never touched. Every step runs, whatever happened to the ones before it; pytest's summary comes last.

Browsers, killed processes and live streams share the cores with each other here, and on a busy machine one of them may wait
longer than its test does. So a few tests that failed beside the others run once more, alone: what fails there too is
broken, and what passes there is named at the end, because such a test wants mending as well.
"""

import json
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
ALL_ON_POSTGRES = [*PYTHON, "tests.postgres", "--", *PYTHON, "pytest", "--quiet", "-n", PROCESSES, "--dist", "loadfile"]
A_FEW = 20  # more than these that fail are no accident


def main(arguments: list[str]) -> int:
    tests = {"--lint": [], "--postgres": [ALL_ON_POSTGRES]}.get("".join(arguments), TESTS)
    if tests:
        provide_browser()
        provide_postgres()
    only_alone: list[str] = []
    with tempfile.TemporaryDirectory(prefix="betaconsole-check-") as data:
        # mypy reads the settings, and the settings make the data folder.
        os.environ["BETACONSOLE_DATA"] = data
        checks = [] if tests == [ALL_ON_POSTGRES] else CHECKS
        failed = [name_of(step) for step in checks if run(step) != 0]
        for number, step in enumerate(tests):
            passed, late = run_tests(step, Path(data) / f"cache{number}")
            failed += [] if passed else [name_of(step)]
            only_alone += late
    if only_alone:
        print("\nFailed beside the others and passed alone:", *only_alone, sep="\n  ")
    if failed:
        print(f"\nFailed: {', '.join(failed)}")
    return 1 if failed else 0


def run_tests(step: list[str], cache: Path) -> tuple[bool, list[str]]:
    """Whether they pass, and which of them only did alone."""
    command = [*step, "-o", f"cache_dir={cache}"]
    if run(command) == 0:
        return True, []
    try:
        failed = list(json.loads((cache / "v/cache/lastfailed").read_text()))
    except OSError:
        return False, []  # nothing was run at all
    if not failed or len(failed) > A_FEW:
        return False, []
    print(f"\n== {len(failed)} of them once more, alone", flush=True)
    passed = run([*command, "--last-failed", "-n", "0"], is_named=False) == 0
    return passed, failed if passed else []


def run(step: list[str], *, is_named: bool = True) -> int:
    if is_named:
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
