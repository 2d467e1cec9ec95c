"""Tools and what refers to them: names, choices, MCP servers, advisors, skills."""

from __future__ import annotations

from collections.abc import Iterator

from betaconsole.catalogue.betas import Status, all_betas, stable_tool_types

from .asked import Asked
from .findings import Finding, Fix, error, hint, remove_field, set_field, warning
from .paths import Place

FIRST_MCP_FORM = "mcp-client-2025-04-04"
ADVISOR, MCP_TOOLSET, CODE = "advisor_20260301", "mcp_toolset", "code_execution_"
NEWER = {"computer_": "computer_toolset_20260801"}


def names(asked: Asked) -> Iterator[Finding]:
    """tool_name_twice, input_schema_type: tools declared wrongly."""
    seen: set[str] = set()
    for place, tool in asked.tools:
        name, schema = tool.get("name"), tool.get("input_schema")
        if isinstance(name, str) and name:
            if name in seen:
                message = f"Two tools are called {name[:60]}: names have to differ."
                fix = remove_field(asked.pointer(place))
                yield error("tool_name_twice", message, path=asked.shown((*place, "name")), fix=fix)
            seen.add(name)
        if isinstance(schema, dict) and schema.get("type") != "object":
            where = (*place, "input_schema", "type")
            message = "The input_schema of a tool has to be of type object."
            yield error(
                "input_schema_type", message, path=asked.shown(where), fix=set_field(asked.pointer(where), "object")
            )


def choice(asked: Asked) -> Iterator[Finding]:
    """tool_choice_without_tools, tool_not_declared: a choice among tools that are not there."""
    kind, name = asked.text("tool_choice", "type"), asked.text("tool_choice", "name")
    path, fix = asked.shown(("tool_choice",)), remove_field(asked.pointer(("tool_choice",)))
    if kind and kind != "none" and not asked.tools and not asked.get("mcp_servers"):
        yield error("tool_choice_without_tools", "tool_choice needs tools to choose from.", path=path, fix=fix)
    elif kind == "tool" and name and all(tool.get("name") != name for _, tool in asked.tools):
        yield error(
            "tool_not_declared", f"tool_choice names {name[:60]}, and no tool is called so.", path=path, fix=fix
        )


def mcp_servers(asked: Asked) -> Iterator[Finding]:
    """mcp_url, mcp_name_twice, mcp_server_unknown, mcp_toolset_missing: servers and their toolsets belong together."""
    servers = asked.objects("mcp_servers")
    named = [server.get("name") for _, server in servers]
    toolsets = [(place, tool.get("mcp_server_name")) for place, tool in asked.tools if tool.get("type") == MCP_TOOLSET]
    for index, (place, server) in enumerate(servers):
        url, name = server.get("url"), server.get("name")
        if isinstance(url, str) and not url.startswith("https://"):
            path = asked.shown((*place, "url"))
            fix = remove_field(asked.pointer(place))
            yield error("mcp_url", "The url of an MCP server has to begin with https://.", path=path, fix=fix)
        if isinstance(name, str) and name in named[:index]:
            fix = remove_field(asked.pointer(place))
            yield error("mcp_name_twice", f"Two MCP servers are called {name[:60]}.", path=asked.shown(place), fix=fix)
        elif isinstance(name, str) and FIRST_MCP_FORM not in asked.betas and name not in [each for _, each in toolsets]:
            message = f"The MCP server {name[:60]} needs a tool of type {MCP_TOOLSET} that names it."
            fix = _with_toolset(asked, name)
            yield error("mcp_toolset_missing", message, path=asked.shown(place), fix=fix)
    for place, wanted in toolsets:
        if isinstance(wanted, str) and wanted not in named:
            message = f"The toolset names the MCP server {wanted[:60]}, which is not among mcp_servers."
            fix = remove_field(asked.pointer(place))
            yield error("mcp_server_unknown", message, path=asked.shown(place), fix=fix)


def advisor_stays(asked: Asked) -> Iterator[Finding]:
    """advisor_missing: the tool has to stay as long as its results are in the conversation."""
    places = [place for place, _, block in asked.blocks if block.get("type") == "advisor_tool_result"]
    if places and all(tool.get("type") != ADVISOR for _, tool in asked.tools):
        message = f"The messages hold results of the advisor: the tool {ADVISOR} has to stay among the tools."
        yield error("advisor_missing", message, path=asked.shown(places[0]))


def skills(asked: Asked) -> Iterator[Finding]:
    """skills_without_code: skills run inside code execution."""
    if asked.get("container", "skills") and not any(str(tool.get("type")).startswith(CODE) for _, tool in asked.tools):
        message = "Skills need a code_execution tool to run in."
        fix = _with_tool(asked, {"type": "code_execution_20260521", "name": "code_execution"})
        yield error("skills_without_code", message, path=asked.shown(("container", "skills")), fix=fix)


def clearing_thinking(asked: Asked) -> Iterator[Finding]:
    """clearing_without_thinking: there is no thinking to clear."""
    edits = asked.get("context_management", "edits")
    for index, edit in enumerate(edits if isinstance(edits, list) else ()):
        if isinstance(edit, dict) and edit.get("type") == "clear_thinking_20251015" and not asked.thinks:
            place = ("context_management", "edits", index)
            fix = remove_field(asked.pointer(place))
            make = error if asked.thinking == "disabled" else warning
            message = "Clearing old thinking needs thinking to be enabled or adaptive."
            yield make("clearing_without_thinking", message, path=asked.shown(place), fix=fix)


def old_types(asked: Asked) -> Iterator[Finding]:
    """old_tool_type: types of tools whose beta has been replaced."""
    superseded = {
        kind
        for beta in all_betas().values()
        for kind in beta.tool_types
        if beta.status is Status.SUPERSEDED and kind not in stable_tool_types()
    }
    for place, tool in asked.tools:
        kind = tool.get("type")
        if isinstance(kind, str) and kind in superseded:
            newer = next((new for start, new in NEWER.items() if kind.startswith(start)), None)
            newer = newer or _newest(kind)
            message = f"{kind} is an old form" + (f": {newer} needs no header." if newer else ".")
            yield hint("old_tool_type", message, path=asked.shown(place))


def _newest(kind: str) -> str | None:
    """The newest stable type of the same tool."""
    family = kind.rpartition("_")[0]
    return max((each for each in stable_tool_types() if each.rpartition("_")[0] == family), default=None)


def _with_toolset(asked: Asked, server: str) -> Fix:
    return _with_tool(asked, {"type": MCP_TOOLSET, "mcp_server_name": server})


def _with_tool(asked: Asked, tool: dict[str, str]) -> Fix:
    tools = asked.get("tools")
    place: Place = ("tools", "-") if isinstance(tools, list) else ("tools",)
    return set_field(asked.pointer(place), tool if isinstance(tools, list) else [tool])
