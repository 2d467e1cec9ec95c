"""What all runs of a comparison say together: the verdict above the lanes, the Figures tab, what was said how often."""

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from betaconsole.runs.launching.more_repeats import room_in
from betaconsole.runs.models import Comparison, Variant
from betaconsole.runs.pages.overview import figures_context
from betaconsole.runs.pages.showing import fingerprint, rows_of
from betaconsole.runs.pages.viewing import load
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import number

from .blind import judgeable
from .checking import digest_of
from .evidence import evidence_of
from .figures_tab import Evidence, evidence_for, has_several
from .output_cards import cards_of
from .record import asked_of, changes_of, decided_on, record_columns
from .tabs import show_tab
from .voting import digest_of_votes


@requires(Role.VIEWER)
@require_safe
def verdict(request: TeamRequest, public_id: str) -> HttpResponse:
    """The box above the lanes. While the comparison runs it asks again, and brings the figures along where their tab is open.

    `seen`: what the box shows already, `drawn` the figures; where nothing has moved since there is nothing to say. `running`: it ran then, so
    its end is worth announcing. `again`: to work out once more what could not be worked out.
    """
    comparison = visible_comparison(request, public_id)
    seen, again = _state_of(comparison), "again" in request.GET
    drawn = request.GET.get("drawn", seen)
    if request.GET.get("seen") == seen == drawn and not again:
        return HttpResponse(status=204)
    rows, variants = rows_of(comparison), variants_of(comparison)
    is_running, several = any(row.is_unfinished for row in rows), has_several(rows)
    figure = request.GET.get("figure", "")
    case = number(request.GET.get("case")) or 0
    evidence = evidence_for(comparison, variants, rows, figure=figure, case=case, again=again) if several else None
    context = {
        "comparison": comparison,
        "evidence": evidence,
        "is_running": is_running,
        "is_single": not several and len(variants) > 1 and not is_running and comparison.endpoint.is_messages,
        "offers_checks": not (comparison.checks or digest_of_votes(comparison)),
        "is_open": "drawn" in request.GET,
        "has_ended": "running" in request.GET and not is_running,
        "seen": seen if evidence is None or evidence.is_current else "",
        "more": more_asked(comparison, evidence, columns=len(variants)),
        "more_token": new_public_id(),
    }
    return render(request, "compare/_verdict_answer.html", context)


@requires(Role.VIEWER)
@require_safe
def figures(request: TeamRequest, public_id: str) -> HttpResponse:
    """The tab: all runs together where there are several, and the cell in view by itself."""
    comparison = visible_comparison(request, public_id)
    seen = _state_of(comparison)
    view = load(
        comparison,
        case=number(request.GET.get("case")),
        repeat=number(request.GET.get("repeat")),
        viewer_id=request.user.pk,
        may_run=request.user.may_run,
    )
    evidence = None
    if has_several(view.rows):
        figure = request.GET.get("figure", "")
        evidence = evidence_for(comparison, view.variants, view.rows, figure=figure, case=view.case)
    seen = seen if evidence is None or evidence.is_current else ""
    context = {
        **figures_context(view),
        "evidence": evidence,
        "seen": seen,
        "is_judgeable": bool(judgeable(comparison, view.variants, view.rows)),
    }
    return show_tab(request, comparison, "compare/_figures.html", context, here="figures")


@requires(Role.VIEWER)
@require_safe
def said(request: TeamRequest, public_id: str) -> HttpResponse:
    """One of the different outputs of a column: `?column=B&case=0&output=1`, counted from 0."""
    comparison = visible_comparison(request, public_id)
    if "column" not in request.GET:
        raise BadRequest("column: the letter of a column")
    variants = [one for one in variants_of(comparison) if one.letter == request.GET["column"]]
    case, index = number(request.GET.get("case")) or 0, number(request.GET.get("output")) or 0
    cards = cards_of(comparison, variants, rows_of(comparison), evidence_of(comparison).inputs, case=case, index=index)
    if not cards:
        raise Http404
    return render(request, "compare/_said.html", {"card": cards[0]})


@requires(Role.VIEWER)
@require_safe
def record(request: TeamRequest, public_id: str) -> HttpResponse:
    """All of it on a page for paper."""
    comparison = visible_comparison(request, public_id)
    view = load(comparison, viewer_id=request.user.pk)
    several = has_several(view.rows)
    columns = record_columns(view.variants)
    context = {
        **({} if several else figures_context(view)),
        "comparison": comparison,
        "evidence": evidence_for(comparison, view.variants, view.rows, is_print=True) if several else None,
        "is_running": not view.is_at_rest,
        "columns": columns,
        "changes": changes_of(comparison, columns),
        "asked": asked_of(comparison),
        "decisions": decided_on(comparison),
        "ran": comparison.prompt_version,
        "is_print": True,
    }
    return render(request, "compare/record.html", context)


def more_asked(comparison: Comparison, evidence: Evidence | None, *, columns: int) -> int:
    """How many more repeats the box offers to run; 0 where nothing is open, or so many may not be added."""
    wanted = evidence.box.more if evidence else ()
    if not wanted or comparison.brought:
        return 0
    most = room_in(comparison, columns=columns, cases=comparison.cases.count()).most
    return next((repeats for repeats in wanted if repeats <= most), 0)


def variants_of(comparison: Comparison) -> list[Variant]:
    """The columns without what is heavy."""
    return list(comparison.variants.defer("own_body", "changes"))


def _state_of(comparison: Comparison) -> str:
    """Moves with what has come in, with what is checked of it, and with every vote."""
    return fingerprint(comparison) + digest_of(comparison.checks) + digest_of_votes(comparison)
