"""The tools of a body: who runs them, and adding one. Pure."""

from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.storage.fields import showable

from .document import DocumentError, put_field

MOST_SHOWN = 100
LONGEST_NAME = 200
LONGEST_DESCRIPTION = 400
# The API runs these itself and answers their calls within the same reply: no stub is ever asked.
SERVER_TOOLS = ("web_search_", "web_fetch_", "code_execution_", "tool_search_tool_", "advisor_", "mcp_toolset")
NO_INPUT = '{"type": "object", "properties": {}}'


class ToolMistake(ValueError):
    """A tool that cannot be added; `field` is name or schema."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Tool:
    """A tool as the body declares it. `kind` is its type where the API knows the tool, else empty."""

    index: int
    name: str
    description: str
    kind: str = ""

    @property
    def runs_on_server(self) -> bool:
        return self.kind.startswith(SERVER_TOOLS)


def tools_of(body: Any) -> list[Tool]:
    """The tools of a body, in order; what is no tool is left out."""
    declared = body.get("tools") if isinstance(body, dict) else None
    found = [_tool(index, tool) for index, tool in enumerate(declared)] if isinstance(declared, list) else []
    return [tool for tool in found if tool is not None]


def _tool(index: int, declared: Any) -> Tool | None:
    if not isinstance(declared, dict):
        return None
    kind, name = declared.get("type"), declared.get("name")
    kind = kind if isinstance(kind, str) and kind != "custom" else ""
    name = name if isinstance(name, str) else kind
    description = declared.get("description")
    said = description if isinstance(description, str) else ""
    return Tool(index, showable(name), showable(said[:LONGEST_DESCRIPTION]), showable(kind)) if name else None


def add_tool(body: dict[str, Any], *, name: str, description: str, schema: str) -> None:
    """One more tool at the end of the list. Raises `ToolMistake` or `DocumentError`."""
    tools = body.get("tools", [])
    if not isinstance(tools, list):
        raise DocumentError("`tools` is not an array: edit it in the JSON view.")
    if not name:
        raise ToolMistake("name", "Name the tool: the model calls it by that name.")
    if len(name) > LONGEST_NAME:
        raise ToolMistake("name", f"A tool's name has at most {LONGEST_NAME} characters.")
    if any(tool.name == name for tool in tools_of(body)):
        raise ToolMistake("name", f"There is a tool called {showable(name)} already.")
    tool = {"name": name, "description": description, "input_schema": _schema(schema)}
    if not description:
        del tool["description"]
    put_field(body, "tools", [*tools, tool])


def remove_tool(body: dict[str, Any], index: int) -> str:
    """Take a tool out; the field goes with the last one. The name of what was taken out."""
    found = next((tool for tool in tools_of(body) if tool.index == index), None)
    if found is None:
        raise DocumentError("That tool is no longer there.")
    del body["tools"][index]
    if not body["tools"]:
        del body["tools"]
    return found.name


def _schema(text: str) -> Any:
    try:
        schema = jsontext.loads(text.strip() or NO_INPUT)
    except jsontext.JsonError as error:
        raise ToolMistake("schema", f"The input schema is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise ToolMistake("schema", f"An input schema is an object, such as {NO_INPUT}")
    return schema
