"""One at a time for each key, in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_guard = Lock()
_locks: dict[str, Lock] = {}
_users: Counter[str] = Counter()


@contextmanager
def one_at_a_time(key: str) -> Iterator[None]:
    """Waits until nobody else is inside with this key."""
    with _guard:
        lock = _locks.setdefault(key, Lock())
        _users[key] += 1
    try:
        with lock:
            yield
    finally:
        with _guard:
            _users[key] -= 1
            if not _users[key]:
                del _users[key], _locks[key]
