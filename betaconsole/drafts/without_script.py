"""Edits that a form also posts without JavaScript: then the answer leads back to the composer, or says what is wrong."""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from betaconsole.teams.access import TeamRequest
from betaconsole.web.htmx import by_htmx

from .answering import REFUSALS, Touched, edited, own_draft
from .editing import Edit, Refused, Stale, change
from .models import Draft


def changed(
    request: TeamRequest, draft_id: str, make: Callable[[Draft], Edit], *, place: str, touched: Touched
) -> HttpResponse:
    """`answering.edited` for htmx. A plain form knows no revision: it changes the draft as it stands."""
    if by_htmx(request):
        return edited(request, draft_id, make, place=place, touched=touched)
    draft = own_draft(request, draft_id)
    try:
        change(draft, make, revision=draft.revision, tab="")
    except (Refused, Stale, *REFUSALS) as refusal:
        return HttpResponse(str(refusal), status=422, content_type="text/plain; charset=utf-8")
    return HttpResponseRedirect(f"{reverse('runs:compose')}?draft={draft.public_id}")
