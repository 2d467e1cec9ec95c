"""Chance that can be repeated: every draw follows from one request and its repeat. Only the ids of requests and of what is
kept are new each time."""

from __future__ import annotations

import hashlib
import random
import threading
from collections import OrderedDict
from dataclasses import dataclass

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True)
class Seed:
    """The source of all chance in one answer. Draws for different purposes do not disturb each other."""

    digest: bytes

    @classmethod
    def of(cls, *parts: str | bytes) -> Seed:
        digest = hashlib.sha256()
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            digest.update(len(raw).to_bytes(8, "big") + raw)
        return cls(digest.digest())

    def rng(self, purpose: str) -> random.Random:
        """A generator of its own for `purpose`, the same one each time it is asked for."""
        return random.Random(hashlib.sha256(self.digest + purpose.encode()).digest())  # noqa: S311

    def ident(self, prefix: str, purpose: str = "") -> str:
        """An id as the API shapes them: prefix, `01`, 22 characters without 0, O, I and l."""
        return _shaped(prefix, self.rng(f"ident {prefix} {purpose}"))


def new_request_id() -> str:
    """The id of one answer. No two answers share one, as with the real API, whatever was asked before."""
    return new_ident("req_")


def new_ident(prefix: str) -> str:
    """An id that was never given before, for what is kept: a file, a skill, a batch."""
    return _shaped(prefix, random.SystemRandom())


def _shaped(prefix: str, rng: random.Random) -> str:
    return prefix + "01" + "".join(rng.choices(BASE58, k=22))


class Repeats:
    """Counts how often the same request came, from 1, where the caller names no repeat. Remembers the last 10,000."""

    MOST = 10_000

    def __init__(self) -> None:
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def next(self, digest: bytes) -> int:
        with self._lock:
            count = self._counts.pop(digest, 0) + 1
            self._counts[digest] = count
            while len(self._counts) > self.MOST:
                self._counts.popitem(last=False)
            return count
