"""Where a draft's columns ran before: the same composed body and cases under the same betas, versions and changes.

Equal bodies are one row of a team, found by their digest; the comparisons that were composed of it are few, and their
columns say the rest. Bodies past `LONGEST` are not looked for: composing one takes longer than anybody would wait here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.drafts.columns import letter
from betaconsole.drafts.composing import NotReady
from betaconsole.drafts.facts import Facts
from betaconsole.drafts.models import Draft
from betaconsole.runs.launching.from_draft import plan_of_draft
from betaconsole.runs.launching.launching import composed_body
from betaconsole.runs.launching.planning import Plan, VariantPlan
from betaconsole.runs.models import Comparison, Variant
from betaconsole.runs.summaries import Summary
from betaconsole.teams.models import Team, User

LONGEST = 1_000_000  # bytes of a body
LOOKED_AT = 60  # comparisons of that body, the newest
SHOWN = 2

Way = tuple[Any, ...]


@dataclass(frozen=True)
class Earlier:
    """A comparison in which columns of the draft ran; `letters` are the draft's, empty where all of them did."""

    comparison: Comparison
    letters: tuple[str, ...]
    said: str  # its verdict, else the largest difference from the baseline in words; empty where there is none


def already(draft: Draft, *, user: User, team: Team) -> list[Earlier]:
    """Where columns of the draft ran before: most of them first, then the newest. Five queries beside reading the draft."""
    if Facts.load(draft.facts).size_bytes > LONGEST:
        return []
    try:
        plan = plan_of_draft(draft)
    except NotReady:
        return []
    if plan.body is None:
        return []
    found = [one for one in _composed_alike(plan, user=user, team=team) if _cases(one) == _plan_cases(plan)]
    wanted = [_plan_way(variant) for variant in plan.variants]
    matched = [(one, _positions(one, wanted)) for one in found]
    best = sorted((pair for pair in matched if pair[1]), key=lambda pair: (-len(pair[1]), -pair[0].pk))
    return [_earlier(one, positions, of=len(wanted)) for one, positions in best[:SHOWN]]


def _composed_alike(plan: Plan, *, user: User, team: Team) -> list[Comparison]:
    digest = hashlib.sha256(composed_body(plan)).hexdigest()
    went_there = (
        Comparison.objects.visible_to(user)
        .listed()
        .filter(
            team=team,
            body__team=team,
            body__sha256=digest,
            method=plan.endpoint.method,
            path=plan.endpoint.path,
            query=plan.endpoint.query,
        )
    )
    newest = went_there.select_related("author").prefetch_related("variants", "cases")
    return list(newest.order_by("-pk")[:LOOKED_AT])


def _earlier(comparison: Comparison, positions: Sequence[int], *, of: int) -> Earlier:
    letters = () if len(positions) == of else tuple(letter(position) for position in positions)
    kept = comparison.summary if comparison.finished_at else None
    change = Summary.load(kept).change if isinstance(kept, Mapping) else ""
    return Earlier(comparison, letters, comparison.verdict or change)


def _positions(comparison: Comparison, wanted: Sequence[Way]) -> list[int]:
    """Which of the draft's columns ran in it."""
    ran = {_way(variant) for variant in comparison.variants.all()}
    return [position for position, way in enumerate(wanted) if way in ran]


def _plan_way(variant: VariantPlan) -> Way:
    """What a column sends, as its row would say it."""
    changes = None if variant.changes is None else jsontext.dumps(variant.changes)
    own_body = None if variant.own_body is None else jsontext.dumps(variant.own_body)
    headers = tuple(sorted((name, value) for name, value in variant.headers))
    return (tuple(sorted(variant.betas)), variant.version, variant.model, changes, own_body, headers)


def _way(variant: Variant) -> Way:
    headers = tuple(sorted((name, value) for name, value in variant.headers))
    betas = tuple(sorted(variant.betas))
    return (betas, variant.anthropic_version, variant.model_override, variant.changes, variant.own_body, headers)


def _cases(comparison: Comparison) -> set[str]:
    return {f"{case.body_id or ''} {jsontext.dumps(case.variables)}" for case in comparison.cases.all()}


def _plan_cases(plan: Plan) -> set[str]:
    """As `_cases` says them; recorded requests have bodies of their own and are not looked for."""
    return {f" {jsontext.dumps(dict(case.variables))}" for case in plan.cases if case.body is None}
