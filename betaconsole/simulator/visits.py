"""One request on its way through the simulated API: who asks, with which luck, and what every answer carries."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from . import faults
from .admission import check_betas, check_key, check_version, read_body
from .batch import Batch
from .caching import PromptCache
from .credits import Credits
from .diagnosing import Diagnoses
from .directions import read_directions
from .pace import Pace
from .refusals import Refusal
from .rules import Rules
from .seeds import Repeats, Seed, new_request_id
from .store import Shelf
from .stored import Skill, StoredFile
from .threads import Threads
from .wire import Answer, Request, whole_answer

ORGANIZATION = "00000000-0000-4000-8000-51a1a7ed0000"
QUICK_SHARE = 0.2
RATE_LIMITS = {"requests": 4_000, "input-tokens": 2_000_000, "output-tokens": 400_000, "tokens": 2_400_000}
MEBIBYTE = 1024 * 1024
JSON_TYPE = ("content-type", "application/json")


@dataclass(frozen=True)
class World:
    """What outlives one request: the rules, and what one request leaves behind for the next. One per simulator."""

    rules: Rules
    pace: Pace
    repeats: Repeats = field(default_factory=Repeats)
    cache: PromptCache = field(default_factory=PromptCache)
    threads: Threads = field(default_factory=Threads)
    credits: Credits = field(default_factory=Credits)
    diagnoses: Diagnoses = field(default_factory=Diagnoses)
    files: Shelf[StoredFile] = field(default_factory=lambda: Shelf(most=1_000, most_bytes=64 * MEBIBYTE))
    skills: Shelf[Skill] = field(default_factory=lambda: Shelf(most=200, most_bytes=32 * MEBIBYTE))
    batches: Shelf[Batch] = field(default_factory=lambda: Shelf(most=200, most_bytes=64 * MEBIBYTE))


@dataclass(frozen=True)
class Caller:
    """Who asks, and how: what the headers say."""

    key_name: str
    version: str
    betas: tuple[str, ...]


class Visit:
    """One request. What it wishes of the simulator and its seed are refined once the body is read.

    `repeat` says which repeat of this request it is and wins over what the request asks.
    """

    def __init__(self, world: World, request: Request, *, repeat: int | None = None) -> None:
        self.world = world
        self.request = request
        self.request_id = new_request_id()
        self.wishes = read_directions(request.value("x-simulator") or "")
        self._repeat = repeat
        self._seed: Seed | None = None

    def admit(self) -> Caller:
        """Check the size, the key, the version and the betas, in this order."""
        if self.request.too_large:
            read_body(self.request)
        rules = self.world.rules
        return Caller(check_key(self.request), check_version(self.request, rules), check_betas(self.request, rules))

    def wish(self, directives: str) -> None:
        """Take up directives of the text; what the header says stands above them."""
        self.wishes = read_directions(directives, self.request.value("x-simulator") or "")

    def seeded(self, body: dict[str, Any] | None = None) -> Seed:
        """The seed of this request and repeat. Pace and transport do not count: JSON and stream tell the same message."""
        if self._seed is None:
            said = {key: value for key, value in (body or {}).items() if key != "stream"}
            betas = ",".join(self.request.values("anthropic-beta"))
            version = self.request.value("anthropic-version") or ""
            content = json.dumps(said, sort_keys=True) if body else self.request.body
            request = Seed.of(self.request.method, self.request.path, betas, version, content)
            asked = self._repeat if self._repeat is not None else self.wishes.repeat
            repeat = asked if asked is not None else self.world.repeats.next(request.digest)
            self._seed = Seed.of(request.digest, str(repeat))
        return self._seed

    def broken_early(self) -> Answer | None:
        """The answer of a fault that needs no message. A fault that is an error status raises it as a Refusal."""
        fault = faults.strikes(self.wishes, self.seeded())
        if fault is None:
            return None
        if refusal := faults.status_refusal(fault, self.wishes):
            raise refusal
        if fault in ("413", "html"):
            return faults.edge_page(self.quick_s(), status=413 if fault == "413" else 200)
        return faults.without_answer(fault, self.wishes)

    def paced(self) -> Pace:
        return self.wishes.pace(self.world.pace)

    def quick_s(self) -> float:
        """When an answer is due that no model writes."""
        return self.paced().ttft_ms / 1000 * QUICK_SHARE

    def whole(self, status: int, body: Any, *, at_s: float, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        """A JSON answer."""
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return whole_answer(status, (JSON_TYPE, *headers, *self.headers()), data, at_s=at_s)

    def refused(self, refusal: Refusal) -> Answer:
        body = refusal.envelope(self.request_id)
        retry = "true" if refusal.status in (429, 500, 503, 504, 529) else "false"
        headers = (*refusal.headers, ("x-should-retry", retry))
        return self.whole(refusal.status, body, at_s=self.quick_s(), headers=headers)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """What every answer carries."""
        reset = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        limits = [
            (f"anthropic-ratelimit-{kind}-{name}", str(value))
            for kind, most in RATE_LIMITS.items()
            for name, value in (
                ("limit", most),
                ("remaining", most - 1 if kind == "requests" else most),
                ("reset", reset),
            )
        ]
        return (
            ("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())),
            ("request-id", self.request_id),
            ("anthropic-organization-id", ORGANIZATION),
            *limits,
            ("x-simulated", "betaconsole"),
        )
