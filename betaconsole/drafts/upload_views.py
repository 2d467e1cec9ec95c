"""Edits of an upload: its fields and files, where the endpoint takes such."""

from collections.abc import Callable, Sequence

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.claude.multipart import PartError
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.incoming import takes_files, too_much

from . import kept_files, uploads
from .answering import Fragment, edited
from .apart import digest_of
from .editing import Edit, Refused
from .file_kinds import kind_of
from .models import Draft, Upload
from .uploads import PartRow
from .without_script import changed

MAX_AT_ONCE_BYTES = MAX_BODY_BYTES + 1_000_000
TOO_MUCH = "These files have more than 32 MB together, the most that the console sends at once. Nothing was added."


@requires(Role.MEMBER)
@require_POST
@takes_files(MAX_AT_ONCE_BYTES)
def add_parts(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Add a field called `name`, or a part for each of the `files`; `paths` gives their names with folders."""
    files = [] if too_much(request) else [(sent.name or "", sent.read()) for sent in request.FILES.getlist("files")]
    paths = request.POST.getlist("paths")
    names = paths if len(paths) == len(files) else [name for name, _ in files]
    field = request.POST.get("name", "").strip()

    def make(draft: Draft) -> Edit:
        if too_much(request):
            raise Refused("parts", TOO_MUCH)
        called = field or uploads.file_name(draft.endpoint)
        more = [_row(called, name, data) for name, (_, data) in zip(names, files, strict=True)]
        rows = _grown(draft, more or [PartRow(field)])
        if more:
            kept_files.sweep(draft)
            Upload.keep(draft, {digest_of(data): data for _, data in files})
        what = more[0].filename if len(more) == 1 else f"{len(more)} files" if more else "a field"
        return Edit(f"add {what}", values={"parts": uploads.dump(rows)})

    return _changed(request, draft_id, make)


@requires(Role.MEMBER)
@require_POST
def set_part(request: TeamRequest, draft_id: str) -> HttpResponse:
    """One text of the part at `index`: `field` is name, value, filename or content_type."""
    field, value, index = request.POST.get("field", ""), request.POST.get("value", ""), _index(request)

    def make(draft: Draft) -> Edit:
        rows = uploads.with_value(uploads.load(draft.parts), index, field, value)
        return Edit("change a part", values={"parts": uploads.dump(rows)}, place=f"part-{index}-{field}"[:120])

    return edited(request, draft_id, _said(make), place="parts")


@requires(Role.MEMBER)
@require_POST
def remove_part(request: TeamRequest, draft_id: str) -> HttpResponse:
    index = _index(request)

    def make(draft: Draft) -> Edit:
        rows = uploads.without(uploads.load(draft.parts), index)
        return Edit("remove a part", values={"parts": uploads.dump(rows)})

    return _changed(request, draft_id, make)


def _row(name: str, path: str, data: bytes) -> PartRow:
    filename = uploads.safe_path(path)
    if not data:
        raise Refused("parts", f"{filename} is empty. Nothing was added.")
    return PartRow(name, "", digest_of(data), filename, kind_of(data).media_type, len(data))


def _grown(draft: Draft, more: Sequence[PartRow]) -> list[PartRow]:
    rows = uploads.with_more(uploads.load(draft.parts), more)
    size = sum(row.size_bytes for row in rows)
    if size > MAX_BODY_BYTES:
        raise Refused(
            "parts",
            f"With that the upload has {size / 1_000_000:.1f} MB; the console sends at most 33.5 MB (32 MiB). Nothing "
            "was added.",
        )
    return rows


def _said(make: Callable[[Draft], Edit]) -> Callable[[Draft], Edit]:
    """The same edit, a part that cannot be said at its place."""

    def made(draft: Draft) -> Edit:
        try:
            return make(draft)
        except PartError as error:
            raise Refused("parts", str(error)) from error

    return made


def _changed(request: TeamRequest, draft_id: str, make: Callable[[Draft], Edit]) -> HttpResponse:
    return changed(request, draft_id, _said(make), place="parts", touched=lambda composer: [Fragment("parts")])


def _index(request: TeamRequest) -> int:
    value = request.POST.get("index", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else -1
