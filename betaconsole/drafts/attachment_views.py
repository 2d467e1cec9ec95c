"""Files in a message: attach them, take them out, look at them, name one that the API has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.hostile_files import file_response
from betaconsole.web.incoming import takes_files, too_much
from betaconsole.web.paging import identifier

from . import kept_files
from .answering import Fragment, own_draft
from .apart import TEXT, Reference, digest_of, own_bytes
from .attachments import block_of, block_of_file, kept_as, point_to, put_in, take_out
from .document import read_path, rewritten
from .editing import Edit, Refused
from .facts import Facts
from .file_kinds import FileRefused, Kind, checked, kind_of, safe_name
from .models import Draft, Upload
from .without_script import changed

MAX_AT_ONCE_BYTES = 100 * 1000 * 1000
NOTHING = "No file came along: choose one first."
TOO_MUCH = "These files have more than 100 MB together, and a request at most 32 MB: nothing was attached."


@dataclass(frozen=True)
class Incoming:
    """A file that can be attached."""

    name: str
    data: bytes
    kind: Kind

    @property
    def reference(self) -> Reference:
        return Reference(kept_as(self.kind), digest_of(self.stored), self.name)

    @property
    def stored(self) -> bytes:
        """Its bytes as the draft keeps them: a text as it is spelled inside a JSON string."""
        if kept_as(self.kind) != TEXT:
            return self.data
        return jsontext.dumps(self.data.decode("utf-8-sig"))[1:-1].encode()


@requires(Role.MEMBER)
@require_POST
@takes_files(MAX_AT_ONCE_BYTES)
def attach(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Put the `files` into the message at `index`, else into the last of the user's; each that cannot be is named."""
    said: list[str] = []
    incoming = [] if too_much(request) else _incoming(request, said)
    index = _index(request.POST.get("index", ""))

    def make(draft: Draft) -> Edit:
        if too_much(request):
            raise Refused("attach", TOO_MUCH)
        told = list(said)
        fitting = _fitting(draft, incoming, told)
        if not fitting:
            raise Refused("attach", " ".join(told) or NOTHING)
        kept_files.sweep(draft)
        Upload.keep(draft, {file.reference.digest: file.stored for file in fitting})
        blocks = [block_of(file.kind, file.reference) for file in fitting]
        text = rewritten(draft.body_text, lambda body: put_in(body, blocks, index))
        what = fitting[0].name if len(fitting) == 1 else f"{len(fitting)} files"
        shown[:] = told
        return Edit(f"attach {what}"[:120], body_text=text)

    shown: list[str] = []
    return _changed(request, draft_id, make, shown)


@requires(Role.MEMBER)
@require_POST
def remove_attachment(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Take out the block at `path`, if it still is the file that `key` names."""
    path, key = request.POST.get("path", ""), request.POST.get("key", "")

    def make(draft: Draft) -> Edit:
        text = rewritten(draft.body_text, lambda body: take_out(body, read_path(path), key))
        return Edit("remove a file", body_text=text)

    return _changed(request, draft_id, make)


@requires(Role.MEMBER)
@require_POST
def insert_file(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Name a file of the API (`file_id`, `media_type`) in a message; with `path` and `digest` in place of that file's bytes."""
    file_id, digest = request.POST.get("file_id", ""), request.POST.get("digest", "")
    path, index = request.POST.get("path", ""), _index(request.POST.get("index", ""))

    def change_body(body: dict[str, Any]) -> None:
        if digest:
            point_to(body, read_path(path), digest, file_id)
        else:
            put_in(body, [block_of_file(file_id, request.POST.get("media_type", ""))], index)

    def make(draft: Draft) -> Edit:
        return Edit(f"insert {showable(file_id)[:60]}", body_text=rewritten(draft.body_text, change_body))

    return _changed(request, draft_id, make)


@requires(Role.MEMBER)
@require_safe
def file(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The file of the draft that `digest` names, as what its bytes are; `encoding` is that of the reference to it."""
    draft = own_draft(request, draft_id)
    if "digest" not in request.GET:
        raise BadRequest("digest: which file")
    kept = get_object_or_404(Upload, draft=draft, digest=identifier(request.GET["digest"]))
    data = own_bytes(request.GET.get("encoding", ""), bytes(kept.data))
    name = safe_name(request.GET.get("name", ""))
    return file_response(data, media_type=kind_of(data).media_type, name=name, is_kept=True)


@requires(Role.MEMBER)
@require_safe
def whole_body(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The body as it is sent, files and all, to keep or to paste elsewhere."""
    draft = own_draft(request, draft_id)
    data = kept_files.whole(draft, draft.body_text).encode("utf-8", "surrogatepass")
    return file_response(data, media_type="application/json", name="body.json")


def _incoming(request: TeamRequest, said: list[str]) -> list[Incoming]:
    """The files that can be attached; what is to be said of them and of the others goes to `said`."""
    found = []
    for sent in request.FILES.getlist("files"):
        name, data = safe_name(sent.name or ""), sent.read()
        try:
            kind, hints = checked(data, name)
        except FileRefused as refusal:
            said.append(str(refusal))
            continue
        said += hints
        found.append(Incoming(name, data, kind))
    return found


def _fitting(draft: Draft, files: Sequence[Incoming], said: list[str]) -> list[Incoming]:
    """Those for which the request has room, in order."""
    fitting = []
    size = Facts.load(draft.facts).size_bytes
    for one in files:
        length = one.reference.length(len(one.stored))
        if size + length > MAX_BODY_BYTES:
            said.append(
                f"{one.name} was not attached: with it the request would have {(size + length) / 1_000_000:.1f} MB; the "
                "API takes at most 33.5 MB (32 MiB)."
            )
            continue
        size += length
        fitting.append(one)
    return fitting


def _changed(
    request: TeamRequest, draft_id: str, make: Callable[[Draft], Edit], said: Sequence[str] = ()
) -> HttpResponse:
    """Make the edit and show the body anew."""
    return changed(
        request,
        draft_id,
        make,
        place="attach",
        touched=lambda composer: [Fragment("body", context={"said": said})],
    )


def _index(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else None
