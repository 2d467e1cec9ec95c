"""Cases that fill in the variables of the prompt: typed in a small table, taken from a file, let go."""

from collections.abc import Callable

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from betaconsole.library.case_table import line_after, typed_rows
from betaconsole.library.cases import MAX_CASES, MAX_FILE_BYTES, CaseRow, CasesRefused, read_cases
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.incoming import takes_files, too_much

from . import case_sets
from .answering import Fragment, edited
from .case_values import add_values
from .context import Composer
from .editing import Edit, Refused
from .file_kinds import safe_name
from .models import Draft

TOO_MUCH = f"That file has more than {MAX_FILE_BYTES // 1_000_000} MB. Nothing was taken."
NOTHING = "No file came along: choose one first."
TYPED = "typed here"


@requires(Role.MEMBER)
@require_POST
def set_values(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The cases as they stand in the table; a row without any text is dropped."""
    typed = request.POST.dict()

    def make(draft: Draft) -> Edit:
        rows = _taken(lambda: typed_rows(typed))
        return _edit(draft, rows, "edit the cases", source=TYPED, place="values")

    def touched(composer: Composer) -> list[Fragment]:
        # Nobody types in vain: the fields of the table stay as they are, and a row is added after the last one.
        more = line_after(typed)
        added = [Fragment("case_line", f"case-line-{more.number}", {"line": more, "is_last": True})] if more else []
        return [Fragment("values_head"), Fragment("values_said"), *added]

    return edited(request, draft_id, make, place="values", touched=touched)


@requires(Role.MEMBER)
@require_POST
@takes_files(MAX_FILE_BYTES)
def import_values(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The cases of a file (`cases`) in place of those there were: all of them or none."""
    sent = None if too_much(request) else request.FILES.get("cases")

    def make(draft: Draft) -> Edit:
        if sent is None:
            raise Refused("values", TOO_MUCH if too_much(request) else NOTHING)
        name = safe_name(sent.name or "")
        sent.seek(0)
        rows = _taken(lambda: read_cases(sent.read(), name))
        return _edit(draft, rows, f"cases from {name}", source=name)

    return edited(request, draft_id, make, place="values", touched=_whole)


@requires(Role.MEMBER)
@require_POST
def remove_values(request: TeamRequest, draft_id: str) -> HttpResponse:
    """No cases; undo brings them back."""
    return edited(
        request,
        draft_id,
        lambda draft: Edit("remove the cases", values={"case_set_id": None}),
        place="values",
        touched=_whole,
    )


def _whole(composer: Composer) -> list[Fragment]:
    return [Fragment("values")]


def _edit(draft: Draft, rows: list[CaseRow], what: str, *, source: str, place: str = "") -> Edit:
    if draft.recorded is not None:
        raise Refused("values", "Recorded requests stand in place of the prompt: remove them first.")
    if len(rows) > MAX_CASES:
        raise Refused("values", f"{len(rows):,} cases; a comparison holds at most {MAX_CASES:,}.")
    case_sets.sweep(draft)
    made = add_values(draft, rows, source=source) if rows else None
    return Edit(what, values={"case_set_id": made.pk if made else None}, place=place)


def _taken(read: Callable[[], list[CaseRow]]) -> list[CaseRow]:
    try:
        return read()
    except CasesRefused as refusal:
        raise Refused("values", f"{refusal} Nothing was changed.") from refusal
