"""The content blocks a request may hold: those of the stable API, and those that a beta opens."""

from __future__ import annotations

from .kinds import ANYTHING, BOOLEAN, OBJECT, STRING, Choice, Kind, ListOf, Record, Union, loose

CACHE_CONTROL = Union({"ephemeral": Record({"type": STRING, "ttl": Choice(("5m", "1h"))})})
CITATIONS = Record({"enabled": BOOLEAN})


def _block(required: str = "", **kinds: Kind) -> Record:
    known = {"type": STRING, "cache_control": CACHE_CONTROL, **kinds}
    return Record(known, tuple(required.split()))


_SOURCES = {
    "base64": Record({"data": STRING, "media_type": STRING}, ("data", "media_type"), loose=True),
    "text": Record({"data": STRING, "media_type": STRING}, ("data",), loose=True),
    "url": Record({"url": STRING}, ("url",), loose=True),
    "content": Record(
        {"content": ListOf(Union(loose(["text", "image"], text=STRING)), or_text=True)}, ("content",), loose=True
    ),
    **loose(["file"]),
}
_RESULT = {
    "text": _block("text", text=STRING, citations=ANYTHING),
    "image": _block("source", source=Union(_SOURCES), transformations=OBJECT),
    "document": _block("source", source=Union(_SOURCES), title=STRING, context=STRING, citations=CITATIONS),
    "search_result": _block(
        "source title content", source=STRING, title=STRING, content=ListOf(OBJECT), citations=CITATIONS
    ),
    "tool_reference": _block("tool_name", tool_name=STRING),
}
_ANSWER = {"tool_use_id": STRING, "content": ANYTHING, "caller": OBJECT}
BLOCKS: dict[str, Record] = {
    **{name: _RESULT[name] for name in ("text", "image", "document", "search_result")},
    "thinking": Record({"type": STRING, "thinking": STRING, "signature": STRING}, ("signature",)),
    "redacted_thinking": Record({"type": STRING, "data": STRING}, ("data",)),
    "tool_use": _block("id name", id=STRING, name=STRING, input=OBJECT, caller=OBJECT, toolset_name=STRING),
    "tool_result": _block(
        "tool_use_id", tool_use_id=STRING, content=ListOf(Union(_RESULT), or_text=True), is_error=BOOLEAN
    ),
    "server_tool_use": _block("id name", id=STRING, name=STRING, input=OBJECT, caller=OBJECT),
    "container_upload": _block("file_id", file_id=STRING),
    **{
        f"{tool}_tool_result": _block("tool_use_id content", **_ANSWER)
        for tool in (
            "web_search",
            "web_fetch",
            "code_execution",
            "bash_code_execution",
            "text_editor_code_execution",
            "tool_search",
        )
    },
}

_TOOL_CHANGE = {
    "tool_reference": Record({"type": STRING, "name": STRING}, ("name",)),
    "mcp_tool_reference": Record({"type": STRING, "name": STRING, "server_name": STRING}, ("name", "server_name")),
    "mcp_toolset_reference": Record({"type": STRING, "server_name": STRING}, ("server_name",)),
}
MCP_TOOL = Record({"name": STRING, "description": STRING, "input_schema": OBJECT}, ("name", "input_schema"))
_HOP = Record({"model": STRING}, ("model",))
_GATED: dict[str, Record] = {
    "advisor_tool_result": _block("tool_use_id content", tool_use_id=STRING, content=OBJECT),
    "mcp_tool_use": _block("id name server_name", id=STRING, name=STRING, server_name=STRING, input=OBJECT),
    "mcp_tool_result": _block("tool_use_id", tool_use_id=STRING, content=ANYTHING, is_error=BOOLEAN),
    "mcp_tool_listing": Record(
        {"type": STRING, "mcp_server_name": STRING, "tools": ListOf(MCP_TOOL)}, ("mcp_server_name", "tools")
    ),
    "fallback": Record({"type": STRING, "from": _HOP, "to": _HOP, "trigger": ANYTHING}, ("from", "to")),
    "tool_removal": _block("tool", tool=Union(_TOOL_CHANGE)),
}


def gated_blocks(tool: Kind) -> dict[str, Record]:
    """The blocks that a beta opens, given the kind of an entry of `tools`: some hold such entries too."""
    defined = {"tool_definition": Record({"type": STRING, "definition": tool}, ("definition",))}
    changes = {
        "tool_addition": _block("tool", tool=Union({**_TOOL_CHANGE, **defined})),
        "tool_removal": _GATED["tool_removal"],
    }
    return {
        **_GATED,
        "tool_addition": _block("tool", tool=Union(_TOOL_CHANGE, gated=defined)),
        "compaction": _block(
            content=STRING, encrypted_content=STRING, signature=STRING, tool_changes=ListOf(Union(changes))
        ),
    }
