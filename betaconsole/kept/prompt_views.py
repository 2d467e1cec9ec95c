"""Prompts: the list, the page of one, a new one from an exchange, name, tags, a copy, the archive."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from betaconsole.claude import jsontext
from betaconsole.library.models import Prompt
from betaconsole.library.names import BadName, checked_name, checked_note, copy_name, tags_of
from betaconsole.library.reading import readable
from betaconsole.runs.launching.from_exchange import without_nonce
from betaconsole.runs.models import Exchange
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from .answering import NOTHING_REFUSED, Refusal, archived, own_prompt, version_of
from .listing import Search, just_archived, prompt_page, tags_in_use, visible_prompts
from .prompt_page import Text, page_context


@requires(Role.VIEWER)
@require_safe
def prompts(request: TeamRequest) -> HttpResponse:
    """Search with `q`, `tag`, `archived=1`; `before` pages."""
    search = Search.of(request.GET)
    context = {
        "page": prompt_page(request, search),
        "search": search,
        "tags": tags_in_use(request),
        "archived": just_archived(visible_prompts(request), request),
    }
    return render(request, "library/prompts.html", context)


@requires(Role.VIEWER)
@require_safe
def prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    """A prompt at one `version`, the newest where none is asked for."""
    return _shown(request, own_prompt(request, public_id))


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
    return redirect("library:prompt", version.prompt.public_id)


@requires(Role.MEMBER)
@require_POST
def rename_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    found = own_prompt(request, public_id)
    try:
        found.rename(checked_name(request.POST.get("name", "")))
    except BadName as error:
        return _shown(request, found, Refusal("name", str(error), request.POST.dict()))
    return redirect("library:prompt", found.public_id)


@requires(Role.MEMBER)
@require_POST
def tag_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    """Exactly the tags that stand between the commas of `tags`."""
    found = own_prompt(request, public_id)
    try:
        found.set_tags(tags_of(request.POST.get("tags", "")))
    except BadName as error:
        return _shown(request, found, Refusal("tags", str(error), request.POST.dict()))
    return redirect("library:prompt", found.public_id)


@requires(Role.MEMBER)
@require_POST
def duplicate_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    """A prompt of its own that begins with the `version`, the newest where none is named."""
    found = own_prompt(request, public_id)
    shown = version_of(found, request.POST.get("version"))
    made = found.duplicate(shown, author=request.user, name=copy_name(found.name))
    return redirect("library:prompt", made.public_id)


@requires(Role.MEMBER)
@require_POST
def archive_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    return archived(own_prompt(request, public_id), "library:prompts")


@requires(Role.MEMBER)
@require_POST
def restore_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    """Out of the archive again."""
    found = own_prompt(request, public_id)
    found.restore()
    return redirect("library:prompt", found.public_id)


def _shown(request: TeamRequest, found: Prompt, refusal: Refusal = NOTHING_REFUSED) -> HttpResponse:
    context = page_context(request, found, version_of(found, request.GET.get("version")), refusal=refusal)
    return render(request, "library/prompt.html", context, status=422 if refusal.message else 200)


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
