"""The operations of the JSON API. Other programs build on these forms: they change only by addition."""

from functools import cache

from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import NinjaAPI, Query
from ninja.openapi.schema import OpenAPISchema

from betaconsole.availability.standings import stands_on
from betaconsole.checks.checks import CheckError
from betaconsole.compare.checking import set_checks
from betaconsole.runs.launching.continuing import answer, go_on
from betaconsole.runs.launching.more_repeats import add_repeats
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.pausing import pause, resume
from betaconsole.runs.sending.waiting import state_of, wait_while_running
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from . import answers, availability, betas, combinations, history, problems, prompts, shapes, sharing
from .asking import EXAMPLE, NewChecks, NewComparison
from .diffing import DiffAnswer, diff_answer
from .exact_json import ExactParser, json_response
from .more_repeats import MORE_EXAMPLE, MoreRepeats
from .orders import order_of, ordered_before
from .preflighting import AskedPreflight, PreflightAnswer, looked_at, tokens_of
from .tokens import Token, check_role, check_still_accepted
from .tool_calls import RESULTS_EXAMPLE, NewResults, results_of

MAX_WAIT_S = 60
VERDICT_S = 1  # after which a verdict that is being worked out is worth asking for again
ERROR = shapes.ErrorAnswer

api = NinjaAPI(
    title="betaconsole",
    version="1",
    description="Ask under several betas at once, and read every request and response back.",
    auth=Token(),
    parser=ExactParser(),
    urls_namespace="api:v1",
    openapi_url=None,
    docs_url=None,
)
problems.install(api)
api.add_router("", prompts.router)
api.add_router("", combinations.router)
api.add_router("", history.router)
api.add_router("", sharing.router)


@api.post(
    "/comparisons",
    operation_id="create_comparison",
    summary="Start a comparison",
    response={201: shapes.Created, 200: shapes.Created, (401, 403, 409, 413, 422, 503): ERROR},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": EXAMPLE}}}},
)
def create_comparison(request: TeamRequest, asked: NewComparison) -> HttpResponse:
    """Sends variants × cases × repeats requests. Answers at once; the requests are sent in the background.

    With a client_token asking twice sends once: 200 with the comparison made before, or 409 where the request differs.
    """
    check_role(request, Role.MEMBER)
    if earlier := ordered_before(asked, team=request.team):
        return json_response(answers.created(earlier, request))
    order = order_of(asked, team=request.team, user=request.user)
    comparison, is_new = order.launch(client_token=asked.client_token, over_budget=asked.over_budget)
    return json_response(answers.created(comparison, request), status=201 if is_new else 200)


@api.post(
    "/preflight",
    operation_id="preflight",
    summary="Know before sending",
    response={200: PreflightAnswer, (401, 403, 413, 422, 503): ERROR},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": EXAMPLE}}}},
)
def preflight(request: TeamRequest, asked: AskedPreflight) -> HttpResponse:
    """What is known about a comparison, per column, without sending it: what the API will refuse, what will not do
    what it looks like, and about what it costs. Nothing here forbids sending it.

    With count_tokens its input tokens are counted first, which asks the API and costs nothing.
    """
    if asked.count_tokens:
        check_role(request, Role.MEMBER)
    order = order_of(asked, team=request.team, user=request.user)
    plan, connection = order.plan, order.connection
    stands = stands_on(connection.pk, {beta for variant in plan.variants for beta in variant.betas})
    tokens = tokens_of(plan, connection, asking=request.user if asked.count_tokens else None)
    return json_response(looked_at(plan, today=timezone.now().date(), stands=stands, tokens=tokens))


@api.get(
    "/betas",
    operation_id="list_betas",
    summary="List betas",
    response={200: list[betas.BetaAnswer], 401: ERROR},
)
def list_betas(request: TeamRequest) -> HttpResponse:
    """Every value of the header that the catalogue knows, and where your connections accept it."""
    return json_response(betas.every_beta(request))


@api.get(
    "/betas/{name}",
    operation_id="get_beta",
    summary="Read a beta",
    response={200: betas.WholeBetaAnswer, (401, 404): ERROR},
)
def get_beta(request: TeamRequest, name: str) -> HttpResponse:
    """Everything known of one name: the catalogue's facts with an example, where it stands, and how it was answered before.

    A name that the catalogue does not hold is found once a connection was asked about it.
    """
    return json_response(betas.whole_beta(request, name))


