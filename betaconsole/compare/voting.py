"""What people preferred who did not know which answer was which, as figures of a comparison."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max

from betaconsole.runs.models import Comparison, Variant
from betaconsole.statistics.figures import PREFERRED, Figure
from betaconsole.statistics.inputs import Cell

from .models import Choice, Vote


@dataclass(frozen=True)
class Preference:
    """The figure of one pair that was judged. `values`: by the key of a column, 1 where it was preferred, else 0."""

    figure: Figure
    values: Mapping[int, Mapping[Cell, float]]


def digest_of_votes(comparison: Comparison) -> str:
    """Another text whenever somebody voted or took a vote back; empty without votes. One query."""
    found = Vote.objects.filter(comparison=comparison).aggregate(count=Count("pk"), newest=Max("pk"))
    return f"{found['count']}/{found['newest']}" if found["count"] else ""


def preferences(
    comparison: Comparison, variants: Sequence[Variant], counted: Mapping[int, Collection[Cell]]
) -> list[Preference]:
    """Of each column that was judged against its baseline its own figure: what a column says of a cell is about one pair.

    Where one pair was judged the figure is `preferred`; of several each has its own, `preferred:B`, so that a baseline that
    several columns share is never given one value for different questions. Only the two columns of the pair have values,
    and only in cells that count in both (`counted`, by the column's key) and were judged. A tie is 0 for both. One query.
    """
    by_pair: dict[tuple[int, int], dict[Cell, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = Vote.objects.filter(comparison=comparison).order_by("pk")
    for baseline, variant, case, repeat, choice in rows.values_list(
        "baseline_id", "variant_id", "case_position", "repeat", "choice"
    ):
        if (case, repeat) in counted.get(baseline, ()) and (case, repeat) in counted.get(variant, ()):
            by_pair[baseline, variant][case, repeat].append(choice)
    judged = [one for one in variants if one.baseline_id and (one.baseline_id, one.pk) in by_pair]
    letters = {variant.pk: variant.letter for variant in variants}
    return [
        Preference(
            _figure(one.letter, letters[one.baseline_id or 0]) if len(judged) > 1 else PREFERRED,
            _values(one, by_pair[one.baseline_id or 0, one.pk]),
        )
        for one in judged
    ]


def agreed(choices: Iterable[str]) -> str:
    """What most of the voters of a cell chose; where none has the most, neither is preferred."""
    (most, count), *others = Counter(choices).most_common()
    return Choice.NEITHER if others and others[0][1] == count else most


def _figure(letter: str, baseline: str) -> Figure:
    return Figure(f"{PREFERRED.key}:{letter}", f"{PREFERRED.label}, {letter} or {baseline}", "share")


def _values(variant: Variant, judged: Mapping[Cell, Sequence[str]]) -> dict[int, dict[Cell, float]]:
    told = {cell: agreed(choices) for cell, choices in judged.items()}
    return {
        variant.pk: {cell: float(choice == Choice.VARIANT) for cell, choice in told.items()},
        variant.baseline_id or 0: {cell: float(choice == Choice.BASELINE) for cell, choice in told.items()},
    }
