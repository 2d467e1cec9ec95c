"""Disks that are full, databases that somebody holds locked, and disks that cannot be written to the end.

Each is the real thing: a small tmpfs (mounted, which needs root), another process in a transaction, and a kernel filter
(seccomp) that lets fsync fail in the thread that asks for it and in the threads that thread starts.
"""

import contextlib
import ctypes
import errno
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connection, connections

HOLD = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


class LittleDisk:
    """A disk with the console's database on it, and little else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "betaconsole.sqlite3"
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Not a byte is left, and SQLite's log has no old pages to write over. Not for use while somebody writes."""
        until = time.monotonic() + 30
        with closing(sqlite3.connect(self.database, timeout=20)) as database:
            while database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                assert time.monotonic() < until, "the log is always in use"
                time.sleep(0.01)
        with self._filler.open("ab", buffering=0) as filler:
            for size in (1 << 16, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"x" * size):
                        pass

    def free(self) -> None:
        self._filler.unlink()


@contextmanager
def little_disk(folder: Path, *, megabytes: int = 32) -> Iterator[LittleDisk]:
    """The suite's database, as it is now, on a disk of its own, for every thread of this process."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own can only be mounted by root")
    disk = LittleDisk(folder)
    usual = connection.settings_dict["NAME"]
    try:
        with closing(sqlite3.connect(usual)) as source, closing(sqlite3.connect(disk.database)) as target:
            source.backup(target)
        connections.close_all()
        connection.settings_dict["NAME"] = str(disk.database)
        yield disk
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = usual
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held_by_another_process(database: str) -> Iterator[None]:
    """Somebody else is in a transaction that writes, until the block ends."""
    command = [sys.executable, "-c", HOLD, database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.communicate()


@contextmanager
def impatient(wait_s: float) -> Iterator[None]:
    """Every connection opened from now on waits so long for SQLite's lock, instead of 20 s."""
    usual = connection.settings_dict["OPTIONS"]
    connections.close_all()
    connection.settings_dict["OPTIONS"] = {**usual, "timeout": wait_s}
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["OPTIONS"] = usual


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction))]


def fail_fsync_in_this_thread() -> None:
    """From now on fsync and fdatasync fail with EIO here, and in threads started here; it cannot be undone."""
    load, jump, give = 0x20, 0x15, 0x06  # BPF: load a word, jump if equal, return
    fsync, fdatasync = 74, 75  # x86-64
    program = (_Instruction * 5)(
        _Instruction(load, 0, 0, 0),  # the number of the system call
        _Instruction(jump, 1, 0, fsync),
        _Instruction(jump, 0, 1, fdatasync),
        _Instruction(give, 0, 0, 0x0005_0000 | errno.EIO),
        _Instruction(give, 0, 0, 0x7FFF_0000),
    )
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
    failed = libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(
        set_seccomp, filter_mode, ctypes.byref(_Program(5, program)), 0, 0
    )
    if failed:
        pytest.skip(f"the kernel takes no filter here: {errno.errorcode[ctypes.get_errno()]}")
