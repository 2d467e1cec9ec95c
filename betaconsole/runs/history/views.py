"""The pages under /history/."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from betaconsole.drafts.models import Draft
from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.audit import record
from betaconsole.teams.models import Role
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import identifier, number

from . import keeping
from .already import already as ran_before
from .asking import asked_for
from .exporting import as_csv, as_jsonl
from .listing import MOST_NEWER, newer_count, rows_for
from .listing import history as history_of
from .menus import menus
from .within import lines_of

# The list ------------------------------------------------------------------------------------------------------------


@requires(Role.VIEWER)
@require_safe
def history(request: TeamRequest) -> HttpResponse:
    query, before = asked_for(request.GET), number(request.GET.get("before"))
    found = history_of(request.user, request.team, query=query, before=before)
    context = {"page": found, "query": str(query), "before": before, "here": address(str(query))}
    if not by_htmx(request):
        typed = request.GET.get("q", "").strip()
        shown = typed if asked_for({"q": typed}) == query else str(query)
        context |= {
            "gone": _just_deleted(request),
            "menus": menus(query, team=request.team, user=request.user),
            "typed": shown,
        }
        return render(request, "runs/history.html", context)
    context["menus"] = menus(query, team=request.team, user=request.user)
    return render(request, "runs/_history_answer.html", context)


def _just_deleted(request: TeamRequest) -> Comparison | None:
    """What was deleted on its own page, which leads here: undoing it is offered to whoever may."""
    deleted = Comparison.objects.filter(request.user.sees(), team=request.team, deleted_at__isnull=False)
    found = deleted.filter(public_id=identifier(request.GET.get("deleted"))).first()
    return found if found and found.may_change(request.membership) else None


def address(query: str, **more: str) -> str:
    """The history with this query."""
    asked = {name: value for name, value in {"q": query, **more}.items() if value}
    return reverse("runs:history") + (f"?{urlencode(asked)}" if asked else "")


@requires(Role.VIEWER)
@require_safe
def export_history(request: TeamRequest, form: str) -> StreamingHttpResponse:
    """Every comparison that matches, as JSONL or CSV."""
    query = asked_for(request.GET)
    record(request, "history exported", about=str(query) or "everything", detail={"form": form})
    chunks = (as_csv if form == "csv" else as_jsonl)(request.user, request.team, query)
    headers = {"Content-Disposition": f'attachment; filename="history.{form}"', "X-Content-Type-Options": "nosniff"}
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
    return StreamingHttpResponse(chunks, content_type=kind, headers=headers)


@requires(Role.VIEWER)
@require_safe
def newer(request: TeamRequest) -> HttpResponse:
    """How many came since the list was made; nothing (204) while there are none."""
    query, since = asked_for(request.GET), number(request.GET.get("than")) or 0
    count = newer_count(request.user, request.team, query, since=since, now=timezone.now())
    if not count:
        return HttpResponse(status=204)
    context = {"count": count, "most": MOST_NEWER, "query": str(query), "newest": since, "here": address(str(query))}
    return render(request, "runs/_history_newer.html", context)


@requires(Role.VIEWER)
@require_safe
def comparison_exchanges(request: TeamRequest, public_id: str) -> HttpResponse:
    """What stands under one row of the list."""
    found, query = visible_comparison(request, public_id), asked_for(request.GET)
    return render(request, "runs/_history_open.html", open_context(request, found, query=query))


def open_context(request: TeamRequest, comparison: Comparison, **more: Any) -> dict[str, Any]:
    """Context of `_history_open.html`."""
    query = more.pop("query", None) or asked_for({})
    found = lines_of(comparison, query, user=request.user, team=request.team, now=timezone.now())
    may_change = comparison.may_change(request.membership)
    tags = ", ".join(comparison.tags or ())
    return {"comparison": comparison, "found": found, "may_change": may_change, "tags": tags, **more}


@requires(Role.MEMBER)
@require_safe
def already(request: TeamRequest) -> HttpResponse:
    """Where what a draft would send ran before, a line above Run; nothing where it did not."""
    drafts = Draft.objects.visible_to(request.user).filter(team=request.team).light()
    draft = get_object_or_404(drafts, public_id=identifier(request.GET.get("draft")))
    context = {"found": ran_before(draft, user=request.user, team=request.team)}
    return render(request, "runs/_already.html", context)


# What people do to one ------------------------------------------------------------------------------------------------


def changeable(request: TeamRequest, public_id: str) -> Comparison:
    """The comparison, where this person may change it; a deleted one too."""
    comparisons = Comparison.objects.filter(request.user.sees(), team=request.team, is_errand=False)
    found = get_object_or_404(
        comparisons.select_related("author", "connection", "team"), public_id=identifier(public_id)
    )
    if not found.may_change(request.membership):
        raise PermissionDenied
    return found


@requires(Role.MEMBER)
@require_POST
def change_comparison(request: TeamRequest, public_id: str) -> HttpResponse:
    """Pin it, name it, tag it: `change` says which."""
    found, problem = changeable(request, public_id), ""
    if found.deleted_at:
        raise Http404
    try:
        match request.POST.get("change"):
            case "pin":
                keeping.pin(found, is_pinned=not found.pinned_at)
            case "rename":
                keeping.rename(found, request.POST.get("title", ""))
            case "tag":
                keeping.tag(found, request.POST.get("tags", ""))
    except keeping.KeepingError as error:
        problem = str(error)
    if not by_htmx(request):
        if problem:
            return _refused(request, "Not changed", problem, status=422)
        return redirect(found if request.POST.get("from") == "page" else "runs:history")
    context = open_context(request, found, problem=problem, query=asked_for(request.GET))
    context |= {"row": rows_for([found])[0]}
    if problem:
        context["tags"] = request.POST.get("tags", "")
    return render(request, "runs/_history_changed.html", context, status=422 if problem else 200)


@requires(Role.MEMBER)
@require_POST
def delete_comparison(request: TeamRequest, public_id: str) -> HttpResponse:
    found = changeable(request, public_id)
    try:
        keeping.delete(found)
    except keeping.KeepingError as error:
        if not by_htmx(request):
            return _refused(request, "Not deleted", str(error), status=409)
        context = open_context(request, found, problem=str(error), row=rows_for([found])[0])
        return render(request, "runs/_history_changed.html", context, status=409)
    if not by_htmx(request):
        return redirect(f"{reverse('runs:history')}?deleted={found.public_id}")
    return _row_or_list(request, found, "runs/_history_deleted.html")


@requires(Role.MEMBER)
@require_POST
def restore_comparison(request: TeamRequest, public_id: str) -> HttpResponse:
    found = changeable(request, public_id)
    try:
        keeping.restore(found)
    except keeping.KeepingError as error:
        return _refused(request, "Not taken back", str(error), status=409)
    return _row_or_list(request, found, "runs/_history_restored.html")


def _refused(request: TeamRequest, heading: str, message: str, *, status: int) -> HttpResponse:
    return render(request, "runs/history_refused.html", {"heading": heading, "message": message}, status=status)


def _row_or_list(request: TeamRequest, comparison: Comparison, template: str) -> HttpResponse:
    if not by_htmx(request):
        return redirect("runs:history")
    return render(request, template, {"comparison": comparison, "row": rows_for([comparison])[0]})
