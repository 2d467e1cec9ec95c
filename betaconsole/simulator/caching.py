"""The simulated prompt cache: which prefixes were seen within the last minutes, in this process."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .tokens import Segment

TTL_S = {"5m": 300.0, "1h": 3600.0}
LOOKBACK = 20


@dataclass(frozen=True)
class CacheUse:
    """Input tokens by how they are billed; they add up to the whole prompt."""

    input_tokens: int
    read_tokens: int = 0
    written_5m_tokens: int = 0
    written_1h_tokens: int = 0

    @property
    def tokens(self) -> int:
        """The whole prompt."""
        return self.input_tokens + self.read_tokens + self.written_5m_tokens + self.written_1h_tokens

    def __add__(self, other: CacheUse) -> CacheUse:
        return CacheUse(
            self.input_tokens + other.input_tokens,
            self.read_tokens + other.read_tokens,
            self.written_5m_tokens + other.written_5m_tokens,
            self.written_1h_tokens + other.written_1h_tokens,
        )


@dataclass
class _Entry:
    ready_at: float
    expires_at: float
    ttl: str


class PromptCache:
    """Remembers marked prefixes by key and model. `clock` is in seconds and only differences count."""

    MOST = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def use(self, segments: Sequence[Segment], *, owner: str, least_tokens: int, ready_in_s: float) -> CacheUse:
        """Look the prompt up and remember its marked prefixes.

        A prefix can be read by others once the answer that wrote it has begun (`ready_in_s` from now), as with the API:
        requests sent at the same moment all pay for the write. Prefixes below `least_tokens` are not cached.
        """
        total = sum(segment.tokens for segment in segments)
        marks = [place for place, segment in enumerate(segments) if segment.cache_ttl]
        if not marks:
            return CacheUse(total)
        prefixes = _prefixes(segments, owner)
        marks = [place for place in marks if prefixes[place][0] >= least_tokens]
        if not marks:
            return CacheUse(total)
        with self._lock:
            hit = self._longest_hit(prefixes, marks)
            read = prefixes[hit][0] if hit is not None else 0
            written = self._remember(
                segments, prefixes, [place for place in marks if hit is None or place > hit], ready_in_s
            )
        return CacheUse(total - max(prefixes[marks[-1]][0], read), read, *_by_ttl(written, read))

    def _longest_hit(self, prefixes: Sequence[tuple[int, bytes]], marks: Sequence[int]) -> int | None:
        now = self._clock()
        places = {place for mark in marks for place in range(max(0, mark - LOOKBACK + 1), mark + 1)}
        for place in sorted(places, reverse=True):
            entry = self._entries.get(prefixes[place][1])
            if entry and entry.ready_at <= now < entry.expires_at:
                entry.expires_at = now + TTL_S[entry.ttl]
                return place
        return None

    def _remember(
        self,
        segments: Sequence[Segment],
        prefixes: Sequence[tuple[int, bytes]],
        marks: Sequence[int],
        ready_in_s: float,
    ) -> list[tuple[int, str]]:
        ready_at = self._clock() + ready_in_s
        written = []
        for place in marks:
            tokens, digest = prefixes[place]
            ttl = "1h" if segments[place].cache_ttl == "1h" else "5m"
            earlier = self._entries.get(digest)
            if earlier is None or earlier.expires_at <= ready_at:
                self._entries[digest] = _Entry(ready_at, ready_at + TTL_S[ttl], ttl)
            written.append((tokens, ttl))
        while len(self._entries) > self.MOST:
            self._entries.popitem(last=False)
        return written


def _prefixes(segments: Sequence[Segment], owner: str) -> list[tuple[int, bytes]]:
    """Tokens and digest of the prefix that ends with each segment. Cache markers are not part of a prefix."""
    running = hashlib.sha256(owner.encode())
    tokens = 0
    prefixes = []
    for segment in segments:
        tokens += segment.tokens
        value = segment.value
        if isinstance(value, dict) and "cache_control" in value:
            value = {key: each for key, each in value.items() if key != "cache_control"}
        running.update(json.dumps(value, sort_keys=True).encode() + b"\0")
        prefixes.append((tokens, running.digest()))
    return prefixes


def _by_ttl(written: Sequence[tuple[int, str]], read_tokens: int) -> tuple[int, int]:
    amounts = {"5m": 0, "1h": 0}
    covered = read_tokens
    for tokens, ttl in written:
        amounts[ttl] += max(0, tokens - covered)
        covered = max(covered, tokens)
    return amounts["5m"], amounts["1h"]
