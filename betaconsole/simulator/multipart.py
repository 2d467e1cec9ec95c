"""Bodies of type multipart/form-data, as uploads come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from .refusals import Refusal, invalid
from .wire import Request

MOST_PARTS = 1_000
MOST_HEAD_BYTES = 16_384
MOST_BOUNDARY_CHARS = 200


@dataclass(frozen=True)
class FormPart:
    """One field. `filename` is None where it is no file; `content_type` is empty where none was said."""

    name: str
    data: bytes
    filename: str | None = None
    content_type: str = ""

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")


def read_form(request: Request) -> list[FormPart]:
    """The fields of an upload in their order. Raises a Refusal for anything else."""
    if request.too_large:
        raise Refusal(413, "Request exceeds the maximum size")
    said = Message()
    said["content-type"] = request.value("content-type") or ""
    boundary = said.get_param("boundary")
    if said.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise invalid("Content-Type: a multipart/form-data body with a boundary is needed")
    if len(boundary) > MOST_BOUNDARY_CHARS:
        raise invalid("Content-Type: the boundary is too long")
    return [_read_part(raw) for raw in _parts(request.body, boundary.encode("latin-1", "replace"))]


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """The bytes between the boundaries. Only a boundary at the start of a line counts."""
    line = b"\r\n--" + boundary
    start = _start(body, b"--" + boundary, line)
    for _ in range(MOST_PARTS):
        if body[start : start + 2] == b"--":
            return
        start = body.find(b"\r\n", start)
        end = body.find(line, start) if start != -1 else -1
        if end == -1:
            raise invalid("Could not parse the multipart body: it ends within a part")
        yield body[start + 2 : end]
        start = end + len(line)
    raise invalid(f"Could not parse the multipart body: more than {MOST_PARTS} parts")


def _start(body: bytes, first: bytes, line: bytes) -> int:
    if body.startswith(first):
        return len(first)
    found = body.find(line)
    if found == -1:
        raise invalid("Could not parse the multipart body: its boundary is missing")
    return found + len(line)


def _read_part(raw: bytes) -> FormPart:
    head, blank, data = raw.partition(b"\r\n\r\n")
    if not blank or len(head) > MOST_HEAD_BYTES:
        raise invalid("Could not parse the multipart body: a part without its headers")
    headers = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        field, _, value = line.partition(":")
        headers[field.strip() or "x"] = value.strip().replace("\r", " ").replace("\n", " ")
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise invalid("Could not parse the multipart body: a part without a name")
    return FormPart(name, data, headers.get_filename(), (headers["content-type"] or "").strip())
