"""Uploads: parts → the body of a multipart/form-data request (RFC 7578), and such a body → its parts.

Equal parts give equal bytes, since a body is kept once for each hash: the boundary comes from what is uploaded.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

MAX_PARTS = 1_000
MAX_NAME_LENGTH = 500

_OCTETS = "application/octet-stream"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}(?:; ?[A-Za-z0-9-]+=[A-Za-z0-9._-]+)*"
)
_FORM_DATA = re.compile(r"\s*multipart/form-data\s*(?:;|$)", re.IGNORECASE)
_BOUNDARY = re.compile(r";\s*boundary=(?:\"([^\"]{1,70})\"|([^\s\";]{1,70}))", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*(name|filename)=(?:\"([^\"]*)\"|([^\s\";]*))", re.IGNORECASE)
_MAX_PART_HEAD_BYTES = 16_384
_SHOWN_LENGTH = 80


class PartError(ValueError):
    """A part that cannot be sent, or a body that is no upload; the message is one plain sentence."""


@dataclass(frozen=True)
class Part:
    """One field of an upload; a file where it has a file name, then of type `application/octet-stream` unless it says so."""

    name: str
    data: bytes
    filename: str = ""
    content_type: str = ""


def encode(parts: Sequence[Part]) -> tuple[bytes, str]:
    """The body of an upload and its content type, which names the boundary. Raises PartError.

    Names are UTF-8; a quote in one is sent as %22, as browsers, curl and the SDKs do. Control characters are refused.
    """
    if len(parts) > MAX_PARTS:
        raise PartError(f"{len(parts):,} parts are too many for one upload: at most {MAX_PARTS:,}.")
    fields = [_field(part) for part in parts]
    return encode_multipart_formdata(fields, _boundary_of(parts))


def decode(body: bytes, content_type: str) -> list[Part]:
    """The parts of an upload, to show them. Raises PartError where the body is none, whatever its bytes."""
    found = _BOUNDARY.search(content_type)
    if not _FORM_DATA.match(content_type) or found is None:
        raise PartError("The content type is not that of an upload (multipart/form-data with a boundary).")
    parts: list[Part] = []
    for head, data in _split(body, b"--" + (found[1] or found[2]).encode("utf-8", "replace")):
        if len(parts) == MAX_PARTS:
            raise PartError(f"The upload has more than {MAX_PARTS:,} parts.")
        parts.append(_part(head, data, len(parts) + 1))
    return parts


def _field(part: Part) -> RequestField:
    _check_name("name of a part", part.name)
    _check_name("file name", part.filename)
    if not part.name:
        raise PartError("A part of the upload has no name.")
    content_type = part.content_type or (_OCTETS if part.filename else "")
    if content_type and not _MEDIA_TYPE.fullmatch(content_type):
        raise PartError(f"The content type {_quoted(content_type)} is not of the form image/png.")
    field = RequestField(part.name, part.data, part.filename or None)
    field.make_multipart(content_type=content_type or None)
    return field


def _check_name(what: str, name: str) -> None:
    if len(name) > MAX_NAME_LENGTH:
        raise PartError(f"The {what} {_quoted(name)} is too long: {len(name):,} characters, at most {MAX_NAME_LENGTH}.")
    if found := _CONTROL.search(name) or _LONE_SURROGATE.search(name):
        raise PartError(f"The {what} {_quoted(name)} contains {found[0]!a}, which cannot be sent in a name.")


def _boundary_of(parts: Sequence[Part]) -> str:
    """A boundary that follows from the parts and occurs in none of them."""
    digest = hashlib.sha256()
    for part in parts:
        for field in (part.name.encode(), part.filename.encode(), part.content_type.encode(), part.data):
            digest.update(b"%d:" % len(field))
            digest.update(field)
    while any(_boundary(digest).encode() in part.data for part in parts):
        digest.update(b"+")
    return _boundary(digest)


def _boundary(digest: "hashlib._Hash") -> str:
    return f"betaconsole-{digest.hexdigest()[:40]}"


def _split(body: bytes, delimiter: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Head and data of each part."""
    at = 0 if body.startswith(delimiter) else body.find(b"\r\n" + delimiter) + 2
    if at == 1:
        raise PartError("The upload does not hold the boundary its content type names.")
    while not body.startswith(b"--", at := at + len(delimiter)):
        if not body.startswith(b"\r\n", at):
            raise PartError("The upload's boundary is not followed by a line break.")
        head_end = body.find(b"\r\n\r\n", at, at + _MAX_PART_HEAD_BYTES)
        if head_end < 0:
            raise PartError("A part of the upload has no end of its headers, or too many of them.")
        end = body.find(b"\r\n" + delimiter, head_end + 2)
        if end < 0:
            raise PartError("The upload ends in the middle of a part.")
        yield body[at + 2 : head_end + 2], body[head_end + 4 : end]
        at = end + 2


def _part(head: bytes, data: bytes, number: int) -> Part:
    fields = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    parameters = {
        found[1].lower(): _unescaped(found[2] if found[2] is not None else found[3])
        for found in _PARAMETER.finditer(fields.get("content-disposition", ""))
    }
    if not parameters.get("name"):
        raise PartError(f"Part {number:,} of the upload has no name.")
    return Part(parameters["name"], data, parameters.get("filename", ""), fields.get("content-type", ""))


def _unescaped(name: str) -> str:
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _quoted(text: str) -> str:
    return ascii(text) if len(text) <= _SHOWN_LENGTH else ascii(text[:_SHOWN_LENGTH]) + "…"
