"""The files in a request that was sent: shown as cards, each to be looked at or kept, in place of a wall of base64. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from betaconsole.claude.multipart import PartError, decode
from betaconsole.drafts.apart import own_bytes, references, taken_apart
from betaconsole.drafts.attachments import FileNote
from betaconsole.drafts.file_kinds import IMAGES, LABELS, kind_of, safe_name
from betaconsole.storage.fields import showable

MAX_SHOWN = 200
LONG_BYTES = 2_000  # a body that is shorter is shown as it is


@dataclass(frozen=True)
class RequestFile:
    """One file, in the order of the request; `number` counts from 1."""

    number: int
    name: str
    label: str
    details: str
    size_bytes: int
    is_drawn: bool

    @property
    def sheet(self) -> str:
        """A few letters in place of a picture."""
        return {"PDF": "PDF", "text": "TXT"}.get(self.label, "file")


@dataclass(frozen=True)
class WithoutFiles:
    """A JSON body with references in place of its files, and the files."""

    text: str
    files: list[RequestFile]


def without_files(body: bytes) -> WithoutFiles | None:
    """A JSON body for a page; None where no file is in it, or it is no text."""
    if len(body) < LONG_BYTES:
        return None
    try:
        apart = taken_apart(body.decode())
    except UnicodeDecodeError:
        return None
    if not apart.files:
        return None
    return WithoutFiles(apart.text, [_described(number, name, data) for number, name, data in _in_json(body)])


def file_in(body: bytes, content_type: str, number: int) -> tuple[str, bytes] | None:
    """Name and bytes of one file of a request; None where there is none of that number."""
    found = _in_upload(body, content_type) if content_type.startswith("multipart/") else _in_json(body)
    return next(((name, data) for at, name, data in found if at == number), None)


def upload_files(body: bytes, content_type: str) -> list[RequestFile]:
    """The files of an upload; none where it is none."""
    if not content_type.startswith("multipart/"):
        return []
    return [_described(number, name, data) for number, name, data in _in_upload(body, content_type)]


def _in_json(body: bytes) -> Iterator[tuple[int, str, bytes]]:
    try:
        apart = taken_apart(body.decode())
    except UnicodeDecodeError:
        return
    known = (reference for reference in references(apart.text) if reference.digest in apart.files)
    for number, reference in enumerate(known, start=1):
        if number > MAX_SHOWN:
            return
        yield number, f"file {number}", own_bytes(reference.encoding, apart.files[reference.digest])


def _in_upload(body: bytes, content_type: str) -> Iterator[tuple[int, str, bytes]]:
    try:
        parts = [part for part in decode(body, content_type) if part.filename]
    except PartError:
        return
    for number, part in enumerate(parts[:MAX_SHOWN], start=1):
        yield number, safe_name(part.filename), part.data


def _described(number: int, name: str, data: bytes) -> RequestFile:
    kind = kind_of(data)
    note = FileNote(len(data), kind.media_type, kind.width, kind.height, kind.pages)
    sides = f"{kind.width:,} × {kind.height:,}" if kind.media_type in IMAGES and kind.width else ""
    pages = f"about {kind.pages:,} page{'s' if kind.pages > 1 else ''}" if kind.pages else ""
    label = LABELS.get(kind.media_type, "file")
    return RequestFile(number, showable(name), label, sides or pages, len(data), note.is_drawn)
