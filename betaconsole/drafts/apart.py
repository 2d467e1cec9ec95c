"""Long `data` of a body, kept apart from its text: a reference stands in its place. Pure.

Twenty megabytes of base64 would be read, parsed and written with every letter typed beside them. So the JSON text of a
draft holds `"@base64:<digest> holiday.png"` where the body that is sent holds the file's base64, and `"@text:<digest>"`
where it holds a long text. Both ways go over the text alone, so that the body comes back letter for letter, also where
it is not JSON (yet).
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

BASE64, TEXT = "base64", "text"
SHORTEST_BASE64 = 1_024  # characters; what is shorter hurts nobody where it stands
SHORTEST_TEXT = 16_384
MAX_NAME = 120

_DATA = re.compile(r'("data"[ \t\r\n]*:[ \t\r\n]*")((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_REFERENCE = re.compile(r'"@(base64|text):([0-9a-f]{32})(?: ([^"\\\x00-\x1f]{0,120}))?"')
_STANDARD = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Reference:
    """What stands in a body's text for a file: how its bytes are written there, which bytes, and a name for people."""

    encoding: str  # BASE64, or TEXT: the bytes are the inside of a JSON string, escapes included
    digest: str
    name: str = ""

    @property
    def value(self) -> str:
        """The JSON string (its value) that refers to the file."""
        return f"@{self.encoding}:{self.digest}{' ' if self.name else ''}{self.name}"

    @classmethod
    def of(cls, value: object) -> "Reference | None":
        """The reference that a JSON value is, if it is one."""
        found = _REFERENCE.fullmatch(f'"{value}"') if isinstance(value, str) and value[:1] == "@" else None
        return cls(found[1], found[2], found[3] or "") if found else None

    def length(self, size_bytes: int) -> int:
        """How many bytes the file takes in the body that is sent."""
        return (size_bytes + 2) // 3 * 4 if self.encoding == BASE64 else size_bytes


@dataclass(frozen=True)
class Apart:
    """A text with references, and the bytes they stand for by digest."""

    text: str
    files: dict[str, bytes] = field(default_factory=dict)


def digest_of(data: bytes) -> str:
    """What a file is called in references and among a draft's files."""
    return hashlib.sha256(data).hexdigest()[:32]


def taken_apart(text: str) -> Apart:
    """The text with every long `data` replaced by a reference. `put_together` gives back exactly this text."""
    files: dict[str, bytes] = {}

    def replaced(found: re.Match[str]) -> str:
        reference = _kept(found[2], files)
        return found[0] if reference is None else f'{found[1]}{reference.value}"'

    return Apart(_DATA.sub(replaced, text), files)


def put_together(text: str, files: Mapping[str, bytes]) -> str:
    """The body's own text: each reference replaced by what it stands for; one to a file that is not there stays."""

    def replaced(found: re.Match[str]) -> str:
        data = files.get(found[2])
        return found[0] if data is None else f'"{literal(found[1], data)}"'

    return _REFERENCE.sub(replaced, text)


def references(text: str) -> Iterator[Reference]:
    """The references in a text, in order."""
    return (Reference(found[1], found[2], found[3] or "") for found in _REFERENCE.finditer(text))


def grown_by(text: str, size_of: Callable[[str], int | None]) -> int:
    """By how many bytes the body that is sent is longer than its text; `size_of` gives a file's size by its digest."""
    grown = 0
    for reference in references(text):
        size = size_of(reference.digest)
        if size is not None:
            grown += reference.length(size) - len(reference.value.encode("utf-8", "surrogatepass"))
    return grown


def literal(encoding: str, data: bytes) -> str:
    """The inside of the JSON string that the file is in the body that is sent."""
    return base64.b64encode(data).decode() if encoding == BASE64 else data.decode("utf-8", "surrogatepass")


def own_bytes(encoding: str, data: bytes) -> bytes:
    """The file's own bytes: a TEXT is kept as it is spelled inside a JSON string."""
    if encoding != TEXT:
        return data
    try:
        text = json.loads(f'"{data.decode("utf-8", "surrogatepass")}"', strict=False)
    except ValueError:
        return data
    return str(text).encode("utf-8", "replace")


def _kept(inside: str, files: dict[str, bytes]) -> Reference | None:
    """A reference to what a JSON string holds, its bytes among `files`; None where it is short."""
    if len(inside) < SHORTEST_BASE64:
        return None
    data, encoding = _decoded(inside), BASE64
    if data is None:
        if len(inside) < SHORTEST_TEXT:
            return None
        data, encoding = inside.encode("utf-8", "surrogatepass"), TEXT
    reference = Reference(encoding, digest_of(data))
    files[reference.digest] = data
    return reference


def _decoded(inside: str) -> bytes | None:
    """The bytes, where writing them as base64 gives the very same characters."""
    if len(inside) % 4 or not _STANDARD.fullmatch(inside):
        return None
    try:
        data = base64.b64decode(inside, validate=True)
    except binascii.Error:
        return None
    return data if base64.b64encode(data).decode() == inside else None
