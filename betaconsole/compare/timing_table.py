"""The numbers beside the drawn streams, with how far each lies from its baseline's. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from betaconsole.diffing.timing import Sizes, Timing
from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.figures import Cell, difference, tokens_per_second
from betaconsole.web.templatetags.figures import DASH, count, ms, rate, size

from .timing_drawing import how_it_came


@dataclass(frozen=True)
class Measured:
    """A column's cell: its timing and its turns."""

    letter: str
    timing: Timing
    turns: Sequence[Exchange]
    against: str = ""  # the letter of the column it is compared with, where that is here too


@dataclass(frozen=True)
class Value:
    """One number of one column: `difference` from its baseline's (`+18 ms · +2 %`), `note` what else there is to say."""

    text: str
    difference: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    label: str
    hint: str
    values: Sequence[Value]


@dataclass(frozen=True)
class ToolRow:
    """How the JSON of one tool call came."""

    letter: str
    turn: int
    name: str
    manner: str
    characters: str
    largest: str
    took: str


@dataclass(frozen=True)
class Kind:
    """A row: how its number is read and written; `note` adds to it. `in_ms`: the difference is said in time as well."""

    label: str
    read: Callable[[Measured], float | None]
    write: Callable[..., str]
    hint: str = ""
    note: Callable[[Measured], str] = lambda measured: ""
    in_ms: bool = False


def _bytes(value: float | None) -> str:
    return size(None if value is None else round(value))


def _whole(value: float | None) -> str:
    return count(None if value is None else round(value))


def _moment(kind: str) -> Callable[[Measured], float | None]:
    return lambda one: next((mark.at_ms for mark in one.timing.marks if mark.kind == kind), None)


def _turn_of(kind: str) -> Callable[[Measured], str]:
    """In which turn the moment was, where it was not the first."""

    def note(one: Measured) -> str:
        turn = next((mark.turn for mark in one.timing.marks if mark.kind == kind), 1)
        return f"in turn {turn}" if turn > 1 else ""

    return note


def _since(one: Measured) -> str:
    return f"from {ms(one.timing.silences[0].start_ms)}" if one.timing.silences else ""


def _up_to(sizes: Callable[[Timing], Sizes], write: Callable[..., str]) -> Callable[[Measured], str]:
    return lambda one: f"up to {write(largest)}" if (largest := sizes(one.timing).largest) is not None else ""


def _unplaced(one: Measured) -> str:
    hidden = round(one.timing.rate.unplaced_tokens)
    return f"without {count(hidden)} tokens that were not shown" if hidden else ""


def _events(one: Measured) -> float | None:
    return sum(turn.events for turn in one.timing.turns) or None


KINDS = (
    Kind("First byte", _moment("first_byte"), ms, in_ms=True),
    Kind("First thinking", _moment("first_thinking"), ms, note=_turn_of("first_thinking"), in_ms=True),
    Kind("First text", _moment("first_text"), ms, note=_turn_of("first_text"), in_ms=True),
    Kind("First tool JSON", _moment("first_tool_json"), ms, note=_turn_of("first_tool_json"), in_ms=True),
    Kind("Longest silence", lambda one: one.timing.longest_silence_ms, ms, "pings left out", _since, in_ms=True),
    Kind("Thinking", lambda one: one.timing.time_in("thinking"), ms, "its blocks were open", in_ms=True),
    Kind("Text", lambda one: one.timing.time_in("text"), ms, "its blocks were open", in_ms=True),
    Kind("Total", lambda one: one.timing.total_ms, ms, in_ms=True),
    Kind("Tokens per second", lambda one: tokens_per_second(one.turns), rate, "a streamed answer's from its first byte on"),
    Kind("Highest rate", lambda one: one.timing.rate.peak, rate, "in one bar", _unplaced),
    Kind("Events", _events, _whole),
    Kind("Arrivals", lambda one: one.timing.arrivals.count or None, _whole, "moments with bytes"),
    Kind("Bytes by arrival", lambda one: one.timing.arrivals.median, _bytes, "median", _up_to(lambda timing: timing.arrivals, size)),
    Kind("Characters by piece", lambda one: one.timing.pieces.median, _whole, "median", _up_to(lambda timing: timing.pieces, count)),
)  # fmt: skip


def table_of(columns: Sequence[Measured]) -> list[Row]:
    """Every number that at least one column has."""
    by_letter = {column.letter: column for column in columns}
    rows = [_row(kind, columns, by_letter) for kind in KINDS]
    return [row for row in rows if any(value.text != DASH for value in row.values)]


def _row(kind: Kind, columns: Sequence[Measured], by_letter: Mapping[str, Measured]) -> Row:
    return Row(kind.label, kind.hint, [_value(kind, column, by_letter.get(column.against)) for column in columns])


def _value(kind: Kind, column: Measured, beside: Measured | None) -> Value:
    value = kind.read(column)
    base = kind.read(beside) if beside else None
    if value is None:
        return Value(kind.write(None))
    # What did not succeed is no faster answer.
    counts = beside is not None and Cell(column.turns).counts and Cell(beside.turns).counts
    said = _difference(value, base, in_ms=kind.in_ms) if counts else ""
    return Value(kind.write(value), said, kind.note(column))


def _difference(value: float, base: float | None, *, in_ms: bool) -> str:
    relative = difference(value, base)
    if not in_ms or base is None or value == base:
        return relative
    sign = "+" if value > base else "−"
    return f"{sign}{ms(abs(value - base))} · {relative}"


def tools_of(columns: Sequence[Measured]) -> list[ToolRow]:
    """Every tool call of these columns, in order."""
    return [
        ToolRow(
            letter=column.letter,
            turn=tool.turn,
            name=tool.name or DASH,
            manner=how_it_came(tool),
            characters=count(tool.characters),
            largest=DASH if tool.largest_share is None else f"{tool.largest_share * 100:.0f} %",
            took=ms(tool.end_ms - tool.start_ms),
        )
        for column in columns
        for tool in column.timing.tool_inputs
    ]
