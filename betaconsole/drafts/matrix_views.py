"""Edits of the matrix: ticks, rows, columns."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from betaconsole.catalogue import betas as catalogue
from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.claude.headers import EXTRA_HEADERS
from betaconsole.library.models import Combination, CombinationVersion
from betaconsole.library.names import checked_name, one_line
from betaconsole.library.patches import as_patch
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from . import matrix
from .answering import Fragment, composer_of, edited, own_draft, rendered, typed_text
from .columns import Column, letter
from .context import Composer
from .editing import Edit, Refused
from .labels import DATED
from .matrix import MatrixError
from .models import Draft, OwnBody
from .shaping import adopted

HITS = 8
PALETTE = 12
STEPS = {"left": -1, "right": 1}


def column_marks(composer: Composer, key: str) -> list[Fragment]:
    """The parts of the matrix that say what one column sends, and its open settings; matrix and settings stay."""
    view = {"column": composer.matrix.column(key)}
    return [
        Fragment("line", f"line-{key}", view),
        Fragment("changes", f"changes-{key}", view),
        Fragment("settings", f"settings-{key}", view),
        Fragment("offers"),
        Fragment("examples", f"examples-{key}", view),
        Fragment("betas", f"betas-{key}", view),
    ]


def whole_matrix(composer: Composer, *, open_column: str = "") -> list[Fragment]:
    """The matrix anew; the settings of a column with it, or none."""
    column = composer.matrix.column(open_column) if open_column else None
    return [Fragment("matrix"), Fragment("column", context={"column": column})]


@requires(Role.MEMBER)
@require_POST
def tick(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Tick a beta in a column (`on` present) or untick it."""
    key, beta, on = request.POST.get("column", ""), request.POST.get("beta", ""), "on" in request.POST

    def make(draft: Draft) -> Edit:
        columns = matrix.tick(draft.sheet, key, beta, on=on)
        return Edit(f"{'tick' if on else 'untick'} {_short(beta)} in {_letter(columns, key)}", columns=columns)

    return edited(request, draft_id, make, place="beta", touched=lambda composer: column_marks(composer, key))


