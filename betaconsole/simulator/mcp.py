"""Remote MCP servers, made up: their tools, and what those answer (betas mcp-client). Nothing is ever connected to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .blocks import Block
from .effects import MCP_CLIENT_0404, MCP_LISTING
from .fitting import fit
from .prose import Writer
from .questions import Question
from .refusals import invalid
from .serving import Outcome, ServerTool
from .tokens import as_blocks

KIND = "mcp_toolset"
ANSWER_TOKENS = 40


def check_servers(body: Mapping[str, Any], betas: Collection[str]) -> None:
    """Addresses, names, and that each server has its toolset; in the first form it needs none."""
    servers = body.get("mcp_servers") or ()
    names = [server["name"] for server in servers]
    for number, server in enumerate(servers):
        if not server["url"].startswith("https://"):
            raise invalid(f"mcp_servers.{number}.url: URL must start with https://")
        if server["name"] in names[:number]:
            raise invalid("mcp_servers: MCP server names must be unique")
    toolsets = [tool["mcp_server_name"] for tool in body.get("tools") or () if tool.get("type") == KIND]
    for name in toolsets:
        if name not in names:
            raise invalid(f"tools: MCP server '{name}' is not defined in `mcp_servers`")
    missing = [name for name in names if name not in toolsets]
    if missing and MCP_CLIENT_0404 not in betas:
        raise invalid(f"mcp_servers: no `mcp_toolset` in `tools` refers to MCP server '{missing[0]}'")


def with_listings(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request with every toolset holding the tools that may be called; servers of the first form get a toolset."""
    servers = body.get("mcp_servers")
    if not servers:
        return body
    tools = [_listed(tool, body) if tool.get("type") == KIND else tool for tool in body.get("tools") or ()]
    named = {tool.get("mcp_server_name") for tool in tools}
    tools += [_configured(server) for server in servers if server["name"] not in named]
    return {**body, "tools": tools}


def _listed(toolset: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    name = toolset["mcp_server_name"]
    known = toolset.get("tools") or _replayed(body, name) or invented_tools(name)
    default = (toolset.get("default_config") or {}).get("enabled", True)
    configs = toolset.get("configs") or {}
    enabled = [tool for tool in known if (configs.get(tool["name"]) or {}).get("enabled", default)]
    return {**toolset, "tools": enabled}


def _configured(server: Mapping[str, Any]) -> dict[str, Any]:
    settings = server.get("tool_configuration") or {}
    allowed = settings.get("allowed_tools")
    known = invented_tools(server["name"]) if settings.get("enabled", True) else []
    tools = [tool for tool in known if allowed is None or tool["name"] in allowed]
    return {"type": KIND, "mcp_server_name": server["name"], "tools": tools}


def invented_tools(server_name: str) -> list[dict[str, Any]]:
    """What a server of this name lists: the same tools each time."""
    text = {"type": "string"}
    return [
        {
            "name": "search",
            "description": f"Searches {server_name}",
            "input_schema": {"type": "object", "properties": {"query": text}, "required": ["query"]},
        },
        {
            "name": "read",
            "description": f"Reads one entry of {server_name} by its id",
            "input_schema": {"type": "object", "properties": {"id": text}, "required": ["id"]},
        },
    ]


def listing_blocks(question: Question) -> list[Block]:
    """The listings that were fetched for this answer: neither pinned nor replayed, and shown with their beta only."""
    if MCP_LISTING not in question.betas:
        return []
    blocks = []
    for tool in question.sent.get("tools") or ():
        if tool.get("type") == KIND and not tool.get("tools") and not _replayed(question.sent, tool["mcp_server_name"]):
            name = tool["mcp_server_name"]
            content = {"type": "mcp_tool_listing", "mcp_server_name": name, "tools": invented_tools(name)}
            blocks.append(Block(content, content))
    return blocks


def _replayed(body: Mapping[str, Any], server_name: str) -> Sequence[Mapping[str, Any]]:
    """The listing of a server that the conversation carries already."""
    for message in reversed(body["messages"]):
        for block in as_blocks(message["content"]):
            kind = block.get("type") if isinstance(block, Mapping) else None
            if kind == "mcp_tool_listing" and block["mcp_server_name"] == server_name:
                return list(block["tools"])
    return ()


def _call(question: Question, toolset: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not toolset["tools"]:
        return None
    tool = max(toolset["tools"], key=lambda each: fit(each, question.conversation.ask))
    properties = tool["input_schema"].get("properties")
    fields = properties if isinstance(properties, Mapping) else ()
    query = " ".join(question.conversation.topics[:4]) or "anything"
    return {
        "type": "mcp_tool_use",
        "name": tool["name"],
        "server_name": toolset["mcp_server_name"],
        "input": dict.fromkeys(list(fields)[:1], query),
    }


def _answered(question: Question, toolset: Mapping[str, Any], call: Mapping[str, Any]) -> Outcome:
    rng = question.seed.rng(f"mcp {call['id']}")
    text = f"{call['server_name']} {call['name']}: " + Writer(question.conversation.topics, rng).thoughts(ANSWER_TOKENS)
    content = [{"type": "text", "text": text}]
    return Outcome({"type": "mcp_tool_result", "tool_use_id": call["id"], "is_error": False, "content": content})


MCP = ServerTool(KIND, _call, _answered)
