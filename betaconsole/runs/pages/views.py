"""Pages of comparisons and exchanges."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.core.exceptions import BadRequest
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from betaconsole.catalogue.examples import examples, find_example
from betaconsole.drafts import starting
from betaconsole.drafts.before_run import accept, errors_of
from betaconsole.drafts.composing import CONFIRM, OVER_BUDGET, NotReady, Problem
from betaconsole.drafts.context import composer_context
from betaconsole.drafts.endpoint_choice import is_final
from betaconsole.drafts.file_kinds import kind_of
from betaconsole.drafts.models import Draft, Engine
from betaconsole.runs.launching import adding, repeating
from betaconsole.runs.launching.budgeting import OverBudget
from betaconsole.runs.launching.from_draft import draft_of, plan_of_draft
from betaconsole.runs.launching.launching import SendingDisabled, TokenReused, launch
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison, Exchange, Variant
from betaconsole.runs.sending.cancelling import cancel as cancel_exchanges
from betaconsole.runs.stored import response_bytes
from betaconsole.storage.fields import DamagedValue, damaged_columns
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.hostile_files import file_response
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import identifier, number
from betaconsole.web.troubles import trouble_of

from . import comparison_page, exchange_page
from .batch_views import batches_of
from .live import stream
from .passing_views import pass_link
from .request_files import file_in
from .showing import fingerprint

NOT_SENT = (NotReady, PlanError, TokenReused, SendingDisabled, DatabaseError)


# Compose and run ----------------------------------------------------------------------------------------------------


@requires(Role.VIEWER)
@require_safe
def compose(request: TeamRequest) -> HttpResponse:
    if not request.user.may_run:
        return redirect("runs:history")
    try:
        return render(request, "runs/compose.html", compose_context(draft_asked_for(request), request))
    except DamagedValue:
        if "draft" in request.GET:
            raise
        # Else whatever was open last would keep its owner out of the composer for good.
        context = compose_context(starting.blank(request.team, request.user), request)
        return render(request, "runs/compose.html", {**context, "was_damaged": True})


def draft_asked_for(request: TeamRequest) -> Draft:
    """The draft the address names, else the person's latest, else a new one."""
    if asked := request.GET.get("draft"):
        return get_object_or_404(Draft.objects.visible_to(request.user), public_id=identifier(asked))
    return starting.latest_or_blank(request.team, request.user)


def compose_context(draft: Draft, request: TeamRequest, *, problems: tuple[Problem, ...] = ()) -> dict[str, Any]:
    """Context of `compose.html`."""
    has_run = Comparison.objects.visible_to(request.user).exists()
    return {**composer_context(draft, request, problems=problems), "examples": examples(), "has_run": has_run}


