"""Letting a conversation go on from a page: results, a press of Go on, a next message; and its turns in full."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude import jsontext
from betaconsole.drafts.answering import ALWAYS, Fragment, composer_of, rendered
from betaconsole.library.stubs import result_content
from betaconsole.runs.launching import continuing
from betaconsole.runs.launching.budgeting import OverBudget
from betaconsole.runs.launching.from_exchange import draft_after
from betaconsole.runs.launching.from_outcome import draft_there
from betaconsole.runs.launching.launching import SendingDisabled
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending.judging import outcomes_of
from betaconsole.runs.sending.turns import Result, TurnError, calls_of
from betaconsole.runs.stored import stubs_of
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import identifier, number

from . import comparison_page
from .comparison_page import Asked
from .conversation import left_out
from .needs import Typed
from .viewing import load, words_of
from .views import go, passes_budget, visible_comparison, visible_exchange

MAX_RESULT = 8_000_000  # characters typed into one field


@requires(Role.MEMBER)
@require_POST
def answer(request: TeamRequest, public_id: str) -> HttpResponse:
    """The results that a person typed for the calls that no stub answers."""
    found = visible_comparison(request, public_id)
    exchange = exchange_in(request, found)
    typed = typed_results(request.POST, exchange)
    if typed.problems:
        return refused(request, found, exchange, typed, status=422)
    calls = calls_of(continuing.message_of(exchange))
    results = [Result(calls[index].id, content_of(text), is_error) for index, (text, is_error) in typed.results.items()]
    save, tab = "save" in request.POST, identifier(request.POST.get("tab"))
    response = went_on(
        request,
        exchange,
        typed,
        lambda: continuing.answer(
            exchange,
            results,
            author=request.user,
            save=save,
            tab=tab or "console",
            over_budget=passes_budget(request),
        ),
    )
    if save and tab and by_htmx(request) and response.status_code == HTTPStatus.OK:
        response.content += composer_beside(request, found)
    return response


def composer_beside(request: TeamRequest, found: Comparison) -> bytes:
    """What a saved stub moved in the composer beside the lanes, as fragments; nothing where it is not the reader's own."""
    draft = comparison_page.own_draft(found, request.user)
    if draft is None:
        return b""
    composer = composer_of(request, draft)
    tools = [Fragment("tools_chip"), *([Fragment("tools")] if composer.tools_are_open else [])]
    return rendered(request, composer, [*ALWAYS, *tools]).content


def typed_results(sent: QueryDict, exchange: Exchange) -> Typed:
    """The results as typed, by the index of their call, and what is wrong with them."""
    results: dict[int, tuple[str, bool]] = {}
    problems: dict[int, str] = {}
    for index in range(len(calls_of(continuing.message_of(exchange)))):
        if f"result-{index}" not in sent:
            continue
        text = as_typed(sent, f"result-{index}")
        results[index] = (text, f"error-{index}" in sent)
        if not text.strip():
            problems[index] = "Type what the tool returned."
        elif len(text) > MAX_RESULT:
            problems[index] = f"At most {MAX_RESULT:,} characters."
    return Typed("answer", exchange.public_id, results=results, problems=problems)


def as_typed(sent: QueryDict, name: str) -> str:
    """The text of a field; forms write its line ends as CR LF."""
    return sent.get(name, "").replace("\r\n", "\n")


def content_of(text: str) -> Any:
    """What a typed result stands for: content blocks where it is a list of them, else the text exactly as typed."""
    try:
        parsed = jsontext.loads(text)
    except jsontext.JsonError:
        return text
    content = result_content(parsed)
    return content if isinstance(content, list) else text


@requires(Role.MEMBER)
@require_POST
def go_on(request: TeamRequest, public_id: str) -> HttpResponse:
    """After a restart, or past the cap on turns."""
    exchange = exchange_in(request, visible_comparison(request, public_id))
    typed, over = Typed("answer", exchange.public_id), passes_budget(request)
    return went_on(request, exchange, typed, lambda: continuing.go_on(exchange, author=request.user, over_budget=over))


@requires(Role.MEMBER)
@require_POST
def leave(request: TeamRequest, public_id: str) -> HttpResponse:
    """The cell ends as it stands."""
    exchange = exchange_in(request, visible_comparison(request, public_id))
    continuing.leave(exchange)
    return area_of(request, exchange)


@requires(Role.MEMBER)
@require_POST
def say(request: TeamRequest, public_id: str) -> HttpResponse:
    """A next user message: in the column of the exchange or in all of them, in this repeat or in every one."""
    found = visible_comparison(request, public_id)
    exchange = exchange_in(request, found)
    typed = Typed(
        "say",
        exchange.public_id,
        text=as_typed(request.POST, "text"),
        scope="all" if request.POST.get("scope") == "all" else "column",
        every_repeat="every_repeat" in request.POST,
    )
    if not typed.text.strip():
        problem = "Write the next message first."
        return refused(request, found, exchange, replace(typed, problem=problem), status=422)
    is_all = typed.scope == "all"
    variants = list(found.variants.all()) if is_all else [exchange.variant]
    after = last_seen(request.POST) if is_all else [exchange.public_id]
    return went_on(
        request,
        exchange,
        typed,
        lambda: continuing.say(
            found,
            variants,
            case=exchange.case.position,
            repeat=exchange.repeat,
            content=typed.text,
            author=request.user,
            every_repeat=typed.every_repeat,
            after=[identifier(one) for one in after],
            over_budget=passes_budget(request),
        ),
    )


