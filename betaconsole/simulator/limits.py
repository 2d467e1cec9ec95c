"""What a well-formed request may still not ask: of this model, of this conversation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .conversation import SERVER_CALLS
from .effects import FAST_MODE
from .kinds import Union
from .refusals import Refusal, invalid
from .rules import ModelRule, Rules
from .shapes import THINKING
from .tokens import as_blocks

PAUSED_AFTER = (*SERVER_CALLS, "compaction")
STRUCTURED_OUTPUTS_FAMILY = "structured-outputs-"
THINKING_DOCS = "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"


def check_model(body: Mapping[str, Any], rules: Rules) -> tuple[str, ModelRule]:
    """The model's own id and rule, by the id or alias in the body."""
    found = rules.find_model(body["model"])
    if found is None:
        raise Refusal(404, f"model: {body['model']}")
    return found


def check_limits(body: Mapping[str, Any], model_id: str, model: ModelRule, *, input_tokens: int) -> None:
    """Output and context limits of the model."""
    wanted = body["max_tokens"]
    if wanted > model.max_tokens:
        raise invalid(
            f"max_tokens: {wanted} > {model.max_tokens}, which is the maximum allowed number of output tokens for {model_id}"
        )
    check_prompt(input_tokens, model)
    if input_tokens + wanted > model.max_input_tokens:
        raise invalid(
            f"input length and `max_tokens` exceed context limit: {input_tokens} + {wanted} > {model.max_input_tokens}, "
            "decrease input length or `max_tokens` and try again"
        )


def check_prompt(input_tokens: int, model: ModelRule) -> None:
    if input_tokens > model.max_input_tokens:
        raise invalid(f"prompt is too long: {input_tokens} tokens > {model.max_input_tokens} maximum")


def check_thinking(body: Mapping[str, Any], model: ModelRule) -> None:
    """Which thinking types the model takes, and what goes with them."""
    thinking = body.get("thinking") or {}
    kind = thinking.get("type")
    if kind is None:
        return
    if kind not in model.thinking:
        raise invalid(_unsupported_thinking(kind, model))
    if kind == "enabled" and thinking["budget_tokens"] >= body.get("max_tokens", thinking["budget_tokens"] + 1):
        raise invalid(
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at "
            + THINKING_DOCS
        )
    if kind != "disabled" and body.get("temperature") not in (None, 1):
        raise invalid(
            "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. Please consult our "
            "documentation at " + THINKING_DOCS
        )


