"""Code execution: output that no program wrote, and the file it left where the prompt asks for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conversation import WORD
from .questions import Question
from .serving import Outcome, ServerTool, server_use

FILE_WORDS = frozenset({"file", "csv", "chart", "plot", "spreadsheet", "export", "save", "slides", "deck"})
PYTHON_ONLY = "code_execution_20250522"


def _call(question: Question, tool: Mapping[str, Any]) -> Mapping[str, Any]:
    if tool["type"] == PYTHON_ONLY:
        return server_use("code_execution", {"code": "print(len(rows))"})
    return server_use("bash_code_execution", {"command": "python -c 'print(len(rows))'"})


def _run(question: Question, tool: Mapping[str, Any], call: Mapping[str, Any]) -> Outcome:
    name = call["name"]
    files = [{"type": f"{name}_output", "file_id": question.seed.ident("file_")}] if _wants_file(question) else []
    output = {
        "type": f"{name}_result",
        "stdout": f"{question.seed.rng('code output').randint(2, 99)}\n",
        "stderr": "",
        "return_code": 0,
        "content": files,
    }
    return Outcome({"type": f"{name}_tool_result", "tool_use_id": call["id"], "content": output})


def _wants_file(question: Question) -> bool:
    return not FILE_WORDS.isdisjoint(word.lower() for word in WORD.findall(question.conversation.ask))


CODE_EXECUTION = ServerTool("code_execution", _call, _run)