@api.post(
    "/availability",
    operation_id="check_availability",
    summary="Check which betas are accepted",
    response={202: availability.CheckStarted, (401, 403, 413, 422, 503): ERROR},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": availability.EXAMPLE}}}},
)
def check_availability(request: TeamRequest, asked: availability.AskedAvailability) -> HttpResponse:
    """Asks a connection about betas × models with the cheapest requests that tell, in the background.

    Two controls stand beside every answer: the same request without a beta, and with a made-up name.
    """
    check_role(request, Role.MEMBER)
    return json_response({"id": availability.started(request, asked).public_id}, status=202)


@api.get(
    "/availability/{slug:check_id}",
    operation_id="get_availability",
    summary="Read what a check found",
    response={200: availability.CheckAnswer, (401, 404): ERROR},
)
def get_availability(request: TeamRequest, check_id: str) -> HttpResponse:
    """What was accepted and what was refused, as far as it is known; it is kept for ever."""
    return json_response(availability.answer_of(availability.check_of(request, check_id)))


@api.get(
    "/comparisons/{slug:comparison_id}",
    operation_id="get_comparison",
    summary="Read a comparison",
    response={200: shapes.ComparisonAnswer, (401, 404, 422): ERROR},
)
def get_comparison(
    request: TeamRequest,
    comparison_id: str,
    wait: float = Query(
        0,
        ge=0,
        allow_inf_nan=False,
        description="Hold the answer until it is finished or waits for results, at most so many seconds (60).",
    ),
) -> HttpResponse:
    """All variants and all exchanges, as they stand. With wait the answer comes once nothing goes on by itself."""
    comparison = _comparison(request, comparison_id)
    if comparison.finished_at is None and wait:
        wait_while_running(comparison, timeout_s=min(wait, MAX_WAIT_S))
        check_still_accepted(request)
        comparison = _comparison(request, comparison_id)
    answer = answers.whole_comparison(comparison)
    response = json_response(answer)
    if answer["verdict"] is None and comparison.finished_at is not None:
        response["Retry-After"] = str(VERDICT_S)
    return response


@api.post(
    "/comparisons/{slug:comparison_id}/cancel",
    operation_id="cancel_comparison",
    summary="Stop a comparison",
    response={200: shapes.Cancelled, (401, 403, 404): ERROR},
)
def cancel_comparison(request: TeamRequest, comparison_id: str) -> HttpResponse:
    """What is queued is not sent any more, what is in flight is cut; what has ended stays as it is."""
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    cancelled = cancel(comparison)
    comparison.refresh_from_db(fields=["finished_at"])
    return json_response({"id": comparison.public_id, "state": state_of(comparison), "cancelled": cancelled})


@api.post(
    "/comparisons/{slug:comparison_id}/pause",
    operation_id="pause_comparison",
    summary="Pause a comparison",
    response={200: shapes.Paused, (401, 403, 404, 409): ERROR},
)
def pause_comparison(request: TeamRequest, comparison_id: str) -> HttpResponse:
    """What is in flight ends, what is queued waits until it is resumed. One that has finished stays as it is; a batch is 409."""
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    pause(comparison)
    return json_response(answers.paused(comparison))


@api.post(
    "/comparisons/{slug:comparison_id}/resume",
    operation_id="resume_comparison",
    summary="Resume a comparison",
    response={200: shapes.Paused, (401, 403, 404): ERROR},
)
def resume_comparison(request: TeamRequest, comparison_id: str) -> HttpResponse:
    """What is queued is sent again. One that is not paused stays as it is."""
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    resume(comparison)
    return json_response(answers.paused(comparison))


@api.post(
    "/comparisons/{slug:comparison_id}/checks",
    operation_id="set_checks",
    summary="Set what is checked of each output",
    response={200: shapes.Checks, (401, 403, 404, 422): ERROR},
)
def post_checks(request: TeamRequest, comparison_id: str, asked: NewChecks) -> HttpResponse:
    """Replaces the comparison's checks. Nothing is sent: what it has answered is looked at again, and its verdict with it."""
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    try:
        set_checks(comparison, asked.checks)
    except CheckError as error:
        raise problems.Problem(422, error.message, field=error.place) from error
    return json_response({"id": comparison.public_id, "checks": comparison.checks})


