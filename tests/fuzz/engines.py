"""What chooses the bytes, in a process of its own for one harness: atheris by what code they reach, or hypothesis.

`python -m tests.fuzz.engines atheris NAME SECONDS FOLDER` (or `hypothesis`): a byte string that breaks a promise is
written to FOLDER/crashes/NAME-…, its traceback printed, and the exit code is not 0. What atheris learned stays in
FOLDER/corpus/NAME for the next time. `replay NAME FILE` reads one file again.
"""

import hashlib
import importlib.util
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

Check = Callable[[bytes], None]

INSTRUMENTED = [f"betaconsole.{name}" for name in ("claude", "drafts", "library", "runs.history", "storage", "web")]
MAX_BYTES = 8_192
LONGEST_INPUT_S = 20  # one input that takes longer is a crash; a busy machine must not be one
MEMORY_MB = 1_024
ROUND = 500  # examples of hypothesis between two looks at the clock


def has_atheris() -> bool:
    return importlib.util.find_spec("atheris") is not None


def with_atheris(name: str, seconds: int, folder: Path) -> None:
    """Ends the process."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        harness = _harnesses()[name]
    corpus = folder / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in harness.seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-timeout={LONGEST_INPUT_S}", f"-rss_limit_mb={MEMORY_MB}"]
    output = [f"-artifact_prefix={folder}/crashes/{name}-", "-verbosity=0", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *output, f"-max_len={MAX_BYTES}", str(corpus)], harness.check)
    atheris.Fuzz()


def with_hypothesis(name: str, seconds: int, folder: Path) -> int:
    harness = _harnesses()[name]
    crash = search(harness.check, harness.seeds, seconds)
    if crash is None:
        return 0
    path = folder / "crashes" / f"{name}-{hashlib.sha256(crash).hexdigest()[:16]}"
    path.write_bytes(crash)
    return replay(harness.check, path)


def search(check: Check, seeds: tuple[bytes, ...], seconds: float) -> bytes | None:
    """The smallest bytes found within the time that make the check raise: seeds, spoiled seeds, and any bytes."""
    until = time.monotonic() + seconds
    for seed in seeds:
        if _raises(check, seed):
            return seed
    limits = settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    while time.monotonic() < until:
        try:
            return find(
                _spoiled(seeds),
                lambda data: _raises(check, data),
                settings=limits,
                random=random.Random(time.time_ns()),
            )
        except NoSuchExample:
            continue
    return None


def replay(check: Check, path: Path) -> int:
    """1 and the traceback on stderr where the file's bytes still break a promise."""
    try:
        check(path.read_bytes())
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _raises(check: Check, data: bytes) -> bool:
    try:
        check(data)
    except Exception:
        return True
    return False


@st.composite
def _spoiled(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    data = bytearray(draw(st.sampled_from([b"", *seeds])))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 30)))
        data[start:end] = draw(st.binary(max_size=12) | st.just(bytes(data[start:end]) * 2))
    return bytes(data)


def _harnesses() -> dict:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from tests.fuzz.harnesses import HARNESSES

    return HARNESSES


def main(how: str, name: str, *more: str) -> int | None:
    if how == "replay":
        return replay(_harnesses()[name].check, Path(more[0]))
    seconds, folder = int(more[0]), Path(more[1])
    (folder / "crashes").mkdir(parents=True, exist_ok=True)
    return with_atheris(name, seconds, folder) if how == "atheris" else with_hypothesis(name, seconds, folder)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
