"""Files that a living process holds locked: how one process sees that another one of this machine is dead."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO


def locked(path: Path) -> IO[str]:
    """The lock file, made and locked. Between the two somebody may have taken it for a dead process's and removed it."""
    while True:
        file = path.open("w")
        fcntl.flock(file, fcntl.LOCK_EX)  # held by others for an instant at most, to see whether it is free
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()


def is_free(path: Path) -> bool:
    """Whether nobody holds this lock: its process is gone."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_if_free(path: Path) -> None:
    """Removed while held, so that nobody locks a file that is about to go without noticing."""
    with contextlib.suppress(OSError), path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
