"""What is known of one exchange, and the words for what came of a beta in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from betaconsole.catalogue.checks.endpoints import BATCHES, COUNT_TOKENS, MESSAGES, endpoint_word
from betaconsole.catalogue.checks.paths import BodyPath, occurs
from betaconsole.catalogue.model_specs import ModelSpec, find_model
from betaconsole.claude.api_errors import ApiError

MOST_BATCHED = 50  # requests of a batch that are looked at
_INPUT_COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


class Verdict(StrEnum):
    """What came of a beta in one exchange."""

    EFFECTIVE = "effective"
    NO_VISIBLE_EFFECT = "no_visible_effect"
    PINS_OLDER_SHAPE = "pins_older_shape"
    REFUSED_UNKNOWN = "refused_unknown"
    REFUSED_MODEL = "refused_model"
    REFUSED_ACCOUNT = "refused_account"
    NEEDED_BUT_MISSING = "needed_but_missing"
    NOT_OBSERVABLE_HERE = "not_observable_here"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Outcome:
    """One beta's verdict and the sentences that bear it out.

    `there`: the request that would show more, such as `GET /v1/files`; empty where none is known. `is_open`: made without
    a baseline, and one might have changed it.
    """

    beta: str
    outcome: Verdict
    evidence: list[str]
    there: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class Facts:
    """One exchange, as far as an outcome depends on it.

    `path` is below the connection's address, without query. `body` is the JSON sent (an outline will do), `answer` the
    message or other JSON that came back. `is_whole`: a success that came to its end. `events` are the types of events of a
    stream, `deltas` those of its deltas, with the fields that say something: `thinking_delta.estimated_tokens`.
    `input_moments`: for each tool call of a stream when each piece of its input came, in milliseconds. `in_batch`: `body`
    was one of a batch's requests, and `answer` is its result.
    """

    betas: tuple[str, ...] = ()
    method: str = "POST"
    path: str = "/v1/messages"
    body: Any = None
    status: int | None = 200
    is_whole: bool = True
    error: ApiError | None = None
    answer: Any = None
    events: frozenset[str] = frozenset()
    deltas: frozenset[str] = frozenset()
    input_moments: tuple[tuple[float, ...], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    in_batch: bool = False

    # The request -------------------------------------------------------------------------------------------------

    @cached_property
    def endpoint(self) -> str:
        """The word of betas.toml, empty where the catalogue does not know the path."""
        return endpoint_word(self.path)

    @property
    def is_batch_call(self) -> bool:
        """Whether it makes a batch: what its requests come to stands elsewhere."""
        is_made = self.method == "POST" and self.path.rstrip("/").endswith("/batches")
        return is_made and self.endpoint == BATCHES and not self.in_batch

    @property
    def answers_message(self) -> bool:
        return self.in_batch or (self.endpoint == MESSAGES and self.method == "POST")

    @property
    def counts_tokens(self) -> bool:
        return self.endpoint == COUNT_TOKENS

    @cached_property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies for messages that it sent: its own, or those of its batch."""
        if not isinstance(self.body, dict):
            return []
        if not self.is_batch_call:
            return [self.body]
        return [each["params"] for each in objects(self.body.get("requests")) if isinstance(each.get("params"), dict)]

    def holds(self, path: BodyPath) -> bool:
        """Whether the path leads anywhere in the bodies sent. Looked for once: a body may have tens of thousands of messages."""
        if path.text not in self._held:
            self._held[path.text] = any(occurs(body, path) for body in self.bodies)
        return self._held[path.text]

    @cached_property
    def _held(self) -> dict[str, bool]:
        return {}

    @cached_property
    def model(self) -> str:
        """The model asked for (of a batch the first one's); empty where none is named."""
        return next((text(body.get("model")) for body in self.bodies), "")

    @cached_property
    def spec(self) -> ModelSpec | None:
        return find_model(self.model)

    def asked(self, *steps: str) -> Any:
        """The value at these members of the body, None where there is none."""
        return member(self.body, *steps)

    # The answer --------------------------------------------------------------------------------------------------

    @property
    def is_refused(self) -> bool:
        return self.status is not None and self.status >= 400

    @property
    def is_streamed(self) -> bool:
        return bool(self.events)

    @cached_property
    def message(self) -> Mapping[str, Any]:
        """The answer where it is an object; else empty."""
        return self.answer if isinstance(self.answer, dict) else {}

    @cached_property
    def blocks(self) -> list[dict[str, Any]]:
        return list(objects(self.message.get("content"))) if self.answers_message else []

    @cached_property
    def input_tokens(self) -> int | None:
        """All input, from the cache or not; None where the answer does not count it."""
        usage = self.message.get("usage")
        counts = [whole(usage.get(name)) for name in _INPUT_COUNTS] if isinstance(usage, dict) else []
        return None if not counts or counts[0] is None else sum(count or 0 for count in counts)

    def shows(self, kind: str) -> bool:
        """Whether the answer holds a block of this type."""
        return any(block.get("type") == kind for block in self.blocks)


class Pair:
    """An exchange and, where there is one, its baseline's. `missed`: betas for which a baseline was asked for in vain."""

    def __init__(self, facts: Facts, baseline: Facts | None = None) -> None:
        self.facts = facts
        self.missed: set[str] = set()
        self._baseline = baseline

    def alone(self, name: str) -> Facts | None:
        """The baseline where it tells something of this beta: it was answered or refused, and did without the beta."""
        baseline = self._baseline
        if baseline is None:
            self.missed.add(name)
        return None if baseline is None or baseline.status is None or name in baseline.betas else baseline


def member(node: Any, *steps: str) -> Any:
    """What stands at these members, None where there is nothing."""
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
    return node


def objects(values: Any) -> Iterator[dict[str, Any]]:
    """The objects in what may be a list."""
    return (value for value in values if isinstance(value, dict)) if isinstance(values, list) else iter(())


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
