"""Every check and every test: `make test`. With --lint, only the checks that read the code; with --postgres, every test
with PostgreSQL beneath it and nothing else.

mypy and the tests on PostgreSQL, which wait more than they work, run beside the tests on SQLite; what they said is shown
when those have ended.

What the tests need beside Python packages is looked for and, where this user may, installed: a Chromium (CHROMIUM
names one; else one on PATH; else Playwright's own; else Debian's headless one) and PostgreSQL's programs. A server that runs
already is never touched. Every step runs, whatever happened to the others.

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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests import browser, postgres

PYTHON = [sys.executable, "-m"]
DJADE = str(Path(sys.executable).with_name("djade"))
TEMPLATES = sorted(str(path) for path in Path("templates").rglob("*.html"))
QUICK_CHECKS = [
    [*PYTHON, "ruff", "check", "."],
    [*PYTHON, "ruff", "format", "--check", "."],
    [DJADE, "--check", "--target-version", "5.2", *TEMPLATES],
]
MYPY = [*PYTHON, "mypy"]
CORES = min(os.cpu_count() or 1, 8)
PYTEST = [*PYTHON, "pytest", "--quiet", "--durations=10", "--durations-min=1"]
# A file stays with one process, which starts its console once; conftest puts the longest files first. One process more than
# there are cores: these files wait half of their time, for answers, browsers and moments that must pass.
BY_FILE = ["-n", str(CORES + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
ON_POSTGRES = [*PYTHON, "tests.postgres", "--"]
# Only files with such tests: reading all the others takes longer than many tests.
OF_BOTH = sorted(str(path) for path in Path("tests").rglob("test_*.py") if "both_databases" in path.read_text())
TESTS = [*PYTEST, *BY_FILE]
TESTS_OF_BOTH = [*ON_POSTGRES, *PYTEST, "-m", "both_databases", "-n", str(max(1, CORES // 2)), *OF_BOTH]
TESTS_ALL_ON_POSTGRES = [*ON_POSTGRES, *PYTEST, *BY_FILE]
A_FEW = 20  # more than these that fail are no accident
NEVER_RUN, TESTS_FAILED = -1, 1  # any other code of pytest's: it did not come to the end of them


@dataclass
class Step:
    """A command, and what it ended with; `cache` is where pytest writes down which tests failed."""

    command: list[str]
    cache: Path | None = None
    code: int = NEVER_RUN

    def run(self, output: IO[str] | None = None) -> "Step":
        options = ["-o", f"cache_dir={self.cache}"] if self.cache else []
        self.code = subprocess.call([*self.command, *options], stdout=output, stderr=output)
        return self

    @property
    def has_failed(self) -> bool:
        return self.code != 0

    @property
    def name(self) -> str:
        if "tests.postgres" in self.command:
            return "pytest on PostgreSQL"
        if self.command[0] == DJADE:
            return "djade"
        return " ".join(word for word in self.command[2:4] if not word.startswith("-"))


def main(arguments: list[str]) -> int:
    only = "".join(arguments)
    if only != "--lint":
        provide_browser()
        provide_postgres()
    with tempfile.TemporaryDirectory(prefix="betaconsole-check-") as data:
        # mypy reads the settings, and the settings make the data folder.
        os.environ["BETACONSOLE_DATA"] = data
        first, beside, tests = steps_of(only, Path(data))
        for step in first:
            shown(step)
        run_beside(beside, tests, Path(data) / "beside.txt")
        steps = [*first, *beside, *tests]
        only_alone = [name for step in steps if step.has_failed and step.cache for name in tried_alone(step)]
    if only_alone:
        print("\nFailed beside the others and passed alone:", *only_alone, sep="\n  ")
    if failed := [step.name for step in steps if step.has_failed]:
        print(f"\nFailed: {', '.join(failed)}")
    return 1 if failed else 0


def steps_of(only: str, data: Path) -> tuple[list[Step], list[Step], list[Step]]:
    """What runs first, what runs beside the tests, and the tests."""
    if only == "--postgres":
        return [], [], [Step(TESTS_ALL_ON_POSTGRES, data / "cache")]
    first, beside = [Step(command) for command in QUICK_CHECKS], [Step(MYPY)]
    if only == "--lint":
        return first, beside, []
    return first, [*beside, Step(TESTS_OF_BOTH, data / "cache-of-both")], [Step(TESTS, data / "cache")]


def shown(step: Step) -> None:
    print(f"\n== {step.name}", flush=True)
    step.run()


def run_beside(beside: list[Step], steps: list[Step], said: Path) -> None:
    """Run the steps, and meanwhile those beside them, one after the other; what these say is shown afterwards."""
    with ThreadPoolExecutor(1) as other, said.open("w") as output:
        ended = [other.submit(run_noting, step, output) for step in beside]
        try:
            for step in steps:
                shown(step)
            for one in ended:
                one.result()
        except BaseException:  # such as Ctrl-C, which ends what runs: nothing else is to begin
            other.shutdown(wait=False, cancel_futures=True)
            raise
    print(said.read_text(errors="replace"), flush=True)


def run_noting(step: Step, output: IO[str]) -> None:
    print(f"\n== {step.name}", file=output, flush=True)
    step.run(output)


def tried_alone(step: Step) -> list[str]:
    """Run a few tests that failed once more, alone; which of them passed then, and the step with them."""
    assert step.cache is not None
    if step.code != TESTS_FAILED:
        return []
    try:
        failed = list(json.loads((step.cache / "v/cache/lastfailed").read_text()))
    except OSError:
        return []  # nothing was run at all
    if not failed or len(failed) > A_FEW:
        return []
    print(f"\n== {len(failed)} of {step.name} once more, alone", flush=True)
    step.code = Step([*step.command, "--last-failed", "-n", "0"], step.cache).run().code
    return [] if step.has_failed else failed


def provide_browser() -> None:
    if browser.executable() or browser.own_executable():
        return
    print("No Chromium found (CHROMIUM=/path/to/one names it); installing one for the browser tests ...", flush=True)
    with_libraries = ["--with-deps"] if os.geteuid() == 0 else []
    if subprocess.call([*PYTHON, "playwright", "install", *with_libraries, "chromium"]) != 0:
        install(browser.SHELL, "chromium")


def provide_postgres() -> None:
    if postgres.binary("initdb") is None:
        print("No PostgreSQL found; installing it ...", flush=True)
        install("postgresql")


def install(*packages: str) -> None:
    """The first of these packages that this Debian or Ubuntu has, where this user may install one."""
    names = " or ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"The tests need {names}: install it, then run make test again.")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.call(["apt-get", "-qq", "update"], env=quiet)
    command = ["apt-get", "-qq", "install", "--no-install-recommends"]
    if not any(subprocess.call([*command, package], env=quiet) == 0 for package in packages):
        sys.exit(f"apt-get could not install {names}; its own words are above.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
