"""What people say about a comparison. Who may not change a comment is told that there is none."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.htmx import by_htmx

from . import commenting
from .models import Comment
from .panel import NOTHING_REFUSED, Refusal, shown
from .talk import seen, talk_context


@requires(Role.VIEWER)
@require_safe
def discussion(request: TeamRequest, public_id: str) -> HttpResponse:
    """What people added to a comparison: their decisions, and what they said."""
    return shown(request, visible_comparison(request, public_id))


@requires(Role.VIEWER)
@require_safe
def comments(request: TeamRequest, public_id: str) -> HttpResponse:
    """The list alone; 204 where nothing was said or changed since the page's `seen`."""
    comparison = visible_comparison(request, public_id)
    if request.GET.get("seen") == seen(request, comparison):
        return HttpResponse(status=204)
    return _list(request, comparison)


@requires(Role.MEMBER)
@require_POST
def say(request: TeamRequest, public_id: str) -> HttpResponse:
    comparison = visible_comparison(request, public_id)
    try:
        made = commenting.say(comparison, request.POST.get("text", ""), author=request.user)
    except commenting.Refused as error:
        refused = Refusal(request.POST.dict(), {"text": str(error)})
        if not by_htmx(request):
            return shown(request, comparison, say=refused)
        return _list(request, comparison, template="sharing/_say_answer.html", say=refused)
    if by_htmx(request):
        return _list(request, comparison, template="sharing/_said_answer.html", say=NOTHING_REFUSED)
    return _to(made)


@requires(Role.MEMBER)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_comment(request: TeamRequest, public_id: str) -> HttpResponse:
    comment = _changeable(request, public_id)
    refused = Refusal({"text": comment.text})
    if request.method == "POST":
        try:
            commenting.edit(comment, request.POST.get("text", ""))
            return _changed(request, comment)
        except commenting.Refused as error:
            refused = Refusal(request.POST.dict(), {"text": str(error)})
    if by_htmx(request):
        return _list(request, comment.comparison, editing=public_id, edit=refused)
    return shown(request, comment.comparison, edit=refused, editing=public_id)


@requires(Role.MEMBER)
@require_POST
def delete_comment(request: TeamRequest, public_id: str) -> HttpResponse:
    comment = _changeable(request, public_id)
    commenting.delete(comment, by=request.user)
    return _changed(request, comment)


@requires(Role.MEMBER)
@require_POST
def restore_comment(request: TeamRequest, public_id: str) -> HttpResponse:
    comment = _own(request, public_id)
    if comment.deleted_at is not None:
        if not comment.may_restore(request.membership):
            raise Http404
        commenting.restore(comment)
    return _changed(request, comment)


def _own(request: TeamRequest, public_id: str) -> Comment:
    """The team's comment, or 404."""
    rows = Comment.objects.visible_to(request.user).filter(team=request.team)
    return get_object_or_404(rows.select_related("comparison__connection", "team"), public_id=public_id)


def _changeable(request: TeamRequest, public_id: str) -> Comment:
    """The comment if this person may change it and it is not deleted, or 404."""
    comment = _own(request, public_id)
    if comment.deleted_at is not None or not comment.may_change(request.membership):
        raise Http404
    return comment


def _changed(request: TeamRequest, comment: Comment) -> HttpResponse:
    return _list(request, comment.comparison) if by_htmx(request) else _to(comment)


def _to(comment: Comment) -> HttpResponse:
    page = reverse("sharing:discussion", args=[comment.comparison.public_id])
    return redirect(f"{page}#comment-{comment.public_id}")


def _list(
    request: TeamRequest,
    comparison: Comparison,
    *,
    template: str = "sharing/_comments.html",
    editing: str = "",
    say: Refusal = NOTHING_REFUSED,
    edit: Refusal = NOTHING_REFUSED,
) -> HttpResponse:
    talk = talk_context(request, comparison, editing=editing)
    context = {"comparison": comparison, **talk, "say": say, "edit": edit}
    return render(request, template, context, status=max(say.status, edit.status))
