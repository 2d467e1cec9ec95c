"""`python -m betaconsole.statistics PARENT IDLE_S`: answers questions until nobody asks any more.

A line of JSON in (an `Inputs` as dumped), a line of JSON out: {"results": ...} or {"error": ...}. Ends when standard input
does, when the process PARENT that started it is gone, or when nothing was asked for IDLE_S seconds.
"""

import json
import os
import select
import sys
import threading
import time
from typing import Any

from .inputs import Inputs

LOOKS_EVERY_S = 1.0


def main(parent: int, idle_s: float) -> None:
    """Answer until standard input ends, or nothing was asked for `idle_s` seconds."""
    # The process that serves pages comes first.
    os.nice(5)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    waiting = b""
    while select.select([0], [], [], idle_s)[0]:
        read = os.read(0, 1 << 20)
        if not read:
            return
        *lines, waiting = (waiting + read).split(b"\n")
        for line in lines:
            sys.stdout.write(json.dumps(answer(line), allow_nan=False) + "\n")
            sys.stdout.flush()


def answer(line: bytes) -> dict[str, Any]:
    """{"results": …} as `Results.dump` writes them, or {"error": "Type: message"}; never raises."""
    from .working import work_out  # scipy costs a second: not before it is needed

    try:
        return {"results": work_out(Inputs.load(json.loads(line))).dump()}
    except Exception as error:  # whatever it was, the next question may be a good one
        return {"error": f"{type(error).__name__}: {error}"}


def _end_with(parent: int) -> None:
    """Also in the middle of a question: nobody waits for the answer."""
    while os.getppid() == parent:
        time.sleep(LOOKS_EVERY_S)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
