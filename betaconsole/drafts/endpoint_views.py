"""Where a draft's requests go, and how they are sent."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude.endpoints import Endpoint, EndpointError, KnownEndpoint, known_endpoint
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .answering import Fragment, Touched, composer_of, edited, own_draft, rendered
from .context import ENDPOINT, Composer
from .document import rewritten
from .editing import Edit, Refused
from .endpoint_choice import filled, find_option, ids_in, options, typed, value_of
from .models import Draft, Engine, OwnBody
from .moving import moved, without_uncounted

BY_HAND = "other"  # the choice in the list that is a path to type


@requires(Role.MEMBER)
@require_safe
def endpoint(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The choice of an endpoint, opened; with `known`, which was chosen in its list, only the fields that one needs."""
    composer = composer_of(request, own_draft(request, draft_id))
    composer.opened.add(ENDPOINT)
    asked = request.GET.get("known", "")
    return rendered(request, composer, [_choice(composer.endpoint, asked, "endpoint_fields" if asked else "endpoint")])


@requires(Role.MEMBER)
@require_safe
def close_endpoint(request: TeamRequest, draft_id: str) -> HttpResponse:
    composer = composer_of(request, own_draft(request, draft_id))
    composer.opened.discard(ENDPOINT)
    return rendered(request, composer, [Fragment("endpoint")])


def _choice(now: Endpoint, asked: str, name: str) -> Fragment:
    chosen = None if asked == BY_HAND else find_option(asked) or known_endpoint(now)
    ids = ids_in(chosen, now) if chosen else {}
    names = chosen.placeholders if chosen else ()
    return Fragment(
        name,
        context={
            "choices": options(value_of(chosen) if chosen else ""),
            "chosen": chosen,
            "ids": [(name, ids.get(name, "")) for name in names],
            "query": now.query,
        },
    )


@requires(Role.MEMBER)
@require_POST
def set_endpoint(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Ask another endpoint: a `known` one with `id-…` for its placeholders and a `query`, or `method` and `path`."""
    known = find_option(request.POST.get("known", ""))

    def make(draft: Draft) -> Edit:
        try:
            endpoint = _asked_for(request, known)
        except EndpointError as error:
            raise Refused("endpoint", str(error)) from error
        values, body_text = moved(draft, endpoint)
        return Edit(f"switch to {endpoint}"[:100], values=values, body_text=body_text)

    return edited(request, draft_id, make, place="endpoint", touched=_the_desk)


def _asked_for(request: TeamRequest, known: KnownEndpoint | None) -> Endpoint:
    """Raises EndpointError."""
    query = request.POST.get("query", "")
    if known is None:
        return typed(request.POST.get("method", ""), request.POST.get("path", ""), query)
    return filled(known, {name: request.POST.get(f"id-{name}", "") for name in known.placeholders}, query)


def _the_desk(composer: Composer) -> list[Fragment]:
    OwnBody.sweep(composer.draft)
    composer.opened.clear()
    composer.asked_view = ""
    return [Fragment("desk")]


@requires(Role.MEMBER)
@require_POST
def drop_fields(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Leave in the body what count_tokens takes."""

    def make(draft: Draft) -> Edit:
        return Edit("drop what count_tokens refuses", body_text=rewritten(draft.body_text, without_uncounted))

    return edited(
        request,
        draft_id,
        make,
        place="body",
        touched=lambda composer: [Fragment("body"), Fragment("parameters")],
    )


@requires(Role.MEMBER)
@require_POST
def set_engine(request: TeamRequest, draft_id: str) -> HttpResponse:
    """How the requests go out: `value` is live or batch."""
    value = request.POST.get("value", "")

    def make(draft: Draft) -> Edit:
        if value not in Engine.values:
            raise Refused("more", "Requests go out live or as a Message Batch.")
        return Edit("send live" if value == Engine.LIVE else "send as a batch", values={"engine": value})

    return edited(request, draft_id, make, place="more", touched=_shown(request))


@requires(Role.MEMBER)
@require_POST
def set_separate_caches(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Whether every column writes a prompt cache of its own (`value` is on)."""
    on = request.POST.get("value") == "on"
    edit = Edit(f"turn separate caches {'on' if on else 'off'}", values={"separate_caches": on})
    return edited(request, draft_id, lambda draft: edit, place="more", touched=_shown(request))


def _shown(request: TeamRequest) -> Touched:
    """The summary of the options; all of them where another button than theirs was pressed (`fix`)."""
    name = "more" if "fix" in request.POST else "more_gist"
    return lambda composer: [Fragment(name)]