def _unsupported_thinking(kind: str, model: ModelRule) -> str:
    if kind in ("enabled", "disabled") and "adaptive" in model.thinking:
        return (
            f'"thinking.type.{kind}" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    accepted = Union({each: THINKING.members[each] for each in model.thinking})
    return f"thinking: {accepted.unexpected(kind)}"


def check_effort(body: Mapping[str, Any], model: ModelRule) -> None:
    effort = (body.get("output_config") or {}).get("effort")
    if effort is not None and effort not in model.efforts:
        raise invalid("This model does not support the effort parameter." if not model.efforts else _efforts(model))


def _efforts(model: ModelRule) -> str:
    return "output_config.effort: this model supports " + ", ".join(model.efforts)


def check_speed(body: Mapping[str, Any], model_id: str, model: ModelRule, betas: Collection[str]) -> None:
    """Which models can be fast, and which of them only with the header: there every value of speed needs it."""
    speed = body.get("speed")
    if speed is None:
        return
    if model.fast_mode == "header" and FAST_MODE not in betas:
        raise invalid("speed: Extra inputs are not permitted")
    if model.fast_mode not in ("header", "built_in") and speed == "fast":
        raise invalid(f"'{model_id}' does not support the `speed` parameter.")


def check_tool_choice(body: Mapping[str, Any], model: ModelRule) -> None:
    choice = body.get("tool_choice") or {}
    kind = choice.get("type")
    if kind is None:
        return
    names = [tool.get("name") for tool in body.get("tools") or ()]
    if not names and kind != "none":
        raise invalid("tool_choice may only be specified while providing tools.")
    if kind in ("any", "tool") and not model.forced_tool_choice:
        raise invalid(f"tool_choice: forcing a tool (`{kind}`) is not supported on this model")
    if kind == "tool" and choice["name"] not in names:
        raise invalid(f"Tool '{choice['name']}' not found in provided tools")


def check_tools(body: Mapping[str, Any]) -> None:
    """Names that differ, and schemas of objects; those of tools that messages define as well."""
    seen: set[str] = set()
    for number, tool in enumerate(body.get("tools") or ()):
        name = tool.get("name")
        if name is not None and name in seen:
            raise invalid("tools: Tool names must be unique.")
        _check_schema(f"tools.{number}", tool)
        seen.add(name)
    for number, message in enumerate(body["messages"]):
        for index, block in enumerate(as_blocks(message["content"])):
            if isinstance(block, Mapping) and block.get("type") == "tool_addition" and "definition" in block["tool"]:
                path = f"messages.{number}.content.{index}.tool_addition.tool.tool_definition.definition"
                _check_schema(path, block["tool"]["definition"])


def _check_schema(path: str, tool: Mapping[str, Any]) -> None:
    schema = tool.get("input_schema")
    if (tool.get("type") or "custom") == "custom" and isinstance(schema, Mapping) and schema.get("type") != "object":
        raise invalid(f"{path}.custom.input_schema.type: Field required")


def check_output_format(body: Mapping[str, Any], betas: Collection[str]) -> None:
    """`output_format` was the beta's field; without its header the API points to the stable one (see beta_errors.json)."""
    if body.get("output_format") is not None and not any(name.startswith(STRUCTURED_OUTPUTS_FAMILY) for name in betas):
        raise invalid(
            "output_format: This field is deprecated. Use 'output_config.format' instead. See "
            "https://platform.claude.com/docs/en/build-with-claude/structured-outputs for more information."
        )


def check_conversation(body: Mapping[str, Any], model: ModelRule, *, may_continue: bool) -> None:
    """Roles, empty messages, tool calls and their results, and who speaks last: on newer models the assistant only where it
    was cut off, or where the request `may_continue` what another model began."""
    messages = body["messages"]
    if not messages:
        raise invalid("messages: at least one message is required")
    if len(messages) > 100_000:
        raise invalid("messages: List should have at most 100000 items")
    for number, message in enumerate(messages):
        _check_role(number, message["role"], model)
        _check_content(number, message, last=number == len(messages) - 1)
    if messages[0]["role"] == "assistant" and not _starts_with_summary(messages[0]):
        raise invalid('messages: first message must use the "user" role')
    _check_tool_calls(messages)
    _check_server_results(messages)
    continues = may_continue or model.prefill or _is_paused(messages[-1])
    if messages[-1]["role"] == "assistant" and not continues:
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def _starts_with_summary(message: Mapping[str, Any]) -> bool:
    first = next(iter(as_blocks(message["content"])), None)
    return isinstance(first, Mapping) and first.get("type") == "compaction"


def _is_paused(message: Mapping[str, Any]) -> bool:
    """Whether an assistant turn is one that the API itself cut off, to be sent back as it is."""
    last = next(reversed(as_blocks(message["content"])), None)
    kind = str(last.get("type")) if isinstance(last, Mapping) else ""
    return kind in PAUSED_AFTER or kind.endswith("_tool_result")


def _check_role(number: int, role: str, model: ModelRule) -> None:
    if role == "system" and not model.system_role:
        raise invalid("role 'system' is not supported on this model")
    if role not in ("user", "assistant", "system"):
        raise invalid(f"messages.{number}.role: Input should be 'user' or 'assistant'")


def _check_content(number: int, message: Mapping[str, Any], *, last: bool) -> None:
    content = message["content"]
    if not content and message["role"] == "user":
        raise invalid(f"messages.{number}: user messages must have non-empty content")
    if not content and message["role"] == "assistant" and not last:
        raise invalid(
            f"messages.{number}: all messages must have non-empty content except for the optional final assistant message"
        )
    if isinstance(content, list) and any(block.get("type") == "text" and not block.get("text") for block in content):
        raise invalid("messages: text content blocks must be non-empty")


def _check_tool_calls(messages: list[Mapping[str, Any]]) -> None:
    open_calls: list[str] = []
    for number, message in enumerate(_turns(messages)):
        blocks = [block for block in message["content"] if isinstance(block, dict)]
        answered = [block["tool_use_id"] for block in blocks if block.get("type") == "tool_result"]
        for index, block in enumerate(blocks):
            if block.get("type") == "tool_result" and block["tool_use_id"] not in open_calls:
                raise invalid(
                    f"messages.{number}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{block['tool_use_id']}. Each `tool_result` block must have a corresponding `tool_use` block in the "
                    "previous message."
                )
        if missing := [call for call in open_calls if call not in answered]:
            raise invalid(_unanswered(number - 1, missing))
        open_calls = [block["id"] for block in blocks if block.get("type") == "tool_use"]
    if open_calls:
        raise invalid(_unanswered(len(messages) - 1, open_calls))


def _check_server_results(messages: list[Mapping[str, Any]]) -> None:
    """Each result of a server tool or an MCP tool has its call before it, in this message or an earlier one."""
    called: dict[Any, str] = {}
    for number, message in enumerate(messages):
        for index, block in enumerate(as_blocks(message["content"])):
            kind = block.get("type") if isinstance(block, Mapping) else None
            if kind in SERVER_CALLS:
                called[block["id"]] = kind
            elif kind and kind.endswith("_tool_result"):
                needed = "mcp_tool_use" if kind == "mcp_tool_result" else "server_tool_use"
                if called.get(block["tool_use_id"]) != needed:
                    raise invalid(
                        f"messages.{number}.content.{index}: unexpected `tool_use_id` found in `{kind}` blocks: "
                        f"{block['tool_use_id']}. Each `{kind}` block must have a corresponding `{needed}` block before it."
                    )


def _turns(messages: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours of one role as one turn, as the API reads them; messages of role system are left out."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        content = as_blocks(message["content"])
        if message["role"] == "system":
            continue
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"] += content
        else:
            turns.append({"role": message["role"], "content": list(content)})
    return turns


def _unanswered(number: int, calls: list[str]) -> str:
    return (
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(calls)}. "
        "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )
