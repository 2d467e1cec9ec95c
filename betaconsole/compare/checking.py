"""Which checks hold for which cells of a comparison."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from betaconsole.checks.checks import Check, CheckError, Output, read_checks
from betaconsole.claude.blocks import text_of
from betaconsole.runs.models import Comparison, Exchange, VerdictDue
from betaconsole.runs.stored import read_message

from .kept_cells import KeptCells
from .reading_answers import AT_ONCE, CALLS

MOST_KEPT = 20_000
Held = Mapping[str, bool]  # by the check's name; what cannot be told is left out


def checks_of(comparison: Comparison) -> list[Check]:
    """Its checks; none where they cannot be read any more."""
    try:
        return read_checks(comparison.checks)
    except CheckError:
        return []


def digest_of(checks: Sequence[Any]) -> str:
    """The same for the same checks in their written form; empty for none."""
    return hashlib.sha256(json.dumps(checks, sort_keys=True).encode()).hexdigest()[:12] if checks else ""


def set_checks(comparison: Comparison, written: Sequence[Mapping[str, Any]]) -> None:
    """Put these in place of the comparison's checks. Raises `CheckError`; then nothing is changed."""
    read_checks(list(written))
    comparison.checks = [dict(check) for check in written]
    with transaction.atomic():
        comparison.save(update_fields=["checks"])
        Comparison.objects.filter(pk=comparison.pk).extend()
        comparison.refresh_from_db(fields=["planned_repeats"])
        VerdictDue.objects.create(comparison=comparison)


class Checked:
    """What was told of cells before: one that counts changes no more, unless the bytes of a turn are read anew."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        # By the public id of the last turn, the sum of all versions, and the digest of the checks.
        self._kept: KeptCells[tuple[str, int, str], Held] = KeptCells(most)

    def of(self, comparison: Comparison, cells: Iterable[Sequence[Exchange]]) -> Mapping[str, Held]:
        """By the public id of its last turn which checks hold for each of these cells. One query where some are new."""
        checks, digest = checks_of(comparison), digest_of(comparison.checks)
        if not checks:
            return {}
        by_last = {turns[-1].public_id: turns for turns in cells}
        keys = {last: (last, sum(turn.version for turn in turns), digest) for last, turns in by_last.items()}
        kept = self._kept.of(comparison.public_id, keys.values())
        found = {last: held for (last, _, _), held in kept.items()}
        fresh = _judged(comparison, [turns for key, turns in by_last.items() if key not in found], checks)
        self._kept.add(comparison.public_id, {keys[last]: held for last, held in fresh.items()})
        return found | fresh

    def forget(self, comparison: Comparison) -> None:
        """Nobody will ask for its cells soon."""
        self._kept.forget(comparison.public_id)

    def __len__(self) -> int:
        return len(self._kept)


def _judged(comparison: Comparison, cells: Sequence[Sequence[Exchange]], checks: Sequence[Check]) -> dict[str, Held]:
    """One cell after the other: two thousand long answers are never in memory together."""
    turns_of = {turn.pk: turns for turns in cells for turn in turns}
    if not turns_of:
        return {}
    rows = comparison.exchanges.filter(variant_id__in={turns[0].variant_id for turns in cells})
    rows = rows.order_by("variant_id", "case_id", "repeat", "turn", "attempt")
    calls: dict[str, list[tuple[str, Any]]] = {}
    judged: dict[str, Held] = {}
    for pk, stored in rows.values_list("pk", "message").iterator(chunk_size=AT_ONCE):
        turns = turns_of.get(pk)
        if turns is None:
            continue
        last, message = turns[-1], read_message(stored) or {}
        calls.setdefault(last.public_id, []).extend(_calls(message))
        if pk == last.pk:
            output = Output(text_of(message), calls.pop(last.public_id), _cost_usd(turns))
            told = {check.name: check.holds(output) for check in checks}
            judged[last.public_id] = {name: holds for name, holds in told.items() if holds is not None}
    return judged


def _calls(message: Mapping[str, Any]) -> list[tuple[str, Any]]:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    made = (block for block in blocks if isinstance(block, dict) and block.get("type") in CALLS)
    return [(str(block.get("name")), block.get("input")) for block in made]


def _cost_usd(turns: Sequence[Exchange]) -> float | None:
    """Of all turns; None where one has none."""
    costs = [turn.cost_usd for turn in turns]
    return None if None in costs else float(sum(cost for cost in costs if cost is not None))


checked = Checked()
