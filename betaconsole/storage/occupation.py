"""Whether a console runs on this data folder: each holds a lock there for as long as one of its processes lives."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.conf import settings

NAME = "console.lock"


class Occupied(Exception):
    """Somebody else needs the data folder for themselves."""


def occupy() -> IO[str]:
    """Held together with other consoles until the file is closed in this process and in all that were forked from it."""
    return _lock(
        fcntl.LOCK_SH, "A backup is being restored into this data folder. Start the console when that is done."
    )


@contextmanager
def alone() -> Iterator[None]:
    """No console runs on the data folder, and none can be started."""
    with _lock(fcntl.LOCK_EX, "A console runs on this data folder. Stop it first."):
        yield


def _lock(how: int, refusal: str) -> IO[str]:
    file = (settings.DATA_DIR / NAME).open("a")
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Occupied(refusal) from None
    return file
