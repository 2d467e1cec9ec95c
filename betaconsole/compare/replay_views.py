"""What a page needs to play a recorded stream again."""

from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from betaconsole.runs.models import Exchange
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .replay import schedule_of


@requires(Role.VIEWER)
@require_safe
def replay(request: TeamRequest, public_id: str) -> JsonResponse:
    """The schedule of one exchange as JSON; with `?turns=all` of its cell's turns up to this one, as its lane shows them."""
    seen = Exchange.objects.visible_to(request.user).filter(team=request.team).select_related("response_body")
    exchange = get_object_or_404(seen, public_id=public_id)
    turns = [exchange]
    if request.GET.get("turns") == "all" and exchange.turn > 1:
        cell = {"variant": exchange.variant_id, "case": exchange.case_id, "repeat": exchange.repeat}
        earlier = seen.filter(**cell, turn__lt=exchange.turn).order_by("turn", "attempt")
        turns = [*{turn.turn: turn for turn in earlier}.values(), exchange]  # of each turn its last attempt
    return JsonResponse(schedule_of([turn for turn in turns if turn.is_final]).dump())
