"""One message batch: when each of its requests is due, how it ends, and its results."""

from __future__ import annotations

import datetime
import json
import random
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

from .wire import Part

START_S = 2.0
EACH_S = 0.02
CANCELING_S = 1.0
LIFE_S = 86_400.0
SHUFFLED_LINES = 1_000
PACK_BYTES = 65_536

# From the number of a request and its `params` as JSON text to its `result`.
Run = Callable[[int, bytes], dict[str, Any]]


@dataclass(frozen=True)
class BatchPlan:
    """What a batch is to do. `speed` divides its time; with `expires` its time runs out when half of it has run."""

    custom_ids: tuple[str, ...]
    speed: float
    expires: bool = False

    @property
    def most_run(self) -> int:
        return len(self.custom_ids) // 2 if self.expires else len(self.custom_ids)

    @property
    def life_s(self) -> float:
        return self.due_s(self.most_run) if self.expires else LIFE_S

    def due_s(self, number: int) -> float:
        """When so many requests are to have run, in seconds from the start."""
        return (START_S + EACH_S * number) / self.speed


class Results(Sequence[Part]):
    """The lines of a result file, packed as they come and unpacked one part after the other as they are sent."""

    def __init__(self) -> None:
        self._packs: list[bytes] = []
        self._open: list[bytes] = []
        self._open_bytes = 0
        self.size_bytes = 0

    def add(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            self._open.append(line)
            self._open_bytes += len(line)
            if self._open_bytes >= PACK_BYTES:
                self.close()

    def close(self) -> None:
        """Pack what came last."""
        if self._open:
            self._packs.append(zlib.compress(b"".join(self._open), 1))
            self.size_bytes += len(self._packs[-1])
            self._open, self._open_bytes = [], 0

    def __len__(self) -> int:
        return len(self._packs)

    @overload
    def __getitem__(self, index: int) -> Part: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Part]: ...
    def __getitem__(self, index: int | slice) -> Part | Sequence[Part]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return Part(0.0, zlib.decompress(self._packs[index]))


class Batch:
    """A batch on its way. `work` is its worker's; everything else may be asked from any thread at any time."""

    def __init__(self, ident: str, owner: str, plan: BatchPlan, params: Sequence[bytes], rng: random.Random) -> None:
        self.id = ident
        self.owner = owner
        self.results = Results()
        self.ended = threading.Event()
        self._plan = plan
        self._params = list(params)
        self._params_bytes = sum(map(len, params))
        self._rng = rng
        self._counts = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
        self._created_s = time.time()
        self._started = time.monotonic()
        self._canceled_s: float | None = None
        self._ended_s: float | None = None
        self._stop = threading.Event()

    @property
    def size_bytes(self) -> int:
        return self._params_bytes + self.results.size_bytes

    def work(self, run: Run) -> None:
        """Run the requests when they are due, in their order, until all have run or the batch is stopped."""
        lines: list[bytes] = []
        number = 0
        while number < self._plan.most_run and not self._stopped_before(self._plan.due_s(number + 1)):
            lines.append(self._line(number, run(number, self._params[number])))
            self._params_bytes -= len(self._params[number])
            self._params[number] = b""
            number += 1
            if len(lines) == SHUFFLED_LINES:
                self._hand_in(lines)
        if self._stop.is_set():
            time.sleep(CANCELING_S / self._plan.speed)
        outcome = "canceled" if self._stop.is_set() else "expired"
        for left in range(number, len(self._params)):
            lines.append(self._line(left, {"type": outcome}))
        self._hand_in(lines)
        self._end()

    def cancel(self) -> bool:
        """Ask the batch to stop; False when it has ended."""
        if self.ended.is_set():
            return False
        if self._canceled_s is None:
            self._canceled_s = time.time()
        self._stop.set()
        return True

    def shown(self, origin: str) -> dict[str, Any]:
        """The batch as the API tells it: until it has ended, all its requests count as processing."""
        ended = self.ended.is_set()
        running = "in_progress" if self._canceled_s is None else "canceling"
        counts = self._counts if ended else dict.fromkeys(self._counts, 0)
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else running,
            "request_counts": {"processing": 0 if ended else len(self._params), **counts},
            "ended_at": _moment(self._ended_s) if ended else None,
            "created_at": _moment(self._created_s),
            "expires_at": _moment(self._created_s + self._plan.life_s),
            "archived_at": None,
            "cancel_initiated_at": _moment(self._canceled_s),
            "results_url": f"{origin}/v1/messages/batches/{self.id}/results" if ended else None,
        }

    def _stopped_before(self, due_s: float) -> bool:
        return self._stop.wait(max(0.0, self._started + due_s - time.monotonic()))

    def _line(self, number: int, result: dict[str, Any]) -> bytes:
        self._counts[result["type"]] += 1
        line = {"custom_id": self._plan.custom_ids[number], "result": result}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"

    def _hand_in(self, lines: list[bytes]) -> None:
        """Results come in any order, so that nobody counts on theirs."""
        self._rng.shuffle(lines)
        self.results.add(lines)
        lines.clear()

    def _end(self) -> None:
        self.results.close()
        self._ended_s = time.time()
        self.ended.set()


def _moment(at_s: float | None) -> str | None:
    """A time as batches tell it."""
    if at_s is None:
        return None
    return datetime.datetime.fromtimestamp(at_s, datetime.UTC).isoformat(timespec="microseconds")
