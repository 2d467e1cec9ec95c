"""Filling the matrix with a preset."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.library.names import one_line
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .answering import Fragment, composer_of, own_draft, rendered
from .context import Composer
from .editing import Edit
from .matrix import MatrixError, set_model
from .matrix_views import whole_matrix
from .models import Draft
from .preset_menu import filled
from .presets import ACROSS_MODELS, CONTROLS, PRESETS, betas_for
from .without_script import changed


@requires(Role.MEMBER)
@require_safe
def presets(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The menu of presets for the matrix as it stands."""
    return rendered(request, composer_of(request, own_draft(request, draft_id)), [Fragment("preset_list")])


@requires(Role.MEMBER)
@require_POST
def fill_matrix(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Fill the matrix with a `preset`, across the `model`s where it goes across them."""
    key, models = request.POST.get("preset", ""), [one_line(name).strip() for name in request.POST.getlist("model")]

    def make(draft: Draft) -> Edit:
        if key not in PRESETS:
            raise MatrixError("There is no such preset.")
        composer = Composer(draft)
        if key == ACROSS_MODELS and not composer.has_model:
            raise MatrixError("What this sends has no model that columns could change.")
        for name in models:
            set_model(draft.sheet, draft.sheet[0].key, name)
        betas = betas_for(draft.sheet, draft.rows)
        per_column = composer.count // len(draft.sheet)
        columns = filled(key, draft.sheet, betas, per_column=per_column, models=[name for name in models if name])
        rows = list(dict.fromkeys([*draft.rows, *betas]))
        preset = draft.preset or key if key == CONTROLS else key
        return Edit(PRESETS[key].title.lower(), columns=columns, values={"rows": rows, "preset": preset})

    return changed(
        request,
        draft_id,
        make,
        place="preset",
        touched=lambda composer: [*whole_matrix(composer), Fragment("presets")],
    )