@api.post(
    "/comparisons/{slug:comparison_id}/more",
    operation_id="add_repeats",
    summary="Run more repeats",
    response={202: shapes.Added, (401, 403, 404, 409, 413, 422, 503): ERROR},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": MORE_EXAMPLE}}}},
)
def add_more(request: TeamRequest, comparison_id: str, asked: MoreRepeats) -> HttpResponse:
    """Sends every column and case so many times more, in the same comparison: at most 100 repeats and 2,000 requests.

    With a client_token asking twice sends once.
    """
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    made = add_repeats(
        comparison,
        asked.repeats,
        author=request.user,
        client_token=asked.client_token,
        over_budget=asked.over_budget,
    )
    comparison.refresh_from_db(fields=["repeats"])
    return json_response(answers.added(comparison, made), status=202)


@api.get(
    "/exchanges/{slug:exchange_id}",
    operation_id="get_exchange",
    summary="Read an exchange",
    response={200: shapes.WholeExchangeAnswer, (401, 404): ERROR},
)
def get_exchange(request: TeamRequest, exchange_id: str) -> HttpResponse:
    """One request and its response, exactly as they were on the wire."""
    return json_response(answers.whole_exchange(_exchange(request, exchange_id)))


@api.get(
    "/diff",
    operation_id="diff_exchanges",
    summary="Compare two exchanges",
    response={200: DiffAnswer, (401, 404, 422): ERROR},
)
def diff_exchanges(
    request: TeamRequest,
    left: str = Query(description="Id of the exchange that the other one is compared with."),
    right: str = Query(description="Id of the other one."),
    ignore_space: bool = Query(False, description="Blanks and line ends make no difference between words."),
    ignore_case: bool = Query(False, description="Capital letters make no difference between words."),
) -> HttpResponse:
    """What leads from one exchange to another: words, content blocks, usage, response headers, what was sent, and when
    the parts of both answers came."""
    sides = _exchange(request, identifier(left)), _exchange(request, identifier(right))
    return json_response(diff_answer(*sides, ignore_space=ignore_space, ignore_case=ignore_case))


@api.post(
    "/exchanges/{slug:exchange_id}/results",
    operation_id="answer_tool_calls",
    summary="Answer tool calls",
    response={202: shapes.Queued, (401, 403, 404, 409, 413, 422, 503): ERROR},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": RESULTS_EXAMPLE}}}},
)
def answer_tool_calls(request: TeamRequest, exchange_id: str, asked: NewResults) -> HttpResponse:
    """Sends the cell's next turn with these results; tool stubs answer the other calls.

    The id is that of the exchange that is waiting_for them, its cell's last turn: any other is answered 409. Asking twice
    with the same results sends once.
    """
    check_role(request, Role.MEMBER)
    exchange, results = _exchange(request, exchange_id), results_of(asked)
    if results:
        made = answer(exchange, results, author=request.user, save=asked.save, over_budget=asked.over_budget)
    else:
        made = go_on(exchange, author=request.user, over_budget=asked.over_budget)
    return json_response({"id": made.public_id, "turn": made.turn}, status=202)


@api.get("/openapi.json", operation_id="openapi", include_in_schema=False)
def openapi(request: TeamRequest) -> HttpResponse:
    """All of this as an OpenAPI document, for programs that have no browser's session."""
    return JsonResponse(document())


@cache
def document() -> OpenAPISchema:
    """All operations as an OpenAPI document. Made once, which takes half a second: it changes with the code alone."""
    return api.get_openapi_schema()


def _exchange(request: TeamRequest, public_id: str) -> Exchange:
    """The exchange, where the token's user may see it and it is the token's team's."""
    found = Exchange.objects.visible_to(request.user).filter(team=request.team)
    whole = found.select_related("comparison__connection", "variant", "request_body", "response_body")
    exchange = whole.filter(public_id=public_id).first()
    if exchange is None:
        raise Http404
    return exchange


def _comparison(request: TeamRequest, public_id: str) -> Comparison:
    """The comparison, where the token's user may see it and it is the token's team's."""
    found = Comparison.objects.visible_to(request.user).filter(team=request.team)
    comparison = found.filter(public_id=public_id).first()
    if comparison is None:
        raise Http404
    return comparison
