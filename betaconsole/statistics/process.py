"""Asks the process that has scipy: started when there is a question, gone when there was none for a minute.

scipy costs 70 MB and a second to import, and its work would hold up the relaying of tokens. One question at a time.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from .inputs import MOST_VALUES, Inputs
from .results import Results

DEADLINE_S = 120.0
IDLE_S = 60.0
_ROOT = Path(__file__).resolve().parents[2]


class StatisticsError(Exception):
    """There are no results: the inputs are no good, or working them out took too long or failed twice."""


def work_out_apart(inputs: Inputs, *, deadline_s: float = DEADLINE_S) -> Results:
    """As `working.work_out`, in a process of its own; waits for it, and for whoever asked before. Raises StatisticsError."""
    if inputs.size > MOST_VALUES:
        raise StatisticsError(f"{inputs.size:,} values are too many: at most {MOST_VALUES:,}")
    try:
        question = json.dumps(inputs.dump(), allow_nan=False).encode() + b"\n"
    except ValueError as error:
        raise StatisticsError("every value is a finite number") from error
    answer = json.loads(_worker.ask(question, deadline_s=deadline_s))
    if "error" in answer:
        raise StatisticsError(answer["error"])
    return Results.load(answer["results"])


class _Worker:
    """The one process, or none. A lock keeps questions apart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, question: bytes, *, deadline_s: float) -> bytes:
        """The answer's line. A process that is gone, or goes while it works, is replaced once."""
        with self._lock:
            for _ in range(2):
                answer = self._asked(self._running(), question, deadline_s)
                if answer:
                    return answer
        raise StatisticsError("the process that works out statistics ended twice")

    def _asked(self, process: subprocess.Popen[bytes], question: bytes, deadline_s: float) -> bytes | None:
        """None where the process ended instead."""
        assert process.stdin
        assert process.stdout
        overdue = threading.Event()

        def too_late() -> None:
            overdue.set()
            process.kill()

        timer = threading.Timer(deadline_s, too_late)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(question)
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            return line
        self._discard()
        if overdue.is_set():
            raise StatisticsError(f"working out the statistics took more than {deadline_s:g} s")
        return None

    def _running(self) -> subprocess.Popen[bytes]:
        # After a fork the pipes are the other process's.
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._process, self._owner = _started(), os.getpid()
        return self._process

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe and pipe.close()


def _started() -> subprocess.Popen[bytes]:
    """It knows no secret of this process, uses one thread, and Ctrl-C reaches it only through the end of its input."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "betaconsole.statistics", str(os.getpid()), str(IDLE_S)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    # Taken off the system's list as soon as it ends, also when nobody asks any more.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


_worker = _Worker()
