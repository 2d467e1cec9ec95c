"""The advisor: another model is asked for advice in the middle of an answer (beta advisor-tool)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .caching import CacheUse
from .effects import ADVISOR_TOOL, EFFECTS
from .iterations import ADVISED, Iteration
from .prose import Writer
from .questions import Question
from .refusals import invalid
from .rules import ModelRule
from .serving import Outcome, ServerTool, server_use
from .signatures import Signed, sign, text_digest
from .tokens import as_blocks, pieces

KIND = "advisor_20260301"
# the lines of models whose advice comes encrypted, as recorded of fable
REDACTED_LINES = ("fable", "mythos")
SIGNED_BYTES = 200


def check_advisor(body: Mapping[str, Any], model_id: str, model: ModelRule) -> None:
    """Which models advise this one, and that the tool stays as long as its results are in the conversation."""
    tools = [tool for tool in body.get("tools") or () if tool.get("type") == KIND]
    for tool in tools:
        if tool["model"] in model.refuses_advisors:
            raise invalid(f"tools: {tool['model']} cannot be the advisor of {model_id}")
    results = (
        block
        for message in body["messages"]
        for block in as_blocks(message["content"])
        if isinstance(block, Mapping) and block.get("type") == "advisor_tool_result"
    )
    if not tools and any(results):
        raise invalid(f"tools: `{KIND}` must be provided while `messages` hold `advisor_tool_result` blocks")


def _call(question: Question, tool: Mapping[str, Any]) -> Mapping[str, Any]:
    return server_use("advisor", {})


def _advised(question: Question, tool: Mapping[str, Any], call: Mapping[str, Any]) -> Outcome:
    advisor = question.rules.find_model(tool["model"])
    if advisor is None:
        return _result(call, {"type": "advisor_tool_result_error", "error_code": "model_not_found"})
    advisor_id, rule = advisor
    rng = question.seed.rng("advice")
    written = pieces(Writer(question.conversation.topics, rng).answer(EFFECTS[ADVISOR_TOOL, "advice_tokens"].draw(rng)))
    most = tool.get("max_tokens") or len(written)
    text, reason = "".join(written[:most]), "max_tokens" if len(written) > most else "end_turn"
    content: dict[str, Any] = {"type": "advisor_result", "text": text, "stop_reason": reason}
    if rule.line in REDACTED_LINES:
        sealed = sign(Signed(advisor_id, question.prefix.digest, text_digest(text)), rng, filler=SIGNED_BYTES)
        content = {"type": "advisor_redacted_result", "encrypted_content": sealed, "stop_reason": reason}
    asked = CacheUse(int(EFFECTS[ADVISOR_TOOL, "prompt_tokens"].size))
    tokens = min(len(written), most)

    def step(read: CacheUse) -> Iteration:
        return Iteration(ADVISED, CacheUse(read.tokens) + asked, tokens, model_id=advisor_id, counted=False)

    return _result(call, content, aside=step, delay_tokens=tokens)


def _result(call: Mapping[str, Any], content: Mapping[str, Any], **outcome: Any) -> Outcome:
    return Outcome({"type": "advisor_tool_result", "tool_use_id": call["id"], "content": content}, **outcome)


ADVISOR = ServerTool(KIND, _call, _advised)
