"""The parts of an upload as a draft keeps them: fields with a value, and files that stand apart. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from betaconsole.claude.endpoints import MAX_BODY_BYTES, Endpoint, known_endpoint
from betaconsole.claude.multipart import MAX_PARTS, Part, PartError, decode, encode

from .apart import digest_of
from .file_kinds import safe_name

LONGEST_VALUE = 100_000
LONGEST_NAME = 500


@dataclass(frozen=True)
class PartRow:
    """One part: a field with a `value`, or a file where `file` names one of the draft's files by its digest."""

    name: str
    value: str = ""
    file: str = ""
    filename: str = ""
    content_type: str = ""
    size_bytes: int = 0

    @property
    def is_file(self) -> bool:
        return bool(self.file)


@dataclass(frozen=True)
class Suggestion:
    """A part that an endpoint knows: what it is for, as a person would say it."""

    name: str
    hint: str
    is_file: bool = False


FILE = (
    Suggestion("file", "the file to keep, one", is_file=True),
    Suggestion("expires_in_seconds", "3,600 to 7,776,000: when the API deletes it"),
)
SKILL = (
    Suggestion("display_name", "what people call the skill"),
    Suggestion("files[]", "a folder with SKILL.md at its top", is_file=True),
)
KNOWN: Mapping[str, tuple[Suggestion, ...]] = {
    "/v1/files": FILE,
    "/v1/skills": SKILL,
    "/v1/skills/{id}/versions": SKILL[1:],
}


def load(stored: Iterable[Mapping[str, Any]]) -> list[PartRow]:
    """Parts from their stored form; fields of a newer version are ignored."""
    known = {field.name for field in fields(PartRow)}
    return [PartRow(**{name: value for name, value in row.items() if name in known}) for row in stored]


def dump(rows: Iterable[PartRow]) -> list[dict[str, Any]]:
    return [{name: value for name, value in asdict(row).items() if value or name == "name"} for row in rows]


def suggestions(endpoint: Endpoint) -> tuple[Suggestion, ...]:
    """The parts an endpoint takes, as far as they are known."""
    known = known_endpoint(endpoint)
    return KNOWN.get(known.endpoint.path, ()) if known else ()


def file_name(endpoint: Endpoint) -> str:
    """What the part of a file is called there."""
    return next((one.name for one in suggestions(endpoint) if one.is_file), "file")


def encoded(rows: Sequence[PartRow], files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """Body and content type of the upload. Raises `PartError`."""
    if not rows:
        raise PartError("The upload has no part yet: add a file or a field.")
    for row in rows:
        if row.is_file and row.file not in files:
            raise PartError(f"The file {row.filename} is no longer here: add it again.")
    body, content_type = encode([_part(row, files) for row in rows])
    if len(body) > MAX_BODY_BYTES:
        raise PartError(f"The upload has {len(body):,} bytes; the console sends at most {MAX_BODY_BYTES:,} (32 MB).")
    return body, content_type


def taken_from(body: bytes, content_type: str) -> tuple[list[PartRow], dict[str, bytes]]:
    """The parts of an upload that was sent, and their files by digest. Raises `PartError`."""
    files: dict[str, bytes] = {}
    rows = []
    for part in decode(body, content_type):
        if part.filename:
            digest = digest_of(part.data)
            files[digest] = part.data
            kind = "" if part.content_type == "application/octet-stream" else part.content_type
            rows.append(PartRow(part.name, "", digest, part.filename, kind, len(part.data)))
        else:
            rows.append(PartRow(part.name, part.data.decode("utf-8", "replace"), content_type=part.content_type))
    return rows, files


def with_value(rows: Sequence[PartRow], index: int, field: str, value: str) -> list[PartRow]:
    """The parts with one text of one of them changed; `field` is name, value, filename or content_type."""
    if not 0 <= index < len(rows) or field not in ("name", "value", "filename", "content_type"):
        raise PartError("That part is no longer there.")
    most = LONGEST_VALUE if field == "value" else LONGEST_NAME
    if len(value) > most:
        raise PartError(f"That is {len(value):,} characters; at most {most:,} are possible.")
    changed: dict[str, Any] = {field: value}
    return [replace(row, **changed) if at == index else row for at, row in enumerate(rows)]


def safe_path(name: str) -> str:
    """A file's name with the folders it lies in, below the one that was chosen: `my-skill/SKILL.md`."""
    parts = [part for part in re.split(r"[/\\]", name) if part.strip(". ")]
    return "/".join(safe_name(part) for part in parts)[-LONGEST_NAME:] or "file"


def with_more(rows: Sequence[PartRow], more: Sequence[PartRow]) -> list[PartRow]:
    """The parts and further ones."""
    if len(rows) + len(more) > MAX_PARTS:
        raise PartError(f"An upload has at most {MAX_PARTS:,} parts.")
    return [*rows, *more]


def without(rows: Sequence[PartRow], index: int) -> list[PartRow]:
    if not 0 <= index < len(rows):
        raise PartError("That part is no longer there.")
    return [row for at, row in enumerate(rows) if at != index]


def _part(row: PartRow, files: Mapping[str, bytes]) -> Part:
    if row.is_file:
        return Part(row.name, files[row.file], row.filename, row.content_type)
    return Part(row.name, row.value.encode("utf-8", "surrogatepass"), "", row.content_type)
