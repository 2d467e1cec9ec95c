"""Betas whose effect has no field of its own, or one that counts only in some requests: a rule for each.

A rule gets the beta and the exchange, which acts where the request went and was accepted. None: it has nothing to say,
and the rules for all betas do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise

from betaconsole.catalogue.betas import Beta

from .facts import Facts, Outcome, Pair, member, objects, text, whole
from .missing import missing
from .saying import absent, counted, effective, quiet, said, taken, unclear

Rule = Callable[[Beta, Pair], Outcome | None]

STANDARD_INPUT_TOKENS = 200_000  # where models.toml does not say
THINKING = ("thinking", "redacted_thinking")
_BEFORE_MORE_THINKING = ("tool_use", "server_tool_use", "mcp_tool_use")
# When the pieces of a tool's input come evenly: enough of them, over time enough to tell.
LEAST_PIECES, LEAST_MS = 6, 50.0


# Thinking ------------------------------------------------------------------------------------------------------------


def interleaved_thinking(beta: Beta, pair: Pair) -> Outcome | None:
    """Acts only on manual thinking: a thinking block after a tool result, or after a call in the same answer."""
    facts = pair.facts
    if not facts.answers_message:
        return None
    if why := _why_not_manual(facts):
        return quiet(beta.name, why)
    where = _thinks_between(facts)
    if not where:
        if _carries_results(facts):
            return absent(beta.name, facts, "no thinking block after the tool result")
        return absent(beta.name, facts, "no tool result in the request: there was nothing to think between")
    baseline = pair.alone(beta.name)
    if baseline is None or not baseline.is_whole:
        return effective(beta.name, where)
    if _thinks_between(baseline):
        return quiet(beta.name, where, "the baseline thinks there too, without the header")
    return effective(beta.name, where, "the baseline has none there")


def _why_not_manual(facts: Facts) -> str:
    kind, spec = text(facts.asked("thinking", "type")), facts.spec
    types = (spec.thinking_types or ()) if spec else ()
    is_adaptive = kind == "adaptive" or (not kind and "adaptive" in types and "enabled" not in types)
    if kind == "enabled":
        return ""
    if is_adaptive:
        return f"on {facts.model or 'this model'} thinking is adaptive: the header does nothing there"
    if kind == "between_tools":
        return "thinking.type between_tools thinks between calls without the header"
    return "the request asks for no thinking"


def _thinks_between(facts: Facts) -> str:
    """Where the answer thinks between calls, as a sentence; empty where it does not."""
    kinds = [text(block.get("type")) for block in facts.blocks]
    for index, kind in enumerate(kinds):
        before = [other for other in kinds[:index] if other in _BEFORE_MORE_THINKING]
        if kind in THINKING and before:
            return f"thinking block after a {before[-1]} block, in one answer"
    if _carries_results(facts) and any(kind in THINKING for kind in kinds):
        return "thinking block after a tool result"
    return ""


def _carries_results(facts: Facts) -> bool:
    """Whether the last turn of the request answers tool calls."""
    messages = list(objects(facts.asked("messages")))
    last = messages[-1] if messages else {}
    return last.get("role") == "user" and any(
        block.get("type") == "tool_result" for block in objects(last.get("content"))
    )


def thinking_token_count(beta: Beta, pair: Pair) -> Outcome | None:
    """Adds to the deltas of streams only, and fills what it adds only where the thinking is not shown."""
    facts = pair.facts
    if set(beta.evidence.deltas) & facts.deltas:
        return None
    if not facts.is_streamed:
        return quiet(beta.name, "only streams carry it, and this answer was not streamed")
    if not any(facts.shows(kind) for kind in THINKING):
        return absent(beta.name, facts, "the answer holds no thinking")
    return absent(beta.name, facts, "no thinking_delta counts tokens: they do only where thinking is shown as omitted")


def thinking_display_updates(beta: Beta, pair: Pair) -> Outcome | None:
    facts = pair.facts
    if facts.asked("thinking", "display") != "updates" or not facts.answers_message:
        return None
    written = [block for block in facts.blocks if block.get("type") == "thinking" and text(block.get("thinking"))]
    if not written:
        return absent(beta.name, facts, taken(["thinking.display updates"]), "no progress was written")
    return effective(
        beta.name,
        f"{counted(len(written), 'thinking block')} with text under thinking.display updates, which needs this header",
    )


# Output --------------------------------------------------------------------------------------------------------------


def structured_outputs(beta: Beta, pair: Pair) -> Outcome | None:
    """Its field of old, output_format, still needs it; the field it has become does not."""
    facts = pair.facts
    if not isinstance(facts.asked("output_format"), dict) or not facts.answers_message:
        return None
    written = [text(block.get("text")) for block in facts.blocks if block.get("type") == "text"]
    if any(_is_json(each) for each in written):
        return effective(beta.name, "the text is a JSON document", taken(["output_format"]))
    why = "the text is no JSON document" if written else "the answer holds no text"
    return absent(beta.name, facts, taken(["output_format"]), why)


def _is_json(document: str) -> bool:
    try:
        return isinstance(json.loads(document, parse_int=str), dict | list)
    except (ValueError, RecursionError):
        return False


def fast_mode(beta: Beta, pair: Pair) -> Outcome | None:
    """Some models are fast without the header: there it changes nothing."""
    facts, spec = pair.facts, pair.facts.spec
    if not facts.answers_message:
        return None
    if facts.asked("speed") != "fast":
        return quiet(beta.name, "the request does not ask for speed fast")
    if spec is not None and spec.fast_mode == "built_in":
        return quiet(beta.name, f"{facts.model} takes speed fast without the header")
    if member(dict(facts.message), "usage", "speed") != "fast":
        return absent(beta.name, facts, "speed fast was taken; usage.speed does not say fast")
    baseline = pair.alone(beta.name)
    if baseline and any(outcome.beta == beta.name for outcome in missing(baseline)):
        return effective(beta.name, "usage.speed is fast", f"the baseline was refused without it: {said(baseline)}")
    if spec is not None and spec.fast_mode == "header":
        return effective(beta.name, f"usage.speed is fast, which {facts.model} takes only with this header")
    return unclear(
        beta.name, f"usage.speed is fast; whether {facts.model or 'this model'} needs the header is not known"
    )


def fine_grained_tool_streaming(beta: Beta, pair: Pair) -> Outcome | None:
    """Changes when the pieces of a tool's input come, and nothing else: only a stream without it shows that."""
    facts, baseline = pair.facts, pair.alone(beta.name)
    if not facts.answers_message:
        return None
    if not facts.is_streamed:
        return quiet(beta.name, "only streams show it, and this answer was not streamed")
    if not facts.shows("tool_use"):
        return absent(beta.name, facts, "the answer calls no tool")
    if _all_eager(facts):
        return quiet(beta.name, "the tools ask for eager_input_streaming themselves: the header is not needed")
    here, there = _longest_wait(facts), _longest_wait(baseline) if baseline else None
    if here is None or there is None:
        why = "too little input came to tell" if baseline else "no baseline without it is at hand"
        return unclear(beta.name, f"shows only in the rhythm of tool input, beside a stream without it: {why}")
    shown = f"longest wait within the tool input {here:.0%} of its time, the baseline's {there:.0%}"
    return effective(beta.name, shown) if there >= 2 * here else absent(beta.name, facts, shown)


