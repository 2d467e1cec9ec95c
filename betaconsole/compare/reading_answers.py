"""What one stored answer shows beyond its columns: length, blocks, tool calls, silence, and whether another says the same."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from betaconsole.claude.blocks import text_of
from betaconsole.diffing.timing_silence import longest_silence_ms
from betaconsole.runs.models import Comparison
from betaconsole.runs.states import State
from betaconsole.runs.stored import read_added, read_message

from .kept_cells import KeptCells

AT_ONCE = 20  # answers that are fetched together
FEW = 500  # as many are asked for by their ids
MOST_KEPT = 20_000
MOST_DEPTH = 20
CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
# What the API makes up anew for every answer: two that differ in nothing else said the same.
MADE_ANEW = frozenset(
    {
        *("id", "tool_use_id", "signature", "file_id", "container_id", "fallback_credit_token"),
        *("encrypted_content", "encrypted_index", "encrypted_stdout", "encrypted_stderr"),
    }
)

_compact = partial(json.dumps, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `characters` and `tool_calls` are None where no message answered, `longest_silence_ms` where nothing was
    streamed. `parts`: of a message how many blocks of each type it has, of other JSON its fields. `digest` is the same for
    answers whose content differs in ids and signatures only; empty where there is none."""

    characters: int | None
    tool_calls: int | None
    parts: Mapping[str, int]
    longest_silence_ms: float | None
    digest: str


def read_answer(message: bytes | None, timeline: bytes | None, *, is_message: bool) -> Answer:
    """From the two columns as they are stored. `is_message`: the endpoint answers messages, not other JSON."""
    events = read_added(timeline)
    silence = longest_silence_ms(events) if isinstance(events, list) else None
    told = read_message(message)
    if told is None:
        return Answer(None, None, {}, silence, "")
    if not is_message:
        return Answer(None, None, dict.fromkeys(told, 1), silence, _digest(_same(told, MOST_DEPTH)))
    content = told.get("content")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    types = [str(block.get("type", "")) for block in blocks]
    return Answer(
        characters=len(text_of(told)),
        tool_calls=sum(kind in CALLS for kind in types),
        parts=Counter(types),
        longest_silence_ms=silence,
        digest=_digest(_same(content, MOST_DEPTH)),
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(_compact(value).encode()).hexdigest()[:16]


def _same(value: Any, depth: int) -> Any:
    """The value without what is made anew. What goes into a tool is taken as it is: an id in there was chosen by the model."""
    if not depth:
        return None
    if isinstance(value, list):
        return [_same(each, depth - 1) for each in value]
    if not isinstance(value, dict):
        return value
    left_out = MADE_ANEW | {"data"} if value.get("type") == "redacted_thinking" else MADE_ANEW
    return {
        name: given if name == "input" else _same(given, depth - 1)
        for name, given in value.items()
        if name not in left_out
    }


class Answers:
    """Answers that were read before: an exchange that has ended changes no more, unless its bytes are read anew."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._kept: KeptCells[tuple[str, int], Answer] = KeptCells(most)  # by public id and version

    def of(self, comparison: Comparison, wanted: Mapping[str, int]) -> Mapping[str, Answer]:
        """By public id the answers of these exchanges of it, which have succeeded; `wanted` has the version of each. One query
        where some are new, else none."""
        kept = self._kept.of(comparison.public_id, wanted.items())
        found = {key: answer for (key, _), answer in kept.items()}
        missing = wanted.keys() - found.keys()
        if missing:
            fresh = _read(comparison, missing)
            found |= fresh
            self._kept.add(comparison.public_id, {(key, wanted[key]): answer for key, answer in fresh.items()})
        return found

    def forget(self, comparison: Comparison) -> None:
        """Nobody will ask for its answers soon."""
        self._kept.forget(comparison.public_id)

    def __len__(self) -> int:
        return len(self._kept)


def _read(comparison: Comparison, keys: Collection[str]) -> dict[str, Answer]:
    """One answer after the other: two thousand long ones are never in memory together."""
    rows = comparison.exchanges.filter(state=State.SUCCEEDED)
    if len(keys) <= FEW:
        rows = rows.filter(public_id__in=keys)
    read = rows.values_list("public_id", "message", "timeline").iterator(chunk_size=AT_ONCE)
    is_message = comparison.endpoint.is_messages
    return {
        key: read_answer(message, timeline, is_message=is_message) for key, message, timeline in read if key in keys
    }


answers = Answers()
