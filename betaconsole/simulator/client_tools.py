"""Tools whose input the API defines and the client runs: bash, editor, memory, computer and browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fitting import tool_name


@dataclass(frozen=True)
class KnownTool:
    """How a tool is called whose types begin with `begins`. A toolset is one tool with many members; `member` is called."""

    begins: str
    input: Mapping[str, Any]
    member: str | None = None
    toolset: str | None = None


KNOWN = (
    KnownTool("bash_", {"command": "ls -la"}),
    KnownTool("text_editor_", {"command": "view", "path": "/repo/README.md"}),
    KnownTool("memory_", {"command": "view", "path": "/memories"}),
    KnownTool("computer_toolset_", {}, member="screenshot", toolset="computer"),
    KnownTool("browser_toolset_", {"url": "https://example.com/"}, member="navigate", toolset="browser"),
    KnownTool("computer_", {"action": "screenshot"}),
)


def known_tool(tool: Mapping[str, Any]) -> KnownTool | None:
    """How to call this tool, if the API defines that; None for a tool with an input schema of its own."""
    kind = str(tool.get("type") or "")
    return next((known for known in KNOWN if kind.startswith(known.begins)), None)


def called_name(tool: Mapping[str, Any]) -> str:
    """The name that a call of this tool carries."""
    known = known_tool(tool)
    return known.member if known and known.member else tool_name(tool)
