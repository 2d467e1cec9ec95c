"""The timing of cells, each read once: what was kept of a stream that has ended never changes, so that the next look need
not take half a million events apart again."""

from array import array
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from betaconsole.diffing.timing import Recorded, Timing, length_ms, timing_of
from betaconsole.diffing.timing_rate import bin_for
from betaconsole.runs.models import Exchange

from .recorded import recorded_turns

MOST_KEPT = 32  # cells; one of half a million events has 4 MB of moments
Key = tuple[tuple[int, str], ...]  # row and id of each turn that has ended, in order


@dataclass(frozen=True)
class Read:
    """What the streams of a cell say about time, and the `moments` at which events came, in milliseconds on its axis."""

    timing: Timing
    moments: Sequence[float]


@dataclass(frozen=True)
class _Kept:
    length_ms: float
    bin_ms: int
    read: Read


_kept: OrderedDict[Key, _Kept] = OrderedDict()
_lock = Lock()


def read_cells(cells: Sequence[Sequence[Exchange]]) -> list[Read]:
    """Each cell, from its turns in order as far as they have ended; the bins of the rate fit one axis for all."""
    ended = [[turn for turn in turns if turn.is_final] for turns in cells]
    turns = {tuple((turn.pk, turn.public_id) for turn in one): one for one in ended}
    known = _known(turns)
    recorded = _recorded(turns, turns.keys() - known.keys())
    lengths = {key: known[key].length_ms if key in known else length_ms(recorded[key]) for key in turns}
    bin_ms = bin_for(max(lengths.values(), default=0.0))
    reads = {key: one.read for key, one in known.items() if one.bin_ms == bin_ms}
    recorded |= _recorded(turns, turns.keys() - reads.keys() - recorded.keys())
    reads |= {key: _read(recorded[key], bin_ms) for key in turns.keys() - reads.keys()}
    _keep({key: _Kept(lengths[key], bin_ms, read) for key, read in reads.items()})
    return [reads[tuple((turn.pk, turn.public_id) for turn in one)] for one in ended]


def _recorded(turns: Mapping[Key, Sequence[Exchange]], keys: Collection[Key]) -> dict[Key, list[Recorded]]:
    """The recorded streams of these cells; asks the database once, where there are any."""
    return dict(zip(keys, recorded_turns([turns[key] for key in keys]), strict=True)) if keys else {}


def _read(recorded: Sequence[Recorded], bin_ms: int) -> Read:
    timing = timing_of(recorded, bin_ms=bin_ms)
    moments = (
        turn.start_ms + float(event[0])
        for turn, one in zip(timing.turns, recorded, strict=True)
        for event in one.timeline
    )
    return Read(timing, array("d", moments))


def _known(keys: Collection[Key]) -> dict[Key, _Kept]:
    with _lock:
        found = {key: _kept[key] for key in keys if key in _kept}
        for key in found:
            _kept.move_to_end(key)
    return found


def _keep(read: Mapping[Key, _Kept]) -> None:
    with _lock:
        _kept.update(read)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
