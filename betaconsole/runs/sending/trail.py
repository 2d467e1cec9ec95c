"""What an answer's events did to its picture, as far as a lane shows it: written by one thread, followed by many."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

from betaconsole.claude.message import Change
from betaconsole.claude.reading import Step

# Fields of a change that are text to show in the block as it comes; a signature is not, and citations come with the card.
SHOWN_FIELDS = {"text", "thinking", "partial_json", "content", "json"}


def is_shown(change: Change) -> bool:
    """Whether a lane shows this while it streams."""
    if change.kind == "open":
        return True
    return change.index >= 0 and change.kind in ("append", "replace") and change.field in SHOWN_FIELDS


class Trail:
    """The changes of one exchange in order; `position` is the number of events they come from, `has_text` tells of a text.

    Kept as plain tuples of plain values, which the garbage collector soon leaves alone. As objects of their own a
    minute of 300 streams was two million of them, and it stopped the process for a second to look at each.
    """

    def __init__(self) -> None:
        self.position = 0
        self.has_text = False
        self._kept: list[tuple[int, str, int, str, str, str]] = []  # the event's position, then the change

    def add(self, steps: Sequence[Step]) -> None:
        """The next events. Whoever reads meanwhile sees all of an event or nothing of it."""
        for step in steps:
            for change in step.changes:
                if is_shown(change):
                    self._kept.append((step.position, *change))
                    self.has_text = self.has_text or change.kind != "open"
        if steps:
            self.position = steps[-1].position

    def between(self, position: int, end: int) -> list[Change]:
        """The changes of the events after `position` up to `end`."""
        start = bisect_right(self._kept, position, key=itemgetter(0))
        stop = bisect_right(self._kept, end, lo=start, key=itemgetter(0))
        return [Change._make(kept[1:]) for kept in self._kept[start:stop]]
