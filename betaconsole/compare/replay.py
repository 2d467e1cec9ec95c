"""A recorded stream as a schedule: what a lane showed, and when. The page plays it; no thread of the server's is held."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude.errors import LimitExceeded
from betaconsole.claude.message import Change
from betaconsole.runs.models import Exchange
from betaconsole.runs.sending.deriving import reading_of
from betaconsole.runs.sending.trail import is_shown
from betaconsole.storage.fields import showable

from .recorded import recorded_of

MAX_STEPS = 50_000
MAX_CHARACTERS = 2_000_000
FEED_BYTES = 64 * 1024
TOO_LONG = "This stream is too long to be replayed here."
NO_STREAM = "There is no recorded stream to replay."


@dataclass(frozen=True)
class Step:
    """One change at a moment, in ms on the axis. `block` tells blocks of all turns apart.

    `opens`: the type and label of a block that begins here, else None. `replaces`: `text` stands in the place of what was
    there.
    """

    at_ms: float
    block: str
    text: str
    opens: tuple[str, str] | None = None
    replaces: bool = False

    def dump(self) -> dict[str, Any]:
        said: dict[str, Any] = {"at": self.at_ms, "block": self.block, "text": self.text}
        if self.opens:
            said |= {"type": self.opens[0], "label": self.opens[1]}
        return said | ({"replaces": True} if self.replaces else {})


@dataclass(frozen=True)
class Schedule:
    """What to show and when, until `total_ms`. `problem`: why there is nothing to play, in a sentence."""

    total_ms: float
    steps: Sequence[Step]
    problem: str = ""

    def dump(self) -> dict[str, Any]:
        return {"total": self.total_ms, "steps": [step.dump() for step in self.steps], "problem": self.problem}


def schedule_of(turns: Sequence[Exchange]) -> Schedule:
    """The schedule of a cell's turns one after the other, loaded with their bodies; of one exchange alike."""
    steps: list[Step] = []
    start_ms, characters = 0.0, 0
    for number, turn in enumerate(turns, start=1):
        recorded = recorded_of(turn)
        if len(turns) > 1:
            steps.append(Step(start_ms, f"turn-{number}", "", opens=("turn", f"Turn {turn.turn}")))
        for step in _merged(_steps(turn, recorded.timeline, recorded.received, start_ms, f"{number}")):
            steps.append(step)
            characters += len(step.text)
            if len(steps) > MAX_STEPS or characters > MAX_CHARACTERS:
                return Schedule(0.0, (), TOO_LONG)
        last_ms = float(recorded.timeline[-1][0]) if recorded.timeline else 0.0
        start_ms += max(turn.total_ms or 0.0, last_ms)
    has_text = any(not step.block.startswith("turn") for step in steps)
    return Schedule(round(start_ms, 2), steps) if has_text else Schedule(0.0, (), NO_STREAM)


def _steps(
    turn: Exchange, timeline: Sequence[Sequence[Any]], received: bytes, start_ms: float, name: str
) -> Iterator[Step]:
    for (at_ms, _, _), changes in zip(timeline, _changes(turn, received), strict=False):
        for change in filter(is_shown, changes):
            opens = (showable(change.block_type), showable(change.text)) if change.kind == "open" else None
            text = "" if opens else showable(change.text)
            yield Step(
                round(start_ms + at_ms, 2), f"{name}-{change.index}", text, opens, replaces=change.kind == "replace"
            )


def _changes(turn: Exchange, received: bytes) -> Iterator[Sequence[Change]]:
    """What each event of a stored stream does to its picture."""
    reading = reading_of(turn)
    for start in range(0, len(received), FEED_BYTES):
        try:
            for step in reading.feed(received[start : start + FEED_BYTES]):
                yield step.changes
        except LimitExceeded:
            return


def _merged(steps: Iterable[Step]) -> Iterator[Step]:
    """Text of one block that came at one moment as one step."""
    before: Step | None = None
    for step in steps:
        if before and step.opens is None and not step.replaces and _is_same(before, step):
            before = Step(before.at_ms, before.block, before.text + step.text, before.opens, replaces=before.replaces)
            continue
        if before:
            yield before
        before = step
    if before:
        yield before


def _is_same(before: Step, step: Step) -> bool:
    return before.block == step.block and before.at_ms == step.at_ms
