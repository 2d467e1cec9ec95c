"""A message's content blocks as a person reads them: a label, a text, and JSON where words are not enough."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """One content block for display. `json` is what is to be shown as JSON, None where the text says it all.

    Of a file in base64 only its length stands in `json` and `text`. `known` is False for a type this console has no words for: then the whole block is in `json`. Text and label hold
    no lone surrogates (they would not encode); a NUL stays as it is.
    """

    index: int
    type: str
    label: str
    text: str
    json: dict[str, Any] | None
    known: bool


def blocks(message: Fields | None) -> list[Block]:
    """The blocks of a message in order; empty where there is no content."""
    return [block_at(index, fields) for index, fields in enumerate(_content(message))]


def block_at(index: int, fields: object) -> Block:
    """One content block, whatever it is; `index` is its position in the content."""
    if not isinstance(fields, dict):
        return Block(index, "", "Not a block", "", {"value": fields}, False)
    kind = text_in(fields, "type")
    read = _READERS.get(kind)
    if read is None:
        return Block(index, kind, f"Unknown block: {shown(kind) or 'without a type'}", "", fields, False)
    label, text, rest = read(fields)
    return Block(index, kind, shown(label), shown(text), rest, True)


def text_of(message: Fields | None) -> str:
    """The answer's text: text blocks in a row joined by nothing, a blank line where another block stands between."""
    parts: list[str] = []
    between = False
    for fields in _content(message):
        if not isinstance(fields, dict) or fields.get("type") != "text":
            between = True
        elif text := text_in(fields, "text"):
            parts += ["\n\n", text] if between and parts else [text]
            between = False
    return shown("".join(parts))


