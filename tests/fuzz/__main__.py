"""`make fuzz SECONDS=600`: every harness for so long, each in a process of its own; exits 1 where one of them broke.

By atheris, or by hypothesis where atheris is not installed. What broke a harness is kept in build/fuzz/crashes.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.engines import has_atheris

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER = CHECKOUT / "build" / "fuzz"
NAMES = ("events", "answers", "json", "pasted", "recordings", "history", "cases", "uploads", "attachments", "betas")
STARTING_S = 300  # what a process may take beyond its time: imports and the last input


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"only these of {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each harness")
    asked = parser.parse_args(arguments)
    engine = "atheris" if has_atheris() else "hypothesis"
    if engine == "hypothesis":
        print("atheris is not installed for this Python: hypothesis chooses the bytes, blind to what code they reach.")
    broken = [name for name in asked.names or NAMES if not holds(name, engine, asked.seconds, FOLDER)]
    print(f"broken: {', '.join(broken)}" if broken else "Every harness held.")
    return 1 if broken else 0


def holds(name: str, engine: str, seconds: int, folder: Path) -> bool:
    """Whether a harness held for so long; prints how it broke and where the bytes are."""
    crashes = folder / "crashes"
    before = set(crashes.glob(f"{name}-*"))
    command = [sys.executable, "-m", "tests.fuzz.engines", engine, name, str(seconds), str(folder)]
    ended = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, errors="replace", timeout=seconds + STARTING_S
    )
    count = [line.split()[-1] for line in ended.stderr.splitlines() if "number_of_executed_units" in line]
    print(
        f"{name}: {'held' if ended.returncode == 0 else 'BROKEN'}{f', {count[0]} inputs' if count else ''}", flush=True
    )
    if ended.returncode == 0:
        return True
    print(ended.stdout[-3_000:] + ended.stderr[-1_500:])  # atheris prints the traceback on stdout
    for path in sorted(set(crashes.glob(f"{name}-*")) - before):
        print(f"  bytes: {path}\n  again: {sys.executable} -m tests.fuzz.engines replay {name} {path}", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main())
