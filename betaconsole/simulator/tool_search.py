"""Tool search: tools with defer_loading are found before they can be called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conversation import WORD
from .fitting import fit, tool_name
from .questions import Question
from .serving import Outcome, ServerTool, server_use

MOST_FOUND = 3


def _call(question: Question, tool: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not question.deferred:
        return None
    topics = question.conversation.topics[:3]
    if "regex" in str(tool["type"]):
        words = [word for topic in topics for word in WORD.findall(topic)]
        return server_use(tool_name(tool), {"pattern": "|".join(words[:3]) or ".*"})
    return server_use(tool_name(tool), {"query": " ".join(topics) or "any tool"})


def _found(question: Question, tool: Mapping[str, Any], call: Mapping[str, Any]) -> Outcome:
    ask = question.conversation.ask
    ranked = sorted(question.deferred, key=lambda each: -fit(each, ask))
    found = [each for each in ranked if fit(each, ask)][:MOST_FOUND] or ranked[:1]
    references = [{"type": "tool_reference", "tool_name": tool_name(each)} for each in found]
    content = {"type": "tool_search_tool_search_result", "tool_references": references}
    return Outcome({"type": "tool_search_tool_result", "tool_use_id": call["id"], "content": content})


TOOL_SEARCH = ServerTool("tool_search", _call, _found)
