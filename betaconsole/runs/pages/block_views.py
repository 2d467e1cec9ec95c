"""Content blocks as a page shows them: whole ones of a final message, growing ones of an answer that still streams. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.safestring import SafeString, mark_safe

from betaconsole.claude.blocks import Block, block_at, citation_label
from betaconsole.storage.fields import showable
from betaconsole.web import markdown
from betaconsole.web.frames import text_html

SHORT_JSON = 90
MAX_LABEL = 160
MAX_JSON = 20_000
MAX_TEXT = 400_000
MAX_FIELDS = 20  # of a message, each with a view of its own
USUAL_FIELDS = frozenset({"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"})
NOTHING = SafeString("")


class Growing(Protocol):
    """A block so far, as `runs.picture` gives it."""

    index: int
    type: str
    label: str
    text: str


@dataclass(frozen=True)
class Citation:
    """What a citation points to; `url` only where it is a web address."""

    label: str
    url: str
    quote: str


@dataclass(frozen=True)
class ResultView:
    """The answer that a tool call got. `who`: "stub", or the person who typed it. `fold`: how a long one begins, else empty."""

    who: str
    text: str
    is_error: bool = False
    fold: str = ""
    cut: int = 0


@dataclass(frozen=True)
class BlockView:
    """One block. `html` is rendered Markdown, escaped plain text or empty; `code` is wire text shown as it is.

    `details` is JSON folded away under `details_label`. `cut`: characters that are not shown here. `fold`: how a long text
    begins that is folded away; empty where it stands open. `result`: what a tool call was answered with.
    """

    index: int
    xid: str
    type: str
    label: str
    html: SafeString = NOTHING
    code: str = ""
    details: str = ""
    details_label: str = "JSON"
    citations: tuple[Citation, ...] = ()
    cut: int = 0
    known: bool = True
    fold: str = ""
    result: ResultView | None = None


def growing_views(blocks: Iterable[Growing], xid: str) -> list[BlockView]:
    """Blocks of an answer in flight: plain text, because it is appended to."""
    return [
        BlockView(block.index, xid, showable(block.type), showable(block.label), html=_escaped(block.text))
        for block in blocks
    ]


def final_views(message: Mapping[str, Any] | None, xid: str) -> list[BlockView]:
    """Every block of a message that will not change any more, in order; then its fields that not every message has."""
    content = message.get("content") if message else None
    blocks = content if isinstance(content, list) else []
    thinking_tokens = _thinking_tokens(message or {}, blocks)
    views = [_final_view(block_at(index, fields), fields, xid, thinking_tokens) for index, fields in enumerate(blocks)]
    return views + _field_views(message or {}, xid, first_index=len(views))


def _field_views(message: Mapping[str, Any], xid: str, *, first_index: int) -> list[BlockView]:
    """What a message says beside its blocks, such as `context_management`: often all there is to see of a beta."""
    said = {name: value for name, value in message.items() if name not in USUAL_FIELDS and not _is_empty(name, value)}
    shown = dict(list(said.items())[:MAX_FIELDS])
    if rest := {name: value for name, value in said.items() if name not in shown}:
        shown[f"{len(rest):,} more fields"] = rest
    return [
        BlockView(index, xid, "message_field", showable(name)[:MAX_LABEL], code=pretty(value))
        for index, (name, value) in enumerate(shown.items(), start=first_index)
    ]


def _is_empty(name: str, value: Any) -> bool:
    # Zero and false are values. A beta that had nothing to edit says so in every answer.
    return value in (None, "", [], {}) or (name == "context_management" and value == {"applied_edits": []})


def _final_view(block: Block, fields: Any, xid: str, thinking_tokens: int | None) -> BlockView:
    show = _SHOWN.get(block.type, _as_result) if block.known else _as_json
    view = show(block, fields, xid)
    if block.type == "thinking" and thinking_tokens is not None:
        return BlockView(**{**view.__dict__, "label": f"Thinking · {thinking_tokens:,} tokens"})
    return view


def _as_text(block: Block, fields: Any, xid: str) -> BlockView:
    text = showable(block.text)
    html = markdown.render(text) if len(text) <= markdown.MAX_BYTES else markdown.plain(text[:MAX_TEXT])
    citations = fields.get("citations")
    rest = {name: value for name, value in (block.json or {}).items() if name != "citations"}
    return BlockView(
        block.index,
        xid,
        block.type,
        block.label,
        html=html,
        citations=tuple(_citation(item) for item in citations) if isinstance(citations, list) else (),
        details=pretty(rest) if rest else "",
        cut=max(0, len(text) - MAX_TEXT),
    )


def _as_thinking(block: Block, fields: Any, xid: str) -> BlockView:
    label = block.label if block.text else f"{block.label} · not shown by the API"
    return BlockView(
        block.index,
        xid,
        block.type,
        label,
        html=_escaped(block.text[:MAX_TEXT]),
        details=pretty(block.json) if block.json else "",
        cut=max(0, len(block.text) - MAX_TEXT),
    )


def _as_call(block: Block, fields: Any, xid: str) -> BlockView:
    """`lookup_order({"order_id": "A-1043"})`, the input over several lines where it is long."""
    kind, _, name = block.label.partition(": ")
    given = json.dumps(block.json, ensure_ascii=False)
    code = f"{name}({given if len(given) <= SHORT_JSON else pretty(block.json)})"
    return BlockView(block.index, xid, block.type, showable(kind), code=showable(code))


def _as_result(block: Block, fields: Any, xid: str) -> BlockView:
    return BlockView(
        block.index,
        xid,
        block.type,
        showable(block.label),
        code=showable(block.text[:MAX_JSON]),
        details=pretty(block.json) if block.json is not None else "",
    )


def _as_redacted(block: Block, fields: Any, xid: str) -> BlockView:
    data = fields.get("data")
    length = f" · {len(data):,} encrypted characters" if isinstance(data, str) else ""
    return BlockView(block.index, xid, block.type, block.label + length, details=pretty(fields))


def _as_json(block: Block, fields: Any, xid: str) -> BlockView:
    return BlockView(
        block.index, xid, showable(block.type), showable(block.label), code=pretty(block.json), known=False
    )


_SHOWN = {
    "text": _as_text,
    "thinking": _as_thinking,
    "redacted_thinking": _as_redacted,
    "tool_use": _as_call,
    "server_tool_use": _as_call,
    "mcp_tool_use": _as_call,
}


def _citation(item: Any) -> Citation:
    url = item.get("url") if isinstance(item, dict) else None
    quote = item.get("cited_text") if isinstance(item, dict) else None
    safe = isinstance(url, str) and url.startswith(("https://", "http://"))
    label = showable(citation_label(item))[:MAX_LABEL]
    said = showable(quote)[:400] if isinstance(quote, str) else ""
    return Citation(label, showable(str(url)) if safe else "", "" if said == label else said)


def _thinking_tokens(message: Mapping[str, Any], content: list[Any]) -> int | None:
    """The thinking tokens, where the usage counts them and one block alone can have them."""
    usage = message.get("usage")
    details = usage.get("output_tokens_details") if isinstance(usage, dict) else None
    count = details.get("thinking_tokens") if isinstance(details, dict) else None
    blocks = [fields for fields in content if isinstance(fields, dict) and fields.get("type") == "thinking"]
    return count if len(blocks) == 1 and isinstance(count, int) else None


def pretty(value: Any) -> str:
    """JSON over several lines, showable, and no longer than a page bears."""
    text = showable(json.dumps(value, indent=2, ensure_ascii=False))
    return text if len(text) <= MAX_JSON else f"{text[:MAX_JSON]}\n… {len(text) - MAX_JSON:,} more characters"


def _escaped(text: str) -> SafeString:
    return mark_safe(text_html(text))  # noqa: S308 - text_html escapes