def _all_eager(facts: Facts) -> bool:
    tools = [tool for tool in objects(facts.asked("tools")) if "input_schema" in tool]
    return bool(tools) and all(tool.get("eager_input_streaming") is True for tool in tools)


def _longest_wait(facts: Facts) -> float | None:
    """The longest wait between two pieces of one tool's input as a share of its whole time, over the calls the least."""
    shares = []
    for moments in facts.input_moments:
        took = moments[-1] - moments[0] if len(moments) >= LEAST_PIECES else 0.0
        if took >= LEAST_MS:
            shares.append(max(later - at for at, later in pairwise(moments)) / took)
    return min(shares, default=None)


# Conversation and limits ---------------------------------------------------------------------------------------------


def message_threads(beta: Beta, pair: Pair) -> Outcome | None:
    """Adds no field; but what continues a thread was answered from a history that only the API holds."""
    facts = pair.facts
    if facts.asked("thread", "type") != "continue" or not facts.is_whole:
        return None
    before = text(facts.asked("thread", "previous_message_id"))[:60]
    return effective(beta.name, f"the answer goes on from {before or 'a thread'}, whose history only the API holds")


def inline_tools(beta: Beta, pair: Pair) -> Outcome | None:
    """Adds no field either; but a call of a tool that only a system message defines could not come without it."""
    facts = pair.facts
    declared = {text(tool.get("name")) for tool in objects(facts.asked("tools"))}
    defined = {
        text(member(block, "tool", "definition", "name"))
        for message in objects(facts.asked("messages"))
        for block in objects(message.get("content"))
        if block.get("type") == "tool_addition"
    }
    called = [text(block.get("name")) for block in facts.blocks if block.get("type") == "tool_use"]
    if only_here := [name for name in called if name and name in defined - declared]:
        return effective(beta.name, f"the answer calls {only_here[0]}, which only a system message defines")
    return None


