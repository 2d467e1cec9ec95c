"""One at a time for each key, in this process, and only so many at a time at all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore

_guard = Lock()
_locks: dict[str, Lock] = {}
_users: Counter[str] = Counter()


@contextmanager
def one_at_a_time(key: str, *, wait_s: float = -1) -> Iterator[bool]:
    """Waits until nobody else is inside with this key: for `wait_s` seconds at most, or as long as it takes. False where it was
    too long, and somebody else is inside still."""
    with _guard:
        lock = _locks.setdefault(key, Lock())
        _users[key] += 1
    try:
        is_mine = lock.acquire(timeout=wait_s)
        try:
            yield is_mine
        finally:
            if is_mine:
                lock.release()
    finally:
        with _guard:
            _users[key] -= 1
            if not _users[key]:
                del _users[key], _locks[key]


@contextmanager
def if_there_is_room(rooms: Semaphore) -> Iterator[bool]:
    """False where nobody more may come in; waits for nobody."""
    is_in = rooms.acquire(blocking=False)
    try:
        yield is_in
    finally:
        if is_in:
            rooms.release()
