"""What changed between two sides in one line: `12 words added, 3 removed · 1 block more`."""

from betaconsole.diffing.blocks import MessageDiff
from betaconsole.diffing.words import ADDED, REMOVED, Budget, text_diff
from betaconsole.runs.states import State

from .sides import Sides, TurnPair, said
from .structure import messages

# A line on a card is worth less time than the page behind it.
MAX_CELLS = 8_000 * 8_000


def gist_of(sides: Sides) -> str:
    """The line; empty where a side has not come to its end, or did not succeed."""
    if not all(side.turns and side.turns[-1].state == State.SUCCEEDED for side in (sides.left, sides.right)):
        return ""
    turns = sides.turns
    diffs = [messages(pair, Budget(cells=0)) for pair in turns]
    parts = [
        _words(turns),
        _more(_blocks(diffs), "block"),
        _more(len(sides.right.turns) - len(sides.left.turns), "turn"),
    ]
    return " · ".join(filter(None, [*parts, _stop(sides)]))


def _words(turns: list[TurnPair]) -> str:
    budget = Budget(cells=MAX_CELLS)
    texts = [(said(pair.left), said(pair.right)) for pair in turns]
    if all(left == right for left, right in texts):
        return "same words" if any(left for left, _ in texts) else ""
    diffs = [text_diff(left, right, budget=budget) for left, right in texts]
    if any(diff.level == "lines" for diff in diffs):
        return "other words, too many to count here"
    added, removed = (sum(diff.words(kind) for diff in diffs) for kind in (ADDED, REMOVED))
    if not added and not removed:
        return "same words, other marks or blanks"
    both = [f"{count:,} {what}" for count, what in ((added, "added"), (removed, "removed")) if count]
    first, *rest = both
    number, what = first.split(" ", 1)
    return ", ".join([f"{number} word{'' if number == '1' else 's'} {what}", *rest])


def _blocks(diffs: list[MessageDiff]) -> int:
    return sum(diff.count("added") - diff.count("removed") for diff in diffs)


def _more(count: int, what: str) -> str:
    if not count:
        return ""
    return f"{abs(count)} {what}{'' if abs(count) == 1 else 's'} {'more' if count > 0 else 'less'}"


def _stop(sides: Sides) -> str:
    """How the right side stopped, where the left one stopped otherwise."""
    left, right = (side.turns[-1].stop_reason for side in (sides.left, sides.right))
    return f"stops with {right}" if right and left != right else ""
