"""Counting the input tokens of a draft's columns: ask, look how it goes, and show the costs anew."""

from collections.abc import Collection
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude.headers import HeaderError, join_betas, parse_betas
from betaconsole.drafts.answering import Fragment, composer_of, rendered
from betaconsole.drafts.composing import NotReady
from betaconsole.drafts.facts import Facts
from betaconsole.drafts.models import Draft
from betaconsole.drafts.token_counts import marks_of, remember, way_of
from betaconsole.runs.launching import counting
from betaconsole.runs.launching.from_draft import plan_of_draft
from betaconsole.runs.launching.launching import SendingDisabled
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Connection, Role
from betaconsole.web.paging import identifier

NOT_COUNTED = (NotReady, PlanError, SendingDisabled)


@requires(Role.MEMBER)
@require_POST
def count_tokens(request: TeamRequest) -> HttpResponse:
    """Count what is not counted yet of the draft's columns, `without` betas that count_tokens was found to refuse."""
    draft, without = _asked_draft(request), _names(request.POST.get("without", ""))
    try:
        connection = _connection(draft)
        plan = plan_of_draft(draft)
        known = counting.looked_up(counting.questions_of(plan), connection, without=without)
        if known.missing:
            errand = counting.ask(known.missing.values(), author=request.user, connection=connection)
            return _counting(request, draft, errand, without)
    except NOT_COUNTED as error:
        return _not_counted(request, draft, error)
    return _remembered(request, draft, without, counting.Refused())


@requires(Role.MEMBER)
@require_safe
def counting_tokens(request: TeamRequest, public_id: str) -> HttpResponse:
    """How a count stands: asked for again until it has ended."""
    errand = get_object_or_404(Comparison.objects.visible_to(request.user), public_id=public_id)
    if not errand.is_errand or errand.path != counting.COUNT_TOKENS:
        raise BadRequest("A comparison, not a count.")
    draft, without = _asked_draft(request), _names(request.GET.get("without", ""))
    if not counting.has_ended(errand):
        return _counting(request, draft, errand, without)
    refused = counting.taken_in(errand, errand.connection)
    if newly := refused.betas - set(without):
        return _fragment(request, draft, without=join_betas([*without, *sorted(newly)]))
    return _remembered(request, draft, without, refused)


def _remembered(
    request: TeamRequest, draft: Draft, without: Collection[str], refused: counting.Refused
) -> HttpResponse:
    """Let the draft remember what is known, and show the costs anew."""
    try:
        plan = plan_of_draft(draft)
        known = counting.looked_up(counting.questions_of(plan), _connection(draft), without=without)
        counts = counting.column_counts(plan, known, refused)
    except NOT_COUNTED as error:
        return _not_counted(request, draft, error)
    marks = marks_of(draft, draft.sheet, Facts.load(draft.facts), way_of(draft))
    found = zip(marks.values(), counts, strict=True)
    remember(draft, {mark: count for mark, count in found if count.input_tokens is not None or count.problem})
    shown = [Fragment(name) for name in ("counting", "costs", "at_most")]
    return rendered(request, composer_of(request, draft), shown)


def _connection(draft: Draft) -> Connection:
    if draft.connection is None or draft.connection.archived_at:
        raise PlanError("connection", "The connection this draft used is gone. Choose another one.")
    return draft.connection


def _asked_draft(request: TeamRequest) -> Draft:
    drafts = Draft.objects.visible_to(request.user).filter(team=request.team).light()
    asked = request.POST if request.method == "POST" else request.GET
    return get_object_or_404(drafts, public_id=identifier(asked.get("draft")))


def _names(given: str) -> tuple[str, ...]:
    """The betas that a list with commas names."""
    names = parse_betas(given)
    try:
        join_betas(names)
    except HeaderError as error:
        raise BadRequest(str(error)) from error
    return names


def _counting(request: TeamRequest, draft: Draft, errand: Comparison, without: Collection[str]) -> HttpResponse:
    query = urlencode({"draft": draft.public_id, "without": ",".join(without)})
    return _fragment(request, draft, again_url=f"{reverse('runs:counting_tokens', args=[errand.public_id])}?{query}")


def _not_counted(request: TeamRequest, draft: Draft, error: Exception) -> HttpResponse:
    """What keeps the columns from being counted, for one of `NOT_COUNTED`."""
    match error:
        case NotReady():
            return _fragment(
                request, draft, refusal=" ".join(problem.message for problem in error.problems), status=422
            )
        case PlanError():
            return _fragment(request, draft, refusal=error.message, status=422)
    return _fragment(request, draft, refusal=str(error), status=503)


def _fragment(request: TeamRequest, draft: Draft, *, status: int = 200, **context: str) -> HttpResponse:
    return rendered(request, composer_of(request, draft), [Fragment("counting", context=context)], status=status)