def shown(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates as U+FFFD, so that it encodes as UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def text_in(fields: Fields, name: str) -> str:
    """The string under this name, or an empty one."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def json_text(value: object) -> str:
    """A value as compact JSON for display."""
    return shown(json.dumps(value, ensure_ascii=False, separators=(",", ": ")))


def citation_label(citation: object) -> str:
    """What a citation points to, in a few words."""
    if not isinstance(citation, dict):
        return json_text(citation)
    names = ("title", "document_title", "url", "source", "cited_text", "type")
    return shown(next((text for name in names if (text := text_in(citation, name))), "citation"))


def _content(message: Fields | None) -> list[Any]:
    content = message.get("content") if message else None
    return content if isinstance(content, list) else []


def _read_text(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
    extra = {name: value for name, value in fields.items() if name not in ("type", "text") and value}
    return "Text", text_in(fields, "text"), extra or None


def _read_thinking(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
    extra = {name: value for name, value in fields.items() if name not in ("type", "thinking", "signature") and value}
    return "Thinking", text_in(fields, "thinking"), extra or None


def _read_call(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
    """A tool call: its input is what one wants to see; all of it where the input is not an object."""
    titles = {"tool_use": "Tool call", "server_tool_use": "Server tool call", "mcp_tool_use": "MCP tool call"}
    name = ".".join(text for field in ("server_name", "toolset_name", "name") if (text := text_in(fields, field)))
    caller = fields.get("caller")
    asked_by = text_in(caller, "type") if isinstance(caller, dict) else ""
    of_whom = f" from {asked_by}" if asked_by not in ("", "direct") else ""
    given = fields.get("input")
    whole = "_partial_json" in fields or "_deltas" in fields or not isinstance(given, dict)
    return f"{titles[fields['type']]}{of_whom}: {name}", "", dict(fields) if whole or given is None else given


def _read_compaction(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
    return "Compaction", text_in(fields, "content"), dict(fields)


def _read_fallback(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
    models = [text_in(side, "model") for name in ("from", "to") if isinstance(side := fields.get(name), dict)]
    trigger = fields.get("trigger")
    why = [text_in(trigger, name) for name in ("type", "category")] if isinstance(trigger, dict) else []
    return f"Fallback: {' → '.join(models)}", ": ".join(filter(None, why)), dict(fields)


def _read_listing(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
    tools = fields.get("tools")
    names = [text_in(tool, "name") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return f"MCP tool listing: {text_in(fields, 'mcp_server_name')}", "\n".join(filter(None, names)), dict(fields)


def _tool_change(label: str) -> "Reader":
    """A tool given to the model or taken from it in the middle of a conversation."""

    def read(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
        tool = fields.get("tool")
        tool = tool if isinstance(tool, dict) else {}
        definition = tool.get("definition")
        named = {**definition, **tool} if isinstance(definition, dict) else tool
        name = ".".join(text for field in ("server_name", "name") if (text := text_in(named, field)))
        return f"{label}: {name}", "", dict(fields)

    return read


def _titled(label: str) -> "Reader":
    """A reader for a block that is shown as JSON, with the readable lines of its content."""

    def read(fields: Fields) -> tuple[str, str, dict[str, Any] | None]:
        failed = " (error)" if fields.get("is_error") is True else ""
        return label + failed, "\n".join(_lines(fields.get("content"))), _without_files(fields)

    return read


def _whole(label: str) -> "Reader":
    """A reader for a block that holds its words itself, not in `content`."""
    return lambda fields: (label, "\n".join(_lines(fields)), _without_files(fields))


def _lines(content: object) -> list[str]:
    """The readable words of a result: texts, output of code, titles with addresses, files, error codes."""
    if isinstance(content, list):
        return [line for item in content for line in _lines(item)]
    if not isinstance(content, dict):
        return [content] if isinstance(content, str) and content else []
    lines = [text for name in ("text", "stdout", "stderr", "error_code", "file_id") if (text := text_in(content, name))]
    if type(code := content.get("return_code")) is int and code:
        lines.append(f"return code {code}")
    names = ("title", "url", "tool_name")
    address = " · ".join(text for name in names if (text := text_in(content, name)))
    lines += [*([address] if address else []), *_source_lines(content.get("source"))]
    return lines + [line for name in ("content", "tool_references", "lines") for line in _lines(content.get(name))]


def _source_lines(source: object) -> list[str]:
    """Where an image, a document or a search result comes from: a type and a length, an address, a file's id."""
    if not isinstance(source, dict):
        return _lines(source)
    data = text_in(source, "data")
    if not data:
        return _lines(source)
    length = f"{len(data) * 3 // 4:,} bytes" if source.get("type") == "base64" else f"{len(data):,} characters"
    return [", ".join(filter(None, (text_in(source, "media_type"), length)))]


def _without_files(value: Any) -> Any:
    """The value with the data of files in base64 replaced by its length."""
    if isinstance(value, list):
        return [_without_files(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    plain = {name: _without_files(item) for name, item in value.items()}
    if plain.get("type") == "base64" and isinstance(data := plain.get("data"), str):
        plain["data"] = f"… {len(data):,} characters of base64"
    return plain


Reader = Callable[[Fields], tuple[str, str, dict[str, Any] | None]]

_READERS: dict[str, Reader] = {
    "text": _read_text,
    "thinking": _read_thinking,
    "redacted_thinking": _titled("Redacted thinking"),
    "tool_use": _read_call,
    "server_tool_use": _read_call,
    "mcp_tool_use": _read_call,
    "web_search_tool_result": _titled("Web search result"),
    "web_fetch_tool_result": _titled("Web fetch result"),
    "code_execution_tool_result": _titled("Code execution result"),
    "bash_code_execution_tool_result": _titled("Bash result"),
    "text_editor_code_execution_tool_result": _titled("Text editor result"),
    "tool_search_tool_result": _titled("Tool search result"),
    "advisor_tool_result": _titled("Advisor result"),
    "mcp_tool_result": _titled("MCP tool result"),
    "mcp_tool_listing": _read_listing,
    "compaction": _read_compaction,
    "fallback": _read_fallback,
    "container_upload": _whole("Container upload"),
    # What stands in requests only
    "image": _whole("Image"),
    "document": _whole("Document"),
    "search_result": _whole("Search result"),
    "tool_result": _titled("Tool result"),
    "tool_addition": _tool_change("Tool added"),
    "tool_removal": _tool_change("Tool removed"),
}