@requires(Role.MEMBER)
@require_safe
def search(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Betas of the catalogue that fit what is typed, and the name as typed where it could be one."""
    draft = own_draft(request, draft_id)
    return rendered(request, composer_of(request, draft), [_hits(draft, request.GET.get("beta", ""))])


def _hits(draft: Draft, typed: str) -> Fragment:
    typed = one_line(typed)[:200]
    found = catalogue.search(typed, limit=HITS) if typed else []
    as_typed = typed if typed and all(beta.name != typed for beta in found) else ""
    return Fragment("hits", context={"hits": found, "typed": typed, "as_typed": as_typed, "rows": set(draft.rows)})


@requires(Role.MEMBER)
@require_POST
def add_row(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Add a beta to the matrix. A name that is neither known nor dated is asked about once, unless `exact`."""
    beta, exact = request.POST.get("beta", "").strip(" "), "exact" in request.POST

    def make(draft: Draft) -> Edit:
        name = matrix.checked_beta(beta)
        if not (exact or catalogue.find(name) or DATED.fullmatch(name)) and catalogue.search(name, limit=1):
            raise Refused("beta", f"{name} is not in the catalogue. Choose one below, or add it as typed.")
        rows, columns = matrix.add_row(draft.rows, name), draft.sheet
        if len(columns) == 2 and name not in draft.rows:
            columns = matrix.tick(columns, columns[1].key, name, on=True)
        return Edit(f"add {_short(name)}", columns=columns, values={"rows": rows})

    fresh = Fragment("add", context={"added": beta})
    return edited(request, draft_id, make, place="beta", touched=lambda composer: [*whole_matrix(composer), fresh])


@requires(Role.MEMBER)
@require_POST
def remove_row(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Take a beta out of the matrix and of every column."""
    beta = request.POST.get("beta", "")

    def make(draft: Draft) -> Edit:
        rows = [row for row in draft.rows if row != beta]
        return Edit(f"remove {_short(beta)}", columns=matrix.without_beta(draft.sheet, beta), values={"rows": rows})

    return edited(request, draft_id, make, place="beta", touched=whole_matrix)


@requires(Role.MEMBER)
@require_safe
def column(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """The settings of one column, opened under the matrix."""
    composer = composer_of(request, own_draft(request, draft_id))
    if key not in composer.matrix.letters:
        raise Http404
    return rendered(request, composer, [Fragment("column", context={"column": composer.matrix.column(key)})])


@requires(Role.MEMBER)
@require_safe
def close_column(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The settings of no column."""
    composer = composer_of(request, own_draft(request, draft_id))
    return rendered(request, composer, [Fragment("column", context={"column": None})])


@requires(Role.MEMBER)
@require_POST
def add_column(request: TeamRequest, draft_id: str) -> HttpResponse:
    return edited(
        request,
        draft_id,
        lambda draft: Edit("add a column", columns=matrix.add_column(draft.sheet)),
        place="matrix",
        touched=whole_matrix,
    )


@requires(Role.MEMBER)
@require_POST
def duplicate_column(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    return _reshaped(
        request, draft_id, key, "duplicate", lambda columns: matrix.duplicate(columns, key), keep_open=True
    )


@requires(Role.MEMBER)
@require_POST
def remove_column(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    return _reshaped(request, draft_id, key, "remove", lambda columns: matrix.remove(columns, key), keep_open=False)


@requires(Role.MEMBER)
@require_POST
def move_column(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """Move a column one place to the left or the right (`to`)."""
    step = STEPS.get(request.POST.get("to", ""), 0)
    return _reshaped(request, draft_id, key, "move", lambda columns: matrix.move(columns, key, by=step), keep_open=True)


def _reshaped(
    request: TeamRequest,
    draft_id: str,
    key: str,
    verb: str,
    reshape: Callable[[list[Column]], list[Column]],
    *,
    keep_open: bool,
) -> HttpResponse:
    return edited(
        request,
        draft_id,
        lambda draft: Edit(f"{verb} column {_letter(draft.sheet, key)}", columns=reshape(draft.sheet)),
        place="matrix",
        touched=lambda composer: whole_matrix(composer, open_column=key if keep_open else ""),
    )


SETTERS: dict[str, Callable[[list[Column], str, str], list[Column]]] = {
    "name": matrix.rename,
    "model": matrix.set_model,
    "version": matrix.set_version,
    "baseline": matrix.set_baseline,
    **{name: partial(matrix.set_header, name=name) for name in EXTRA_HEADERS},
}


@requires(Role.MEMBER)
@require_POST
def set_column(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """Set one thing about a column: `field` is name, model, version, baseline or a request header."""
    field, value = request.POST.get("field", ""), one_line(request.POST.get("value", ""))

    def make(draft: Draft) -> Edit:
        if field not in SETTERS:
            raise Refused("matrix", "A column has no such setting.")
        columns = SETTERS[field](draft.sheet, key, value)
        return Edit(f"{field} of {_letter(columns, key)}", columns=columns, place=f"{key} {field}")

    return edited(request, draft_id, make, place=f"{key}-{field}", touched=lambda composer: [Fragment("matrix")])


@requires(Role.MEMBER)
@require_POST
def set_changes(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """A column's changes to the body, as typed."""
    text = typed_text(request, "changes")

    def make(draft: Draft) -> Edit:
        columns = matrix.set_changes(draft.sheet, key, text)
        return Edit(f"changes of {_letter(columns, key)}", columns=columns, place=f"{key} changes")

    return edited(
        request, draft_id, make, place=f"{key}-changes", touched=lambda composer: _after_changes(composer, key)
    )


def _after_changes(composer: Composer, key: str) -> list[Fragment]:
    view = {"column": composer.matrix.column(key)}
    return [*column_marks(composer, key), Fragment("misfit", f"misfit-{key}", view)]


@requires(Role.MEMBER)
@require_POST
def example(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """Let a column take the example of a beta (`on` present), or take it away."""
    beta, on = request.POST.get("beta", ""), "on" in request.POST

    def make(draft: Draft) -> Edit:
        columns = matrix.take_example(draft.sheet, key, beta, on=on)
        return Edit(f"example of {_short(beta)} in {_letter(columns, key)}", columns=columns)

    return edited(request, draft_id, make, place="matrix", touched=lambda composer: _after_changes(composer, key))


@requires(Role.MEMBER)
@require_POST
def adopt_example(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """Move the example of a beta into the column's typed changes, where it can be edited and stays when unticked."""
    beta = request.POST.get("beta", "")

    def make(draft: Draft) -> Edit:
        position = matrix.position_of(draft.sheet, key)
        text = jsontext.dumps(adopted(draft.sheet[position], beta, jsontext.loads(draft.body_text)), indent=2)
        columns = matrix.set_changes(matrix.take_example(draft.sheet, key, beta, on=False), key, text)
        return Edit(f"edit the example of {_short(beta)} in {letter(position)}", columns=columns)

    return edited(
        request,
        draft_id,
        make,
        place=f"{key}-changes",
        touched=lambda composer: [
            *column_marks(composer, key),
            Fragment("column", context={"column": composer.matrix.column(key)}),
        ],
    )


@requires(Role.MEMBER)
@require_POST
def own_body(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """Give a column a whole body of its own (`body`; without it a copy of the draft's), or with `off` take it away."""
    text, off = typed_text(request, "body"), "off" in request.POST

    def make(draft: Draft) -> Edit:
        position = matrix.position_of(draft.sheet, key)
        text_kept = text if "body" in request.POST else draft.body_text
        if len(text_kept.encode("utf-8", "surrogatepass")) > MAX_BODY_BYTES:
            raise Refused(f"{key}-own", f"A body has at most {MAX_BODY_BYTES:,} bytes (32 MB); this one has more.")
        digest = "" if off else OwnBody.keep(draft, text_kept)
        columns = matrix.changed(draft.sheet, key, lambda column: replace(column, own_body=digest))
        return Edit(
            f"own body of {letter(position)}", columns=columns, place=f"{key} own" if "body" in request.POST else ""
        )

    typing = "body" in request.POST

    def touched(composer: Composer) -> list[Fragment]:
        OwnBody.sweep(composer.draft)
        view = {"column": composer.matrix.column(key)}
        return (
            _after_changes(composer, key)
            if typing
            else [*_after_changes(composer, key), Fragment("column", context=view)]
        )

    return edited(request, draft_id, make, place=f"{key}-own", touched=touched)


@requires(Role.MEMBER)
@require_POST
def apply_combination(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """Take the newest version of a saved combination in a column: exactly its betas, and its changes to the body."""
    mine = Combination.objects.visible_to(request.user).filter(team=request.team)
    combination = get_object_or_404(mine, public_id=identifier(request.POST.get("combination")))

    def make(draft: Draft) -> Edit:
        if combination.archived_at:
            raise MatrixError("That combination was deleted.")
        newest = combination.newest
        if newest is None:
            raise MatrixError("That combination is empty.")
        last = draft.sheet[matrix.position_of(draft.sheet, key)].combination
        before = CombinationVersion.objects.filter(pk=last, combination__team=draft.team).first()
        columns = matrix.take_combination(draft.sheet, key, newest, before=before)
        rows = list(dict.fromkeys([*draft.rows, *newest.betas]))
        return Edit(f"{combination.name} in {_letter(columns, key)}", columns=columns, values={"rows": rows})

    return edited(
        request,
        draft_id,
        make,
        place=f"{key}-combination",
        touched=lambda composer: whole_matrix(composer, open_column=key),
    )


@requires(Role.MEMBER)
@require_safe
def palette(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Saved combinations that fit what is typed (`q`), for the `column` that shall take one."""
    draft = own_draft(request, draft_id)
    composer = composer_of(request, draft)
    asked = request.GET.get("column", "")
    key = asked if asked in composer.matrix.letters else list(composer.matrix.letters)[-1]
    typed = one_line(request.GET.get("q", ""))[:200]
    kept = Combination.objects.visible_to(request.user).filter(team=request.team).kept()
    found = kept.filter(Q(name__icontains=typed) | Q(betas__contains=typed.lower())) if typed else kept
    context = {"column": composer.matrix.column(key), "found": list(found[:PALETTE]), "typed": typed}
    return rendered(request, composer, [Fragment("palette_hits", context=context)])


@requires(Role.MEMBER)
@require_POST
def save_combination(request: TeamRequest, draft_id: str, key: str) -> HttpResponse:
    """Keep the betas of a column, and its changes where they are a merge patch, under a name: the next version of what is
    called so.

    The column remembers which version it is; that is nothing to undo.
    """

    def make(draft: Draft) -> Edit:
        column = draft.sheet[matrix.position_of(draft.sheet, key)]
        name = checked_name(request.POST.get("name", ""))
        if not column.betas:
            raise Refused(f"{key}-combination", "Tick a beta in this column first: there is nothing to save yet.")
        patch = as_patch(column.changes_text)
        version = Combination.keep_under(name, team=draft.team, author=draft.author, betas=column.betas, patch=patch)
        columns = matrix.remember_combination(draft.sheet, key, version)
        return Edit(f"save as {version}", columns=columns, undoable=False)

    def touched(composer: Composer) -> list[Fragment]:
        view = {"column": composer.matrix.column(key), "saved": one_line(request.POST.get("name", ""))}
        return [Fragment("betas", f"betas-{key}", view)]

    return edited(request, draft_id, make, place=f"{key}-combination", touched=touched)


def _letter(columns: list[Column], key: str) -> str:
    return letter(matrix.position_of(columns, key))


def _short(beta: str) -> str:
    found = DATED.fullmatch(beta)
    return (found[1] if found else beta)[:60]
