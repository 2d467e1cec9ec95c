"""Answers that are no messages, as a page shows them: laid out JSON, lines of JSON, text, or a file's first bytes.

Only the beginning of a body is read for a page, however large the body is. Nothing is ever rendered as HTML of its own.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import BinaryField
from django.db.models.functions import Substr
from django.utils.safestring import mark_safe

from betaconsole.claude import jsontext
from betaconsole.runs.models import Exchange
from betaconsole.storage.fields import showable, unpack_start
from betaconsole.web.markdown import highlighted
from betaconsole.web.templatetags.figures import count, size

from .block_views import MAX_JSON, BlockView

STORED_BYTES = 64 * 1024  # read of a body as it lies in the store, compressed or not
MAX_START_BYTES = 256 * 1024
MAX_LINES, MAX_LINE = 200, 400
HEX_BYTES, HEX_WIDTH = 256, 16
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Start:
    """How a body begins. `size` is the whole body's, in bytes."""

    data: bytes
    size: int
    content_type: str = ""

    @property
    def is_whole(self) -> bool:
        return len(self.data) >= self.size


def starts_of(exchange_ids: Collection[int]) -> dict[int, Start]:
    """The beginnings of what other endpoints than Messages answered, where they did not refuse."""
    stored = Substr("response_body__data", 1, STORED_BYTES, output_field=BinaryField())
    answered = Exchange.objects.filter(pk__in=exchange_ids, status__lt=300, response_body__isnull=False)
    rows = answered.values_list("pk", stored, "response_body__size", "response_headers")
    return {
        pk: Start(unpack_start(bytes(data), MAX_START_BYTES), size_bytes, content_type_of(headers))
        for pk, data, size_bytes, headers in rows
    }


def content_type_of(headers: Any) -> str:
    """What the answer says it is, without parameters; empty where it does not say."""
    said = next((value for name, value in headers or () if name.lower() == "content-type"), "")
    return str(said).split(";")[0].strip().lower()


def answer_views(start: Start, xid: str) -> list[BlockView]:
    """The answer as one block."""
    if not start.size:
        return [BlockView(0, xid, "answer_empty", "The answer has no body")]
    text = text_of(start)
    if text is None:
        label = f"{showable(start.content_type) or 'Bytes'} · {size(start.size)}"
        return [BlockView(0, xid, "answer_bytes", label, code=hex_dump(start.data[:HEX_BYTES]))]
    document = _document(text) if start.is_whole else None
    if document is not None:
        return [_as_json(document, xid)]
    if start.content_type.endswith("jsonl") or start.content_type.endswith("ndjson"):
        return [_as_lines(text, start, xid)]
    shown = showable(text[:MAX_JSON])
    cut = start.size - len(shown.encode()) if not start.is_whole or len(text) > MAX_JSON else 0
    return [BlockView(0, xid, "answer_text", showable(start.content_type) or "Text", code=shown, cut=max(0, cut))]


def text_of(start: Start) -> str | None:
    """The beginning as text; None where it is none."""
    try:
        text = start.data.decode()
    except UnicodeDecodeError as error:
        if start.is_whole or error.start < len(start.data) - 3:
            return None
        text = start.data[: error.start].decode()  # cut off within a character
    return None if _NOT_TEXT.search(text) else text


def hex_dump(data: bytes) -> str:
    """Offset, bytes and what they are as ASCII, sixteen to a line."""
    return "\n".join(
        f"{at:08x}  {row.hex(' '):<{HEX_WIDTH * 3 - 1}}  {_ascii(row)}"
        for at in range(0, len(data), HEX_WIDTH)
        for row in [data[at : at + HEX_WIDTH]]
    )


def _ascii(row: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)


def _document(text: str) -> Any:
    try:
        value = jsontext.loads(text)
    except jsontext.JsonError:
        return None
    return value if isinstance(value, dict | list) else None


def _as_json(document: Any, xid: str) -> BlockView:
    text = showable(jsontext.dumps(document, indent=2))
    html = highlighted(text, "json") if len(text) <= MAX_JSON else None
    shown = text[:MAX_JSON] if html is None else mark_safe(html)  # noqa: S308 - Pygments escapes
    return BlockView(0, xid, "answer_json", _label(document), code=shown, cut=max(0, len(text) - MAX_JSON))


def _label(document: Any) -> str:
    """What there is to say of an answer in a few words: a count of tokens, how long a list is."""
    tokens = document.get("input_tokens") if isinstance(document, dict) else None
    if isinstance(tokens, int) and not isinstance(tokens, bool):
        return f"{count(tokens)} input tokens"
    rows = document if isinstance(document, list) else document.get("data")
    return f"JSON · {len(rows):,} in the list" if isinstance(rows, list) else "JSON"


def _as_lines(text: str, start: Start, xid: str) -> BlockView:
    lines = list(_lines(text, is_whole=start.is_whole))
    more = len(lines) > MAX_LINES or not start.is_whole
    label = f"{'The first ' if more else ''}{min(len(lines), MAX_LINES):,} lines of JSON · {size(start.size)}"
    return BlockView(0, xid, "answer_lines", label, code="\n".join(lines[:MAX_LINES]))


def _lines(text: str, *, is_whole: bool) -> Iterator[str]:
    """Every line that is all there, each no longer than a page bears."""
    lines = text.split("\n") if is_whole else text.split("\n")[:-1]
    for line in filter(None, lines):
        shown = showable(line[:MAX_LINE])
        yield shown if len(line) <= MAX_LINE else f"{shown}… {len(line) - MAX_LINE:,} more characters"
