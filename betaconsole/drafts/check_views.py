"""The checks that a draft carries from the comparison it was opened from."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .answering import Fragment, edited
from .editing import Edit
from .models import Draft


@requires(Role.MEMBER)
@require_POST
def drop_check(request: TeamRequest, draft_id: str) -> HttpResponse:
    """What runs from now on is not checked for this `name`."""
    name = request.POST.get("name", "")

    def make(draft: Draft) -> Edit | None:
        kept = [written for written, check in zip(draft.checks, draft.known_checks, strict=False) if check.name != name]
        return Edit(f"drop the check {name}", values={"checks": kept}) if len(kept) < len(draft.checks) else None

    return edited(request, draft_id, make, place="checks", touched=lambda composer: [Fragment("carried")])
