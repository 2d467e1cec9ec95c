"""What a simulator keeps between requests, in memory and within bounds: the oldest thing makes room for a new one."""

from __future__ import annotations

import datetime
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

MOST_REMEMBERED_GONE = 10_000


class Kept(Protocol):
    """Something with an id that belongs to one key. What others have is not there."""

    @property
    def id(self) -> str: ...

    @property
    def owner(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


T = TypeVar("T", bound=Kept)


class Shelf(Generic[T]):
    """Things of one kind, at most so many and so many bytes together. Safe to use from many threads."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._things: OrderedDict[tuple[str, str], T] = OrderedDict()
        self._places: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._next_place = 0

    def put(self, thing: T) -> list[T]:
        """Keep a new thing. Returns what had to go for it, oldest first."""
        with self._lock:
            self._next_place -= 1
            self._things[thing.owner, thing.id] = thing
            self._places[thing.id] = self._next_place
            return self._trimmed(thing)

    def find(self, ident: str, owner: str) -> T | None:
        with self._lock:
            return self._things.get((owner, ident))

    def change(self, ident: str, owner: str, change: Callable[[T], T]) -> T | None:
        """Put `change(thing)` in the place of a thing, with nobody between; None when it is not there."""
        with self._lock:
            thing = self._things.get((owner, ident))
            if thing is None:
                return None
            self._things[owner, ident] = changed = change(thing)
            self._trimmed(changed)
            return changed

    def drop(self, ident: str, owner: str) -> T | None:
        """Take a thing away and return it; None when it is not there."""
        with self._lock:
            return self._things.pop((owner, ident), None)

    def newest_first(self, owner: str) -> dict[str, T]:
        """All that one key has, by id."""
        with self._lock:
            return {thing.id: thing for thing in reversed(self._things.values()) if thing.owner == owner}

    def place(self, ident: str) -> int | None:
        """Where an id stands, newer ones lower. Known for a while after the thing has gone, so that a list can go on there."""
        with self._lock:
            return self._places.get(ident)

    def _trimmed(self, newest: T) -> list[T]:
        """Drop the oldest until the bounds are kept, but never what has just come."""
        gone: list[T] = []
        size_bytes = sum(thing.size_bytes for thing in self._things.values())
        for key, thing in list(self._things.items()):
            if len(self._things) <= self._most and size_bytes <= self._most_bytes:
                break
            if thing is not newest:
                gone.append(self._things.pop(key))
                size_bytes -= thing.size_bytes
        while len(self._places) > self._most + MOST_REMEMBERED_GONE:
            self._places.popitem(last=False)
        return gone


def moment(at_s: float) -> str:
    """A time as files, skills and models tell it: RFC 3339 with microseconds and a Z."""
    return datetime.datetime.fromtimestamp(at_s, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
