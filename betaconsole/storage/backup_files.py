"""What every file that the database was copied into can tell, whatever database it was."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol


class BackupError(Exception):
    """Why there is no backup, or why it cannot be gone back to. Nothing was changed."""


class Backup(Protocol):
    """A file that was opened."""

    def problems(self) -> list[str]:
        """What is damaged in it, read from its first byte to its last."""

    def rows(self) -> Mapping[str, int]:
        """How many rows each table has."""

    def select(self, table: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
        """These columns of a table, as text."""


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A file beside `target` that only its owner may read. It gets that name at the end, or goes where something fails."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise BackupError(f"Nothing can be written in {target.parent}: {error.strerror}.") from None
    os.close(handle)
    try:
        yield Path(name)
        _to_disk(Path(name))
        os.rename(name, target)
        _to_disk(target.parent)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
