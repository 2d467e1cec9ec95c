"""What the list of comparisons says of each, written when it finishes: a list must not read two thousand exchanges a row."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple

from betaconsole.drafts.columns import letter
from betaconsole.storage.fields import showable

from .models import Exchange, Variant, Wait
from .states import UNFINISHED, State

WORTH_SAYING = 0.05  # smaller differences of medians are not called a change
MAX_MODELS = 8


class Turn(NamedTuple):
    """An exchange as far as a summary needs it. `variant` is its column's key."""

    id: int
    comparison: int
    variant: int
    case: int
    repeat: int
    turn: int
    attempt: int
    state: str
    wait: str | None
    is_refused: bool
    status: int | None
    error_type: str
    failure_kind: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    total_ms: float | None


@dataclass(frozen=True)
class Summary:
    """What became of a comparison's cells. `states` counts them by state, or by what they wait for.

    `failure`: why, where exactly one failed. `change`: the largest difference from the baseline in words, empty where
    there is nothing to compare.
    """

    columns: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    failure: str = ""
    change: str = ""
    models: Sequence[str] = ()
    cost_usd: Decimal | None = None
    slowest_ms: float | None = None

    def dump(self) -> dict[str, Any]:
        """As the column keeps it."""
        kept = asdict(self)
        return kept | {"cost_usd": None if self.cost_usd is None else str(self.cost_usd), "models": list(self.models)}

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "Summary":
        """What `dump` wrote, also in an older version: what it did not have yet is as for a new one."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        cost = known.get("cost_usd")
        return cls(**{**known, "cost_usd": None if cost is None else Decimal(cost)})

    @property
    def is_running(self) -> bool:
        return any(self.states.get(state) for state in UNFINISHED)

    @property
    def is_waiting(self) -> bool:
        """Cells wait for a person, and nothing else is to be done."""
        return not self.is_running and any(self.states.get(reason) for reason in Wait.Reason)


def summaries_of(comparisons: Sequence[int]) -> dict[int, Summary]:
    """The summaries of these comparisons by key, as they stand now. Two queries."""
    turns: dict[int, list[Turn]] = {pk: [] for pk in comparisons}
    names = tuple("wait__reason" if name == "wait" else name for name in Turn._fields if name != "is_refused")
    position = Turn._fields.index("is_refused")
    read = [*names[:position], "refused_betas", *names[position:]]
    for values in Exchange.objects.filter(comparison__in=comparisons).values_list(*read):
        turn = Turn(*values)._replace(is_refused=bool(values[position]))
        turns[turn.comparison].append(turn)
    columns: dict[int, list[Variant]] = {pk: [] for pk in comparisons}
    small = ("pk", "comparison_id", "position", "baseline_id", "model", "role")
    for variant in Variant.objects.filter(comparison__in=comparisons).only(*small).order_by("position"):
        columns[variant.comparison_id].append(variant)
    return {pk: summary_of(columns[pk], turns[pk]) for pk in comparisons}


def summary_of(variants: Sequence[Variant], turns: Sequence[Turn]) -> Summary:
    """What these exchanges of a comparison amount to. Pure."""
    cells = latest(turns)
    failed = [turn for turn in cells if turn.state == State.FAILED and not turn.wait]
    refused = sum(turn.is_refused for turn in failed)
    costs = [turn.cost_usd for turn in turns if turn.cost_usd is not None]
    models = dict.fromkeys([*(variant.model for variant in variants), *(turn.model for turn in turns)])
    return Summary(
        columns=len(variants),
        states=dict(Counter(turn.wait or turn.state for turn in cells)),
        refused=refused,
        failure=_why(failed[0]) if len(failed) == 1 and not refused else "",
        change=biggest_change(variants, cells),
        models=[model for model in models if model][:MAX_MODELS],
        cost_usd=sum(costs, Decimal(0)) if costs else None,
        slowest_ms=max((turn.total_ms for turn in turns if turn.total_ms is not None), default=None),
    )


def latest(turns: Iterable[Turn]) -> list[Turn]:
    """Of each cell the exchange at which it stands: of its last turn the last attempt."""
    found: dict[tuple[int, int, int], Turn] = {}
    for turn in turns:
        cell = (turn.variant, turn.case, turn.repeat)
        if cell not in found or (turn.turn, turn.attempt) > (found[cell].turn, found[cell].attempt):
            found[cell] = turn
    return list(found.values())


def _why(turn: Turn) -> str:
    return showable(" ".join(filter(None, [str(turn.status or ""), turn.error_type or turn.failure_kind])))


# The largest difference -------------------------------------------------------------------------------------------------

# Times are left out: of one run they are noise, and the comparison's own page weighs them.
FIGURES: Mapping[str, Callable[[Turn], float | None]] = {
    "output": lambda turn: turn.output_tokens,
    "input": lambda turn: turn.input_tokens,
    "cost": lambda turn: None if turn.cost_usd is None else float(turn.cost_usd),
}


def biggest_change(variants: Sequence[Variant], cells: Sequence[Turn]) -> str:
    """`B: output −21 %`, `B: refused`, `no difference seen`; empty where no column has answers beside its baseline's.

    Controls are left out: what they show is no finding.
    """
    by_column: dict[int, list[Turn]] = {variant.pk: [] for variant in variants}
    for cell in cells:
        by_column.setdefault(cell.variant, []).append(cell)
    found, is_compared = (0.0, ""), False
    for variant in variants:
        if variant.baseline_id in (None, variant.pk) or variant.role:
            continue
        own, base = by_column[variant.pk], _answered(by_column.get(variant.baseline_id, []))
        if own and base and all(turn.state == State.FAILED for turn in own):
            return f"{letter(variant.position)}: {'refused' if any(turn.is_refused for turn in own) else 'failed'}"
        if (answered := _answered(own)) and base:
            is_compared = True
            found = max(found, _largest(letter(variant.position), answered, base))
    return found[1] or ("no difference seen" if is_compared else "")


def _answered(turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.state == State.SUCCEEDED and not turn.wait]


def _largest(column: str, own: Sequence[Turn], base: Sequence[Turn]) -> tuple[float, str]:
    """How large the largest difference of medians is, as a share, and how it is said."""
    found = (0.0, "")
    for label, read in FIGURES.items():
        values, others = _known(read, own), _known(read, base)
        if not values or not others or (before := median(others)) <= 0:
            continue
        share = median(values) / before - 1
        if abs(share) >= WORTH_SAYING and abs(share) > found[0]:
            sign = "+" if share > 0 else "−"
            said = f"× {share + 1:,.0f}" if share >= 10 else f"{sign}{abs(share) * 100:.0f} %"
            found = (abs(share), f"{column}: {label} {said}")
    return found


def _known(read: Callable[[Turn], float | None], turns: Sequence[Turn]) -> list[float]:
    return [value for turn in turns if (value := read(turn)) is not None]
