"""The Checks tab: what is checked of each output, and for how many answers of each column it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude import jsontext
from betaconsole.runs.models import Comparison, Variant
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.statistics.inputs import Inputs
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.htmx import by_htmx

from .check_form import EMPTY, KINDS, CheckForm, Refused, read_form
from .checking import checks_of, set_checks
from .evidence import evidence_of
from .evidence_views import variants_of
from .tabs import show_tab


@dataclass(frozen=True)
class CheckRow:
    """One check: its name, what it says, and per column `18 of 20`; empty where nothing counts."""

    name: str
    said: str
    held: Sequence[str]


@requires(Role.VIEWER)
@require_safe
def checks(request: TeamRequest, public_id: str) -> HttpResponse:
    return _tab(request, visible_comparison(request, public_id))


@requires(Role.MEMBER)
@require_POST
def add_check(request: TeamRequest, public_id: str) -> HttpResponse:
    """One more check, from the fields of the form or, to undo a removal, `written` as it was."""
    comparison, typed = visible_comparison(request, public_id), request.POST.dict()
    try:
        with transaction.atomic():
            there = _held(comparison)
            set_checks(comparison, [*there, read_form(typed, there=there)])
    except Refused as error:
        return _tab(request, comparison, form=CheckForm(typed, error.problems), status=422)
    return _changed(request, comparison)


@requires(Role.MEMBER)
@require_POST
def remove_check(request: TeamRequest, public_id: str) -> HttpResponse:
    """Without the check of this `name`; the answer offers to put it back."""
    comparison = visible_comparison(request, public_id)
    with transaction.atomic():
        there = _held(comparison)
        names = [check.name for check in checks_of(comparison)]
        gone = [check for name, check in zip(names, there, strict=False) if name == request.POST.get("name")]
        set_checks(comparison, [check for check in there if check not in gone])
    return _changed(request, comparison, gone=gone)


def _held(comparison: Comparison) -> list[Any]:
    """Its checks as they are now, held until the transaction ends, so that two people add two."""
    comparison.checks = Comparison.objects.select_for_update(no_key=True).get(pk=comparison.pk).checks
    return list(comparison.checks)


def _changed(request: TeamRequest, comparison: Comparison, *, gone: Sequence[Any] = ()) -> HttpResponse:
    if by_htmx(request) or gone:
        return _tab(request, comparison, gone=gone)
    return redirect("compare:checks", comparison.public_id)


def _tab(
    request: TeamRequest,
    comparison: Comparison,
    *,
    form: CheckForm = EMPTY,
    gone: Sequence[Any] = (),
    status: int = 200,
) -> HttpResponse:
    variants = variants_of(comparison)
    context = {
        "variants": variants,
        "rows": rows_of_checks(comparison, variants),
        "kinds": KINDS,
        "form": form,
        "gone": [(check.get("name", check.get("kind")), jsontext.dumps(check)) for check in gone],
    }
    return show_tab(request, comparison, "compare/_checks.html", context, here="checks", status=status)


def rows_of_checks(comparison: Comparison, variants: Sequence[Variant]) -> list[CheckRow]:
    """Each check with how often it holds, column by column."""
    found = checks_of(comparison)
    if not found:
        return []
    inputs = evidence_of(comparison).inputs
    return [
        CheckRow(check.name, check.said, [_holds(inputs, one.position, check.name) for one in variants])
        for check in found
    ]


def _holds(inputs: Inputs, position: int, name: str) -> str:
    column = next((one for one in inputs.columns if one.position == position), None)
    told = column.values.get(f"check:{name}", {}) if column else {}
    return f"{sum(told.values()):.0f} of {len(told)}" if told else ""
