"""One press that makes the change a finding offers."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from betaconsole.catalogue.preflight import Fix
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .answering import Fragment, edited
from .before_run import Told, told_of
from .body_views import body_anew
from .context import Composer
from .editing import Edit, Refused
from .facts import Facts
from .fixing import edit_of
from .matrix_views import whole_matrix
from .models import Draft
from .stubs_views import tools_if_open


@requires(Role.MEMBER)
@require_POST
def fix(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Make the change of the finding with this id (`finding`), or its second one (`other` present)."""
    made: list[Edit] = []

    def make(draft: Draft) -> Edit:
        told, wanted = _asked_for(draft, request.POST.get("finding", ""), other="other" in request.POST)
        made[:] = [edit_of(draft, told, wanted)]
        return made[0]

    def touched(composer: Composer) -> list[Fragment]:
        fragments = whole_matrix(composer) if made[0].columns is not None else []
        if made[0].body_text is not None:
            fragments += [*body_anew(composer), *tools_if_open(composer)]
        return [*fragments, Fragment("more")] if "separate_caches" in made[0].values else fragments

    return edited(request, draft_id, make, place="matrix", touched=touched)


def _asked_for(draft: Draft, finding_id: str, *, other: bool) -> tuple[Told, Fix]:
    """The finding as it stands now, and its fix."""
    for told in told_of(draft, draft.sheet, Facts.load(draft.facts)):
        wanted = told.finding.other if other else told.finding.fix
        if told.id == finding_id and wanted is not None:
            return told, wanted
    raise Refused("matrix", "That is settled already.")