def composer_on_get(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view takes a POST; a GET goes to the composer, as its address stays in the browser when it refuses to send."""

    @wraps(view)
    @require_http_methods(["GET", "HEAD", "POST"])
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if request.method == "POST" else redirect("runs:compose")

    return answered


@requires(Role.MEMBER)
@composer_on_get
def run(request: TeamRequest) -> HttpResponse:
    drafts = Draft.objects.visible_to(request.user).select_related("connection", "prompt_version__prompt")
    draft = get_object_or_404(drafts, public_id=identifier(request.POST.get("draft")))
    if number(request.POST.get("revision")) != draft.revision:
        changed = Problem(
            "draft", "This draft was changed in another tab meanwhile. This is how it stands now: look, then run it."
        )
        return refused(request, draft, [changed], status=409)
    if is_final(draft.endpoint) and "confirmed" not in request.POST:
        message = f"{draft.endpoint.method} cannot be taken back. Press Run once more to send it."
        return refused(request, draft, [Problem(CONFIRM, message)])
    if errors := errors_of(draft):
        if "confirmed" not in request.POST:
            message = "As far as is known the API will refuse this: see below. Press Run once more to send it anyway."
            return refused(request, draft, [Problem(CONFIRM, message)])
        accept(draft, errors)
    try:
        comparison, _ = launched(request, draft)
    except NOT_SENT as error:
        return not_sent(request, draft, error)
    return go(request, comparison.get_absolute_url())


@requires(Role.MEMBER)
@composer_on_get
def try_example(request: TeamRequest, slug: str) -> HttpResponse:
    """One of the example questions, run on the simulator with one click."""
    example = find_example(slug)
    if example is None:
        raise Http404
    draft = starting.from_example(request.team, request.user, example)
    try:
        comparison, is_new = launched(request, draft)
    except NOT_SENT as error:
        return not_sent(request, draft, error)
    if not is_new:
        draft.delete()  # pressed twice: the first press has its own
    return go(request, comparison.get_absolute_url())


def launched(request: TeamRequest, draft: Draft) -> tuple[Comparison, bool]:
    """What the draft becomes, and whether this press made it. Raises one of `NOT_SENT`."""
    if draft.connection is None or draft.connection.archived_at:
        raise PlanError("connection", "The connection this draft used is gone. Choose another one.")
    return launch(
        plan_of_draft(draft),
        team=request.team,
        author=request.user,
        connection=draft.connection,
        client_token=identifier(request.POST.get("client_token")) or None,
        draft=draft,
        prompt_version=draft.prompt_version,
        prompt_changed=draft.is_changed,
        over_budget=passes_budget(request),
    )


def not_sent(request: TeamRequest, draft: Draft, error: Exception) -> HttpResponse:
    """The composer again for one of `NOT_SENT`."""
    match error:
        case NotReady():
            return refused(request, draft, error.problems)
        case OverBudget() if error.may_pass:
            return refused(request, draft, [Problem(OVER_BUDGET, error.message)], status=409)
        case OverBudget():
            return refused(request, draft, [Problem(error.field, error.message)], pass_link=pass_link(draft))
        case PlanError():
            return refused(request, draft, [Problem(error.field, error.message)])
        case TokenReused():
            message = "This page has sent another run already: press Run once more."
            return refused(request, draft, [Problem("draft", message)], status=409)
        case DatabaseError():
            trouble = trouble_of(error)
            if trouble is None:
                raise error
            return refused(request, draft, [Problem("draft", trouble.message)], status=trouble.status)
        case _:
            return refused(request, draft, [Problem("draft", str(error))], status=503)


def refused(
    request: TeamRequest, draft: Draft, problems: list[Problem], *, status: int = 422, pass_link: str = ""
) -> HttpResponse:
    """The composer again, with what stands in the way; `pass_link`: what to hand to an admin who may let it pass."""
    context = {**compose_context(draft, request, problems=tuple(problems)), "pass_link": pass_link}
    template = "drafts/_composer.html" if by_htmx(request) else "runs/compose.html"
    return render(request, template, context, status=status)


def passes_budget(request: TeamRequest) -> bool:
    """Whether the button was pressed that sends over a connection's budget: admins have it, and only for them it works."""
    return "over_budget" in request.POST


def go(request: TeamRequest, url: str) -> HttpResponse:
    """To another page, for a form as for htmx."""
    return HttpResponseClientRedirect(url) if by_htmx(request) else redirect(url)


# One comparison -----------------------------------------------------------------------------------------------------


def visible_comparison(request: TeamRequest, public_id: str) -> Comparison:
    comparisons = Comparison.objects.visible_to(request.user).select_related("connection", "team", "author")
    return get_object_or_404(comparisons, public_id=public_id)


@requires(Role.VIEWER)
@require_safe
def comparison(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_comparison(request, public_id)
    return render(request, "runs/comparison.html", comparison_page.page(found, request))


@requires(Role.VIEWER)
@require_safe
def lanes(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_comparison(request, public_id)
    if request.GET.get("seen") == fingerprint(found):
        return HttpResponse(status=204)
    context = comparison_page.area(found, comparison_page.Asked.of(request.GET), request.user)
    return render(request, "runs/_lanes_answer.html", {**context, "polling": "polling" in request.GET})


@requires(Role.VIEWER)
@require_GET  # a HEAD would follow the run to its end
def live(request: TeamRequest, public_id: str) -> StreamingHttpResponse:
    return stream(visible_comparison(request, public_id), request)


@requires(Role.MEMBER)
@require_POST
def cancel(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_comparison(request, public_id)
    variant = asked_variant(request, found) if "variant" in request.POST else None
    exchange = None
    if "exchange" in request.POST:
        exchange = get_object_or_404(found.exchanges, public_id=identifier(request.POST["exchange"]))
    cancel_exchanges(found, variant=variant, exchange=exchange)
    if not by_htmx(request):
        return redirect(found)
    if found.engine == Engine.BATCH:  # what runs live ends at once; a batch says that it was asked to
        return render(request, "runs/_batches_stopping.html", {"comparison": found, "batches": batches_of(found)})
    return HttpResponse(status=204)


def asked_variant(request: TeamRequest, found: Comparison) -> Variant:
    """The column a form names by its position."""
    position = number(request.POST.get("variant"))
    if position is None:
        raise BadRequest("variant: the position of a column")
    return get_object_or_404(found.variants, position=position)


@requires(Role.MEMBER)
@require_POST
def without(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_comparison(request, public_id)
    variant, over = asked_variant(request, found), passes_budget(request)
    return added(request, found, lambda: adding.add_without(found, variant, author=request.user, over_budget=over))


@requires(Role.MEMBER)
@require_POST
def again(request: TeamRequest, public_id: str) -> HttpResponse:
    found, author, over = visible_comparison(request, public_id), request.user, passes_budget(request)
    if "variant" not in request.POST:
        token = identifier(request.POST.get("client_token")) or None
        whole = partial(repeating.run_whole_again, found, author=author, client_token=token, over_budget=over)
        return added(request, found, whole)
    variant = asked_variant(request, found)
    case, repeat = number(request.POST.get("case")) or 0, number(request.POST.get("repeat")) or 1
    cell = partial(adding.run_again, found, variant, case=case, repeat=repeat, author=author, over_budget=over)
    return added(request, found, cell)


def added(request: TeamRequest, found: Comparison, add: Callable[[], Any]) -> HttpResponse:
    """To the comparison that was added to (or made), or the page that says why nothing was sent."""
    try:
        made = add()
    except OverBudget as error:
        again = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
        context = {"comparison": found, "message": error.message, "again": again if error.may_pass else None}
        return render(request, "runs/not_sent.html", context, status=409)
    except PlanError as error:
        return render(request, "runs/not_sent.html", {"comparison": found, "message": error.message}, status=409)
    except TokenReused:
        message = "The comparison has changed since this page was made: look at it anew, then run it again."
        return render(request, "runs/not_sent.html", {"comparison": found, "message": message}, status=409)
    except SendingDisabled as error:
        return render(request, "runs/not_sent.html", {"comparison": found, "message": str(error)}, status=503)
    return go(request, (made if isinstance(made, Comparison) else found).get_absolute_url())


@requires(Role.MEMBER)
@require_POST
def edit(request: TeamRequest, public_id: str) -> HttpResponse:
    draft = draft_of(visible_comparison(request, public_id), request.user)
    return go(request, f"/?draft={draft.public_id}")


# One exchange -------------------------------------------------------------------------------------------------------


def visible_exchange(request: TeamRequest, public_id: str) -> Exchange:
    exchanges = Exchange.objects.visible_to(request.user).select_related(
        "author", "comparison", "connection", "variant", "case", "request_body", "response_body"
    )
    return get_object_or_404(exchanges, public_id=public_id)


@requires(Role.VIEWER)
@require_safe
def exchange(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_exchange(request, public_id)
    context = {"exchange": found, "page": exchange_page.page(found, viewer_id=request.user.pk)}
    return render(request, "runs/exchange.html", {**context, "damaged": damaged_columns(found)})


@requires(Role.VIEWER)
@require_safe
def raw_request(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_exchange(request, public_id)
    return download(exchange_page.request_bytes(found), f"{found.public_id}-request.bin")


@requires(Role.VIEWER)
@require_safe
def request_file(request: TeamRequest, public_id: str) -> HttpResponse:
    """One file of the request as sent: `number` counts them from 1."""
    found, wanted = visible_exchange(request, public_id), number(request.GET.get("number"))
    if wanted is None:
        raise BadRequest("number: which file")
    file = file_in(exchange_page.request_bytes(found), exchange_page.content_type(found), wanted)
    if file is None:
        raise Http404
    name, data = file
    return file_response(data, media_type=kind_of(data).media_type, name=name, is_kept=True)


@requires(Role.VIEWER)
@require_safe
def raw_response(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_exchange(request, public_id)
    return download(response_bytes(found), f"{found.public_id}-response.bin")


@requires(Role.VIEWER)
@require_safe
def code(request: TeamRequest, public_id: str) -> HttpResponse:
    found, language = visible_exchange(request, public_id), request.GET.get("language", "curl")
    if language not in exchange_page.LANGUAGES:
        raise Http404
    text = exchange_page.code_of(found, language).encode("utf-8", "backslashreplace")
    return download(text, f"{found.public_id}.{exchange_page.LANGUAGES[language].extension}")


def download(data: bytes, name: str) -> HttpResponse:
    """The bytes as a file, whatever they are: never as something a browser would run."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(data, content_type="application/octet-stream", headers=headers)