def last_seen(sent: QueryDict) -> list[str]:
    """The ids of what the columns showed when Send was pressed: each lane tells its own, as the form may be older than they are."""
    return sent.getlist("last") or sent.get("seen", "").split(",")


@requires(Role.VIEWER)
@require_safe
def turns(request: TeamRequest, public_id: str) -> HttpResponse:
    """The turns that a lane leaves out of a long conversation."""
    found = visible_comparison(request, public_id)
    position = number(request.GET.get("variant")) or 0
    asked = Asked.of(request.GET)
    view = load(
        found,
        case=asked.case if isinstance(asked.case, int) else None,
        repeat=asked.repeat if isinstance(asked.repeat, int) else None,
        columns=(position,),
        viewer_id=request.user.pk,
    )
    of_cell = view.turns.get(position, ())
    shown = left_out(of_cell, words_of([turn.pk for turn in of_cell]), stubs=stubs_of(found), viewer_id=request.user.pk)
    return render(request, "runs/_turns.html", {"turns": shown})


@requires(Role.MEMBER)
@require_POST
def edit(request: TeamRequest, public_id: str) -> HttpResponse:
    """Continue from here: a composer whose conversation ends with this exchange's answer."""
    exchange = visible_exchange(request, public_id)
    try:
        draft = draft_after(exchange, request.user)
    except TurnError as error:
        context = {"comparison": exchange.comparison, "message": str(error)}
        return render(request, "runs/not_sent.html", context, status=409)
    return go(request, f"/?draft={draft.public_id}")


@requires(Role.MEMBER)
@require_POST
def compare_there(request: TeamRequest, public_id: str) -> HttpResponse:
    """A composer that compares with and without a beta on the endpoint where it acts."""
    exchange = visible_exchange(request, public_id)
    asked = request.POST.get("beta", "")
    found = [one for one in outcomes_of([exchange]).get(exchange.pk, ()) if one.beta == asked and one.there]
    if not found:
        context = {"comparison": exchange.comparison, "message": "This beta acts here: there is nowhere else to look."}
        return render(request, "runs/not_sent.html", context, status=HTTPStatus.CONFLICT)
    draft = draft_there(exchange, beta=asked, there=found[0].there, author=request.user)
    return go(request, f"/?draft={draft.public_id}")


# What they have in common -------------------------------------------------------------------------------------------


def exchange_in(request: TeamRequest, found: Comparison) -> Exchange:
    """The exchange a form names, the last of its cell as the page showed it."""
    exchanges = found.exchanges.select_related("variant", "case", "request_body")
    return get_object_or_404(exchanges, public_id=identifier(request.POST.get("exchange")))


def went_on(request: TeamRequest, exchange: Exchange, typed: Typed, act: Callable[[], Any]) -> HttpResponse:
    """The lanes, live again; or the form with what was typed and why nothing was sent."""
    try:
        act()
    except SendingDisabled as error:
        return refused(request, exchange.comparison, exchange, replace(typed, problem=str(error)), status=503)
    except PlanError as error:
        may_pass = isinstance(error, OverBudget) and error.may_pass
        typed = replace(typed, problem=error.message, may_pass=may_pass)
        return refused(request, exchange.comparison, exchange, typed, status=409)
    return area_of(request, exchange)


def area_of(request: TeamRequest, exchange: Exchange) -> HttpResponse:
    """The cell that was acted on, in the lanes that were on the page."""
    asked = asked_about(request, exchange)
    if not by_htmx(request):
        return redirect(f"{exchange.comparison.get_absolute_url()}?{asked.query}#lane-{exchange.variant.position}")
    found = visible_comparison(request, exchange.comparison.public_id)  # as it is by now
    return render(request, "runs/_lanes_answer.html", comparison_page.area(found, asked, request.user))


def asked_about(request: TeamRequest, exchange: Exchange) -> Asked:
    return replace(Asked.of(request.POST), case=exchange.case.position, repeat=exchange.repeat)


def refused(request: TeamRequest, found: Comparison, exchange: Exchange, typed: Typed, *, status: int) -> HttpResponse:
    """The lanes again with what was typed, and what stands in the way."""
    asked = asked_about(request, exchange)
    if by_htmx(request):
        context = comparison_page.area(found, asked, request.user, typed=typed)
        return render(request, "runs/_lanes_answer.html", context, status=status)
    context = comparison_page.page(found, request, asked=asked, typed=typed)
    return render(request, "runs/comparison.html", context, status=status)
