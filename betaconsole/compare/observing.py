"""From the stored exchanges of a comparison to the numbers that its columns are compared by.

A cell counts where it succeeded; its turns are summed as the figures of the page are (runs.pages.figures). The number of
queries is the same for any number of columns, cells and turns, and bodies are never loaded.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from betaconsole.drafts.models import Engine
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages.figures import KINDS, OF_TIME, Turns
from betaconsole.runs.states import State
from betaconsole.runs.tallying import REASONS, Standing, why_left_out
from betaconsole.statistics import figures
from betaconsole.statistics.figures import MEASURED, Figure
from betaconsole.statistics.inputs import MOST, Cell, Column, Inputs
from betaconsole.storage.fields import showable

from .checking import Held, checked, checks_of
from .reading_answers import CALLS, Answer, answers
from .voting import preferences

REFUSAL = "refusal"  # the stop reason
STOPPED = REASONS[State.CANCELLED]
MOST_VALUES = 24  # different stop reasons, and different types of blocks, that have a figure of their own
MOST_NAME = 60
NEEDED = (
    *(
        "public_id",
        "comparison",
        "variant",
        "case",
        "repeat",
        "attempt",
        "turn",
        "state",
        "version",
        "refused_betas",
        "stream",
        "stop_reason",
    ),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost_usd"),
    *("first_byte_ms", "first_text_ms", "total_ms"),
)
# The figure of the page that each of ours is read as.
READ_AS = {
    "output_tokens": "output",
    "input_tokens": "input",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
    "cost_usd": "cost",
    "first_text_ms": "first_text",
    "total_ms": "total",
    "tokens_per_second": "speed",
}
OF_A_COUNT = ("input_tokens", "total_ms", "longest_silence_ms")
ONLY_WHERE_SEEN = ("cache_read_tokens", "cache_write_tokens", "tool_calls")

_READERS: Mapping[str, Callable[[Turns], float | None]] = {
    key: kind.read for kind in KINDS for key, name in READ_AS.items() if kind.key == name
}


@dataclass(frozen=True)
class Seen:
    """A cell that counts: what is measured of it, how it ended, and of which blocks or fields it is made."""

    values: Mapping[str, float]
    stop_reason: str
    parts: Mapping[str, int]
    digest: str
    held: Held


def inputs_of(comparison: Comparison) -> Inputs:
    """What is compared, as it stands now. Six queries at most, seven with checks."""
    variants = list(comparison.variants.only("comparison", "position", "baseline", "role", "betas", "model"))
    cells, waiting = _cells(comparison), _waiting(comparison)
    counted = {
        variant.pk: {cell: turns for cell, turns in cells[variant.pk].items() if _why_left_out(turns, waiting) == ""}
        for variant in variants
    }
    versions = {turn.public_id: turn.version for each in counted.values() for turns in each.values() for turn in turns}
    read = answers.of(comparison, versions)
    told = checked.of(comparison, [turns for each in counted.values() for turns in each.values()])
    seen = {pk: {cell: _seen(turns, read, told) for cell, turns in each.items()} for pk, each in counted.items()}
    shown = _figures(comparison, [one for each in seen.values() for one in each.values()])
    judged = preferences(comparison, variants, {pk: frozenset(each) for pk, each in counted.items()})
    positions = {variant.pk: variant.position for variant in variants}
    columns = [
        Column(
            position=variant.position,
            baseline=None if variant.baseline_id is None else positions.get(variant.baseline_id),
            role=variant.role,
            betas=tuple(variant.betas),
            model=variant.model,
            planned=len(cells[variant.pk]),
            values={figure.key: _values(figure, seen[variant.pk]) for figure in shown}
            | {one.figure.key: one.values.get(variant.pk, {}) for one in judged},
            excluded=_excluded(cells[variant.pk].values(), waiting),
            outputs={cell: one.digest for cell, one in seen[variant.pk].items() if one.digest},
        )
        for variant in variants
    ]
    return Inputs(
        columns=tuple(columns),
        figures=(*shown, *(one.figure for one in judged)),
        # Who stops half-way has looked, as has who asks for more afterwards or sends again what failed.
        extended=comparison.planned_repeats is not None
        or any(STOPPED in column.excluded for column in columns)
        or any(turn.attempt > 1 for each in cells.values() for turns in each.values() for turn in turns),
        finished=not waiting
        and not any(_why_left_out(turns, waiting) is None for each in cells.values() for turns in each.values()),
        seed=comparison.seed if comparison.seed is not None else comparison.pk,
    )


def forget(comparison: Comparison) -> None:
    """Its verdict is kept: what was read of its cells is not held any longer."""
    answers.forget(comparison)
    checked.forget(comparison)


def _cells(comparison: Comparison) -> dict[int, dict[Cell, list[Exchange]]]:
    """By column and cell the turns in order, each by its last attempt."""
    cases = dict(comparison.cases.values_list("pk", "position"))
    found: dict[int, dict[Cell, dict[int, Exchange]]] = defaultdict(lambda: defaultdict(dict))
    for one in comparison.exchanges.only(*NEEDED).order_by("repeat", "turn", "attempt"):
        found[one.variant_id][cases[one.case_id], one.repeat][one.turn] = one
    turns = {pk: {cell: list(each.values()) for cell, each in cells.items()} for pk, cells in found.items()}
    return defaultdict(dict, turns)


def _waiting(comparison: Comparison) -> frozenset[int]:
    """The exchanges whose cells wait for a person."""
    return frozenset(comparison.waits.values_list("exchange_id", flat=True))


def _why_left_out(turns: Sequence[Exchange], waiting: frozenset[int]) -> str | None:
    """As `tallying.why_left_out`: empty where the cell counts, None where it is still to come."""
    last = turns[-1]
    return why_left_out(Standing(last.state, last.pk in waiting, last.refused_betas))


def _excluded(cells: Iterable[Sequence[Exchange]], waiting: frozenset[int]) -> dict[str, int]:
    """Why how many cells do not count; those still to come are not among them."""
    return dict(Counter(why for turns in cells if (why := _why_left_out(turns, waiting))))


# What is seen of a cell -------------------------------------------------------------------------------------------------


def _seen(turns: Sequence[Exchange], read: Mapping[str, Answer], checked: Mapping[str, Held]) -> Seen:
    told = [read[turn.public_id] for turn in turns if turn.public_id in read]
    values = {key: reader(turns) for key, reader in _READERS.items()}
    values["longest_silence_ms"] = max(
        (one.longest_silence_ms for one in told if one.longest_silence_ms is not None), default=None
    )
    values["text_length"] = _sum([one.characters for one in told])
    values["tool_calls"] = _sum([one.tool_calls for one in told])
    return Seen(
        values={key: float(value) for key, value in values.items() if value is not None and value <= MOST},
        stop_reason=showable(turns[-1].stop_reason)[:MOST_NAME],
        parts=_parts(told),
        digest=" ".join(one.digest for one in told) if all(one.digest for one in told) else "",
        held=checked.get(turns[-1].public_id, {}),
    )


def _parts(told: Sequence[Answer]) -> Counter[str]:
    """How many blocks of each type its turns have together."""
    found: Counter[str] = Counter()
    for one in told:
        found.update({showable(name)[:MOST_NAME]: count for name, count in one.parts.items() if name})
    return found


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _figures(comparison: Comparison, seen: Sequence[Seen]) -> tuple[Figure, ...]:
    """The figures there are of these cells: times alone where no message answers, and none where a batch answers."""
    met = {key for one in seen for key, value in one.values.items() if value or key not in ONLY_WHERE_SEEN}
    chosen = [figure for figure in MEASURED if figure.key in met]
    parts = Counter(chain.from_iterable(one.parts for one in seen))
    if not comparison.endpoint.is_messages:
        differing = Counter({name: count for name, count in parts.items() if count < len(seen)})
        of_a_count = (figure for figure in chosen if figure.key in OF_A_COUNT)
        return (*of_a_count, *_checks(comparison), *map(field, _most(differing)))
    if comparison.engine == Engine.BATCH:
        timeless = {key for key, name in READ_AS.items() if name not in OF_TIME}
        chosen = [figure for figure in chosen if figure.key in timeless | {"text_length", "tool_calls"}]
    reasons = Counter(one.stop_reason for one in seen if one.stop_reason not in ("", REFUSAL))
    repeated = Counter(name for one in seen for name, count in one.parts.items() if count > 1 and name not in CALLS)
    return (
        *chosen,
        *_checks(comparison),
        *map(blocks, _most(repeated)),
        *([figures.REFUSAL] if seen else []),
        *map(figures.stop_reason, _most(reasons)),
        *map(figures.block_type, _most(parts)),
    )


def _checks(comparison: Comparison) -> Iterable[Figure]:
    return (figures.check(check.name) for check in checks_of(comparison))


def blocks(kind: str) -> Figure:
    """How many blocks of a type, where some cells have several: thinking between tool calls is one more block."""
    return Figure(f"blocks:{kind}", f"Number of {kind} blocks", "count")


def field(name: str) -> Figure:
    """Of other endpoints: whether the JSON that answered has this field."""
    return Figure(f"field:{name}", f"With {name}", "share")


def _most(counted: Counter[str]) -> list[str]:
    """The values that are met most often, in an order that does not depend on which came first."""
    return sorted(counted, key=lambda value: (-counted[value], value))[:MOST_VALUES]


def _values(figure: Figure, seen: Mapping[Cell, Seen]) -> dict[Cell, float]:
    kind, _, name = figure.key.partition(":")
    if kind == "blocks":
        return {cell: float(one.parts.get(name, 0)) for cell, one in seen.items()}
    if kind == "check":
        return {cell: float(one.held[name]) for cell, one in seen.items() if name in one.held}
    if not figure.is_share:
        return {cell: one.values[figure.key] for cell, one in seen.items() if figure.key in one.values}
    return {cell: float(_happened(kind, name, one)) for cell, one in seen.items()}


def _happened(kind: str, name: str, one: Seen) -> bool:
    if kind in ("block", "field"):
        return name in one.parts
    return one.stop_reason == (name if kind == "stop_reason" else REFUSAL)
