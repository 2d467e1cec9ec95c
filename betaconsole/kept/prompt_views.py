"""Prompts: the list, the page of one, a new one from an exchange, its tags."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from betaconsole.claude import jsontext
from betaconsole.library.models import Prompt
from betaconsole.library.names import BadName, checked_name, checked_note, tags_of
from betaconsole.library.reading import readable
from betaconsole.runs.launching.from_exchange import without_nonce
from betaconsole.runs.models import Exchange
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from .answering import Refusal, own, version_of
from .listing import Search, has_archive, just_archived, prompt_page, tags_in_use, visible
from .prompt_page import Text, page_context, refused


@requires(Role.VIEWER)
@require_safe
def prompts(request: TeamRequest) -> HttpResponse:
    """Search with `q`, `tag`, `archived=1`; `before` pages."""
    search = Search.of(request.GET)
    page = prompt_page(request, search)
    context = {
        "page": page,
        "has_archive": has_archive(visible(Prompt, request), page),
        "search": search,
        "tags": tags_in_use(request),
        "archived": just_archived(visible(Prompt, request), request),
    }
    return render(request, "library/prompts.html", context)


@requires(Role.VIEWER)
@require_safe
def prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    """A prompt at one `version`, the newest where none is asked for."""
    found = own(Prompt, request, public_id)
    shown = version_of(found.versions.all(), request.GET.get("version"))
    return render(request, "library/prompt.html", page_context(request, found, shown))


@requires(Role.MEMBER)
@require_http_methods(["GET", "HEAD", "POST"])
def new_prompt(request: TeamRequest) -> HttpResponse:
    """Save the request of an `exchange` as a prompt: asks for a name first."""
    exchange = _exchange(request)
    body_text = _body_text(exchange)
    if request.method != "POST":
        return _naming(request, exchange, body_text, {"name": exchange.comparison.title})
    try:
        version = Prompt.keep(
            team=request.team,
            author=request.user,
            name=checked_name(request.POST.get("name", "")),
            note=checked_note(request.POST.get("note", "")),
            body_text=body_text,
            tool_stubs=exchange.comparison.tool_stubs,
            max_turns=exchange.comparison.max_turns if exchange.comparison.tool_stubs else None,
        )
    except BadName as error:
        return _naming(request, exchange, body_text, request.POST.dict(), message=str(error))
    return redirect(version.prompt)


@requires(Role.MEMBER)
@require_POST
def tag_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    """Exactly the tags that stand between the commas of `tags`."""
    found = own(Prompt, request, public_id)
    try:
        found.set_tags(tags_of(request.POST.get("tags", "")))
    except BadName as error:
        return refused(request, found, Refusal("tags", str(error), request.POST.dict()))
    return redirect(found)


def _naming(
    request: TeamRequest, exchange: Exchange, body_text: str, typed: dict[str, str], *, message: str = ""
) -> HttpResponse:
    context = {
        "exchange": exchange,
        "text": Text.of("Prompt", readable(body_text)),
        "typed": typed,
        "message": message,
        "back": reverse("runs:exchange", args=[exchange.public_id]),
    }
    return render(request, "library/new_prompt.html", context, status=422 if message else 200)


def _exchange(request: TeamRequest) -> Exchange:
    """The exchange that is asked for, where what it sent was a message."""
    asked = request.POST if request.method == "POST" else request.GET
    mine = Exchange.objects.visible_to(request.user).filter(team=request.team)
    found = mine.select_related("comparison", "variant", "request_body")
    exchange = get_object_or_404(found, public_id=identifier(asked.get("exchange")))
    if exchange.request_body is None or not exchange.comparison.endpoint.is_messages:
        raise Http404
    return exchange


def _body_text(exchange: Exchange) -> str:
    """The request as it was sent, without the line that kept caches apart."""
    if exchange.request_body is None:
        raise Http404
    try:
        body = jsontext.loads(bytes(exchange.request_body.data).decode())
    except (jsontext.JsonError, UnicodeDecodeError) as error:
        raise Http404 from error
    if not isinstance(body, dict):
        raise Http404
    return jsontext.dumps(without_nonce(body, exchange.variant.cache_nonce), indent=2)
