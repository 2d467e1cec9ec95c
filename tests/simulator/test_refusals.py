"""What the API refuses, and in which words."""

import json

import pytest

from .talk import ask, say

TOOL = {"name": "look_up", "input_schema": {"type": "object", "properties": {}}}
USER = {"role": "user", "content": "Go on."}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}]}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}
SCOPED = {"type": "ephemeral", "scope": "global"}


def text_with(**fields):
    return {"role": "user", "content": [{"type": "text", "text": "Go on.", **fields}]}


REFUSED = {
    "missing model": (ask(model=None), "model: Field required"),
    "missing max_tokens": (ask(max_tokens=None), "max_tokens: Field required"),
    "missing messages": (ask(messages=None), "messages: Field required"),
    "no messages": (ask(messages=[]), "messages: at least one message is required"),
    "max_tokens as text": (ask(max_tokens="many"), "max_tokens: Input should be a valid integer"),
    "max_tokens as a truth value": (ask(max_tokens=True), "max_tokens: Input should be a valid integer"),
    "messages as text": (ask(messages="hello"), "messages: Input should be a valid list"),
    "a message without content": (ask(messages=[{"role": "user"}]), "messages.0.content: Field required"),
    "a strange role": (
        ask(messages=[{"role": "tool", "content": "x"}]),
        "messages.0.role: Input should be 'user' or 'assistant'",
    ),
    "the assistant first": (
        ask(messages=[{"role": "assistant", "content": "x"}, USER]),
        'messages: first message must use the "user" role',
    ),
    "empty text": (ask(messages=[text_with(text="")]), "messages: text content blocks must be non-empty"),
    "unknown top-level field": (ask(frequency=1), "frequency: Extra inputs are not permitted"),
    "unknown key in a block": (
        ask(messages=[text_with(colour="red")]),
        "messages.0.content.0.text.colour: Extra inputs are not permitted",
    ),
    "betas in the body": (ask(betas=["x"]), "betas: Extra inputs are not permitted"),
    "sampling parameter": (ask(temperature=1), "temperature: Extra inputs are not permitted"),
    "gated field": (ask(context_management={"edits": []}), "context_management: Extra inputs are not permitted"),
    "gated field within an object": (
        ask(output_config={"task_budget": {"type": "tokens", "total": 20000}}),
        "output_config.task_budget: Extra inputs are not permitted",
    ),
    "gated field of a tool": (ask(tools=[{**TOOL, "hint": 1}]), "tools.0.custom.hint: Extra inputs are not permitted"),
    "gated field of a thinking type": (
        ask(thinking={"type": "adaptive", "block_binding": {}}),
        "thinking.adaptive.block_binding: Extra inputs are not permitted",
    ),
    "gated field in the system text": (
        ask(system=[{"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": SCOPED}]),
        "system.1.cache_control.ephemeral.scope: Extra inputs are not permitted",
    ),
    "gated field in a message": (
        ask(messages=[text_with(cache_control=SCOPED)]),
        "messages.0.content.0.text.cache_control.ephemeral.scope: Extra inputs are not permitted",
    ),
    "gated field of a system message": (
        ask(messages=[USER, {"role": "system", "content": "x", "clear_at": "never"}]),
        "messages.1.clear_at: Extra inputs are not permitted",
    ),
    "gated enum value": (
        ask(thinking={"type": "adaptive", "display": "updates"}),
        "thinking.adaptive.display: Input should be 'summarized' or 'omitted'",
    ),
    "old field of a beta": (
        ask(output_format={"type": "json_schema", "schema": {}}),
        "output_format: This field is deprecated. Use 'output_config.format' instead. See "
        "https://platform.claude.com/docs/en/build-with-claude/structured-outputs for more information.",
    ),
    "too many output tokens": (
        ask(max_tokens=128_001),
        "max_tokens: 128001 > 128000, which is the maximum allowed number of output tokens for claude-sonnet-4-6",
    ),
    "thinking enabled on a new model": (
        ask(model="claude-opus-5-5", thinking={"type": "enabled", "budget_tokens": 2000}),
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
        '"output_config.effort" to control thinking behavior.',
    ),
    "adaptive thinking on an old model": (
        ask(model="claude-haiku-4-5", thinking={"type": "adaptive"}),
        "thinking: Input tag 'adaptive' found using 'type' does not match any of the expected tags: 'disabled', 'enabled'",
    ),
    "a small thinking budget": (
        ask(thinking={"type": "enabled", "budget_tokens": 1000}),
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "prefill": (
        ask(messages=[USER, {"role": "assistant", "content": "The"}]),
        "This model does not support assistant message prefill. The conversation must end with a user message.",
    ),
    "system role": (
        ask(model="claude-sonnet-5", messages=[USER, {"role": "system", "content": "x"}]),
        "role 'system' is not supported on this model",
    ),
    "forced tool": (
        ask(model="claude-opus-5-5", tools=[TOOL], tool_choice={"type": "any"}),
        "tool_choice: forcing a tool (`any`) is not supported on this model",
    ),
    "a call without its result": (
        ask(tools=[TOOL], messages=[USER, CALL, USER]),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block "
        "must have a corresponding `tool_result` block in the next message.",
    ),
    "a result without its call": (
        ask(tools=[TOOL], messages=[{"role": "user", "content": [RESULT]}]),
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each `tool_result` block must "
        "have a corresponding `tool_use` block in the previous message.",
    ),
    "a prompt that fits, but not with its answer": (
        ask(model="claude-haiku-4-5", max_tokens=64_000, messages=[{"role": "user", "content": "word " * 120_000}]),
        "input length and `max_tokens` exceed context limit: 150011 + 64000 > 200000, decrease input length or `max_tokens` "
        "and try again",
    ),
    "a prompt that does not fit": (
        ask(model="claude-haiku-4-5", messages=[{"role": "user", "content": "word " * 200_000}]),
        "prompt is too long: 250011 tokens > 200000 maximum",
    ),
}


@pytest.fixture
def sock(simulator):
    with simulator.dial() as sock:
        yield sock


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_request_is_refused_in_the_apis_words(sock, body, message):
    reply = say(sock, body)
    assert (reply.status, reply.message) == (400, message)
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert reply.json["request_id"] == reply.headers["request-id"]


HEADERS = {
    "one unknown beta": (
        {"anthropic_beta": "interleaved-thinking-2025-04-14"},
        400,
        "Unsupported beta header: interleaved-thinking-2025-04-14",
    ),
    "one unknown beta among known ones": (
        {"anthropic_beta": "context-management-2025-06-27,nonsense-2020-01-01"},
        400,
        "Unsupported beta header: nonsense-2020-01-01",
    ),
    "several unknown betas": (
        {"anthropic_beta": "one-2020-01-01, context-management-2025-06-27 ,two-2020-01-01"},
        400,
        "Unexpected value(s) `one-2020-01-01`, `two-2020-01-01` for the `anthropic-beta` header. Please consult our "
        "documentation at docs.claude.com or try again without the header.",
    ),
    "an empty beta header": (
        {"anthropic_beta": ""},
        400,
        "Unexpected value(s) `` for the `anthropic-beta` header. Please consult our documentation at docs.claude.com or try "
        "again without the header.",
    ),
    "no version": ({"anthropic_version": None}, 400, "anthropic-version: header is required"),
    "an unknown version": (
        {"anthropic_version": "2023-06-01, 2023-06-01"},
        400,
        'anthropic-version: "2023-06-01, 2023-06-01" is not a valid version',
    ),
    "no key": ({"x_api_key": None}, 401, "x-api-key header is required"),
    "a bad key": ({"x_api_key": "sk-ant-bad-1"}, 401, "invalid x-api-key"),
    "a bad bearer key": ({"x_api_key": None, "authorization": "Bearer sk-ant-bad-1"}, 401, "invalid x-api-key"),
}


@pytest.mark.parametrize(("headers", "status", "message"), HEADERS.values(), ids=HEADERS.keys())
def test_a_bad_header_is_refused_in_the_apis_words(sock, headers, status, message):
    reply = say(sock, ask(), **headers)
    assert (reply.status, reply.message) == (status, message)


def test_a_bearer_key_is_as_good_as_x_api_key(sock):
    assert say(sock, ask(), x_api_key=None, authorization="Bearer sk-ant-fine").status == 200


def test_beta_headers_may_be_repeated(sock):
    body = ask(context_management={"edits": []}, output_config={"task_budget": {"type": "tokens", "total": 20000}})
    line = "context-management-2025-06-27\r\nanthropic-beta: task-budgets-2026-03-13"
    assert say(sock, body, anthropic_beta=line).status == 200


@pytest.mark.parametrize(
    ("body", "beta"),
    [
        (ask(context_management={"edits": []}), "context-management-2025-06-27"),
        (ask(context_management={"edits": []}), "compact-2026-01-12"),
        (ask(tools=[{**TOOL, "hint": 1}]), "made-up-tool-hints-2026-01-01"),
        (ask(made_up_field={"any": "thing"}), "made-up-tool-hints-2026-01-01"),
        (ask(thinking={"type": "adaptive", "display": "updates"}), "thinking-display-updates-2026-08-18"),
        (ask(thinking={"type": "adaptive", "block_binding": {}}), "thinking-binding-controls-2026-08-01"),
        (ask(messages=[text_with(cache_control=SCOPED)]), "prompt-caching-scope-2026-01-05"),
        (ask(tools=[{"type": "advisor_20260301", "name": "advisor", "model": "x"}]), "advisor-tool-2026-03-01"),
        (ask(fallbacks="default"), "server-side-fallback-2026-07-01"),
        (ask(output_format={"type": "json_schema", "schema": {"type": "object"}}), "structured-outputs-2025-11-13"),
    ],
)
def test_a_beta_opens_its_gate(sock, body, beta):
    assert say(sock, body).status == 400
    assert say(sock, body, anthropic_beta=beta).status == 200


def test_a_gated_tool_type_is_refused_with_the_expected_tags_in_order(sock):
    reply = say(sock, ask(tools=[TOOL, {"type": "advisor_20260301", "name": "advisor"}]))
    start = "tools.1: Input tag 'advisor_20260301' found using 'type' does not match any of the expected tags: "
    assert reply.message.startswith(start + "'bash_20250124', 'browser_toolset_20260801'")
    tags = reply.message.removeprefix(start).split(", ")
    assert tags == sorted(tags)
    assert "'custom'" in tags


def test_a_beta_opens_its_gate_only_on_its_own_endpoints(sock):
    body = ask(max_tokens=None, thread={"type": "create"})
    reply = say(sock, body, path="/v1/messages/count_tokens", anthropic_beta="message-threads-2026-08-12")
    assert reply.message == "thread: Extra inputs are not permitted"


def test_counting_tokens_takes_no_max_tokens(sock):
    assert say(sock, ask(), path="/v1/messages/count_tokens").message == "max_tokens: Extra inputs are not permitted"


def test_a_model_can_refuse_what_its_beta_opens(sock):
    chain = [{"model": "claude-opus-5-5"}]
    fallbacks = say(
        sock, ask(model="claude-sonnet-5", fallbacks=chain), anthropic_beta="server-side-fallback-2026-07-01"
    )
    assert fallbacks.message == "fallbacks: Extra inputs are not permitted"
    tool = {"type": "computer_20251124", "name": "computer", "display_width_px": 800, "display_height_px": 600}
    assert say(sock, ask(tools=[tool]), anthropic_beta="computer-use-2025-11-24").status == 200
    newer = say(sock, ask(model="claude-opus-5-5", tools=[tool]), anthropic_beta="computer-use-2025-11-24")
    assert newer.message.startswith("tools.0: Input tag 'computer_20251124'")


@pytest.mark.parametrize("model", ["no-such-model", "claude-3-opus-20240229"])
def test_an_unknown_or_retired_model_is_not_found(sock, model):
    reply = say(sock, ask(model=model))
    assert (reply.status, reply.message, reply.json["error"]["type"]) == (404, f"model: {model}", "not_found_error")


def test_older_models_continue_a_prefilled_answer(sock):
    messages = [USER, {"role": "assistant", "content": "The best answer is"}]
    assert say(sock, ask(model="claude-haiku-4-5", messages=messages)).status == 200


def test_temperature_and_thinking_do_not_go_together(sock):
    body = ask(temperature=0.5, thinking={"type": "adaptive"})
    reply = say(sock, body, anthropic_version="2023-06-01")
    assert reply.message.startswith("`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"a": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"9" * 5000,
        b'"\\ud800"',
    ],
)
def test_what_is_no_json_object_is_a_400(sock, body):
    reply = say(sock, body)
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")


def test_a_body_over_32_mb_is_too_large_and_one_of_10_mb_is_not(sock):
    reply = say(sock, b"x" * (32 * 1024 * 1024 + 1))
    assert (reply.status, reply.json["error"]["type"]) == (413, "request_too_large")
    big = ask(model="claude-opus-5-5", max_tokens=10, metadata={"user_id": "x" * 10_000_000})
    assert say(sock, json.dumps(big).encode()).status == 200


def test_unknown_paths_and_methods_have_their_own_answers(sock):
    assert say(sock, None, path="/v1/nothing", method="GET").json["error"]["type"] == "not_found_error"
    assert say(sock, None, path="/v1/messages", method="GET").status == 405
    assert say(sock, None, path="/v1/models/none", method="GET").message == "model: none"
    assert say(sock, None, path="/v1/models?limit=0", method="GET").status == 400