def raised_limit(beta: Beta, pair: Pair) -> Outcome | None:
    assert beta.raises is not None
    if beta.raises.max_tokens is not None:
        return _raised_output(beta, pair, beta.raises.max_tokens)
    return _raised_input(beta, pair, beta.raises.input_tokens or 0)


def _raised_input(beta: Beta, pair: Pair, raised: int) -> Outcome | None:
    facts, spec = pair.facts, pair.facts.spec
    usual = (spec.context_tokens if spec else None) or STANDARD_INPUT_TOKENS
    if usual >= raised:
        return quiet(beta.name, f"{facts.model} takes {usual:,} input tokens without the header")
    tokens = whole(facts.message.get("input_tokens")) if facts.counts_tokens else facts.input_tokens
    if tokens is None:
        return absent(beta.name, facts, "the answer does not count its input")
    if tokens <= usual:
        return quiet(beta.name, f"{tokens:,} input tokens are within the usual limit of {usual:,}")
    baseline = pair.alone(beta.name)
    if baseline and baseline.is_whole and (baseline.input_tokens or 0) > usual:
        return quiet(beta.name, f"{tokens:,} input tokens were taken, and as many without the header")
    return effective(beta.name, f"{tokens:,} input tokens were taken; the usual limit is {usual:,}")


def _raised_output(beta: Beta, pair: Pair, raised: int) -> Outcome | None:
    facts, spec = pair.facts, pair.facts.spec
    usual = spec.max_output_tokens if spec else None
    if usual is None:
        return None
    if usual >= raised:
        return quiet(beta.name, f"{facts.model} writes {usual:,} tokens without the header")
    asked = max((number for body in facts.bodies if (number := whole(body.get("max_tokens"))) is not None), default=0)
    if asked <= usual:
        return quiet(beta.name, f"max_tokens {asked:,} is within the usual limit of {usual:,}")
    if facts.is_batch_call:
        return unclear(
            beta.name, f"the batch with max_tokens {asked:,} was taken; what became of it stands in its results"
        )
    return effective(beta.name, f"max_tokens {asked:,} was taken; the usual limit is {usual:,}")


def oauth(beta: Beta, pair: Pair) -> Outcome | None:
    return quiet(beta.name, "counts only with a token from OAuth: an API key does without it")


# Whose effect shows only in when the pieces of an answer came.
TIMED = "fine-grained-tool-streaming-2025-05-14"

RULES: Mapping[str, Rule] = {
    "interleaved-thinking-2025-05-14": interleaved_thinking,
    "thinking-token-count-2026-05-13": thinking_token_count,
    "thinking-display-updates-2026-08-18": thinking_display_updates,
    "structured-outputs-2025-11-13": structured_outputs,
    "fast-mode-2026-02-01": fast_mode,
    TIMED: fine_grained_tool_streaming,
    "message-threads-2026-08-12": message_threads,
    "inline-tools-2026-09-15": inline_tools,
    "context-1m-2025-08-07": raised_limit,
    "output-128k-2025-02-19": raised_limit,
    "output-300k-2026-03-24": raised_limit,
    "oauth-2025-04-20": oauth,
}
