"""The rules of outcomes one by one, and that nothing an exchange holds makes them fail."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.evidence.reading import input_moments, json_of
from betaconsole.catalogue.outcomes import Facts, Outcome, Verdict, outcomes

from .exchanges import answered, refused

INTERLEAVED, FAST, CONTEXT_1M = "interleaved-thinking-2025-05-14", "fast-mode-2026-02-01", "context-1m-2025-08-07"
THINKING = {"type": "thinking", "thinking": "So.", "signature": "c2lnbmVk"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "lookup", "input": {}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "42"}]}
ASK = {"role": "user", "content": "What is it?"}
MANUAL = {"model": "claude-sonnet-4-6", "thinking": {"type": "enabled", "budget_tokens": 1024}}


def one(facts: Facts, baseline: Facts | None = None) -> Outcome:
    [found] = outcomes(facts, baseline)
    return found


def said(facts: Facts, baseline: Facts | None = None) -> tuple[str, str]:
    found = one(facts, baseline)
    return found.outcome.value, "; ".join(found.evidence)


def message(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(content), "usage": {"input_tokens": 9}, **fields}


# Thinking between tool calls -------------------------------------------------------------------------------------------


def test_thinking_at_the_start_of_a_first_turn_is_no_thinking_between_calls():
    facts = Facts((INTERLEAVED,), body={**MANUAL, "messages": [ASK]}, answer=message(THINKING, CALL))
    assert said(facts) == ("no_visible_effect", "no tool result in the request: there was nothing to think between")


def test_thinking_after_a_result_is_thinking_between_calls():
    facts = Facts((INTERLEAVED,), body={**MANUAL, "messages": [ASK, RESULT]}, answer=message(THINKING, CALL))
    assert said(facts) == ("effective", "thinking block after a tool result")


def test_thinking_after_a_call_of_a_server_tool_needs_no_result_in_the_request():
    searched = [{"type": "server_tool_use", "name": "web_search"}, {"type": "web_search_tool_result"}, THINKING]
    facts = Facts((INTERLEAVED,), body={**MANUAL, "messages": [ASK]}, answer=message(THINKING, *searched))
    assert said(facts) == ("effective", "thinking block after a server_tool_use block, in one answer")


def test_a_baseline_that_thinks_there_too_leaves_no_effect():
    body, answer = {**MANUAL, "messages": [ASK, RESULT]}, message(THINKING, CALL)
    facts, baseline = Facts((INTERLEAVED,), body=body, answer=answer), Facts((), body=body, answer=answer)
    assert said(facts, baseline)[0] == "no_visible_effect"
    assert said(facts, Facts((INTERLEAVED,), body=body, answer=answer))[0] == "effective"


@pytest.mark.parametrize(
    ("model", "thinking", "why"),
    [
        ("claude-sonnet-5-5", None, "on claude-sonnet-5-5 thinking is adaptive: the header does nothing there"),
        ("claude-sonnet-4-6", {"type": "adaptive"}, "on claude-sonnet-4-6 thinking is adaptive"),
        ("claude-sonnet-4-6", {"type": "between_tools"}, "thinking.type between_tools thinks between calls without"),
        ("claude-sonnet-4-6", None, "the request asks for no thinking"),
        ("claude-sonnet-4-6", {"type": "disabled"}, "the request asks for no thinking"),
        ("some-other-model", {"type": "adaptive"}, "on some-other-model thinking is adaptive"),
    ],
)
def test_where_thinking_is_not_manual_the_header_does_nothing(model: str, thinking: dict[str, str] | None, why: str):
    body = {"model": model, "messages": [ASK, RESULT], **({"thinking": thinking} if thinking else {})}
    verdict, evidence = said(Facts((INTERLEAVED,), body=body, answer=message(THINKING)))
    assert (verdict, evidence.startswith(why)) == ("no_visible_effect", True)


# Limits ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "tokens", "expected"),
    [
        ("claude-sonnet-4-5", 250_000, ("effective", "250,000 input tokens were taken; the usual limit is 200,000")),
        ("claude-sonnet-4-0", 250_000, ("effective", "250,000 input tokens were taken; the usual limit is 200,000")),
        (
            "claude-sonnet-4-5",
            200_000,
            ("no_visible_effect", "200,000 input tokens are within the usual limit of 200,000"),
        ),
        (
            "claude-opus-5-5",
            900_000,
            ("no_visible_effect", "claude-opus-5-5 takes 1,000,000 input tokens without the header"),
        ),
    ],
)
def test_the_long_context_shows_where_more_was_taken_than_the_model_usually_takes(
    model: str, tokens: int, expected: tuple[str, str]
):
    usage = {"input_tokens": 1_000, "cache_read_input_tokens": tokens - 1_500, "cache_creation_input_tokens": 500}
    facts = Facts((CONTEXT_1M,), body={"model": model}, answer=message(usage=usage))
    assert said(facts) == expected


def test_what_a_baseline_takes_without_the_header_is_no_effect():
    facts = Facts((CONTEXT_1M,), body={"model": "claude-sonnet-4-5"}, answer=message(usage={"input_tokens": 250_000}))
    baseline = Facts((), body=facts.body, answer=facts.answer)
    assert said(facts, baseline) == (
        "no_visible_effect",
        "250,000 input tokens were taken, and as many without the header",
    )


@pytest.mark.parametrize(
    ("max_tokens", "in_batch", "verdict"),
    [(200_000, True, "effective"), (128_000, True, "no_visible_effect"), (1_024, False, "not_observable_here")],
)
def test_a_larger_output_limit_shows_in_batches_only(max_tokens: int, in_batch: bool, verdict: str):
    body = {"model": "claude-opus-5-5", "max_tokens": max_tokens}
    facts = Facts(("output-300k-2026-03-24",), body=body, answer=message(), in_batch=in_batch)
    assert said(facts)[0] == verdict


def test_a_batch_refused_for_its_output_names_the_header_that_raises_the_limit():
    words = (
        "requests.0.params.max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens for "
        "claude-opus-5-5"
    )
    found = one(refused(400, words, path="/v1/messages/batches", body={"requests": []}))
    assert (found.beta, found.outcome) == ("output-300k-2026-03-24", Verdict.NEEDED_BUT_MISSING)
    assert outcomes(refused(400, words.replace("requests.0.params.", ""), body={})) == []


def test_what_a_batch_shows_of_a_beta_stands_in_its_results():
    name = "structured-outputs-2025-11-13"
    params = {"model": "claude-opus-5-5", "output_format": {"type": "json_schema"}}
    call = Facts((name,), path="/v1/messages/batches", body={"requests": [{"custom_id": "a", "params": params}]})
    assert said(call) == ("inconclusive", "the batch was taken; what its requests come to stands in its results")
    answer = message({"type": "text", "text": '{"a": 1}'})
    for path in ("/v1/messages", "/v1/messages/batches"):
        assert said(Facts((name,), path=path, body=params, answer=answer, in_batch=True))[0] == "effective"


# Refusals --------------------------------------------------------------------------------------------------------------

LIMIT_OF_0 = "This request would exceed your rate limit of 0 fast mode input tokens per minute (org: x, model: y)."


def test_a_rate_limit_of_0_is_a_refusal_for_the_account():
    facts = refused(429, LIMIT_OF_0, betas=(FAST, INTERLEAVED), body={"speed": "fast"})
    assert [(each.beta, each.outcome.value) for each in outcomes(facts)] == [
        (FAST, "refused_account"),
        (INTERLEAVED, "inconclusive"),
    ]


def test_a_rate_limit_of_0_that_names_nothing_is_laid_to_the_only_difference():
    words = "This request would exceed your rate limit of 0 input tokens per minute."
    assert said(refused(429, words, betas=("compact-2026-09-04",)))[0] == "refused_account"
    both = refused(429, words, betas=("compact-2026-09-04", INTERLEAVED))
    assert {each.outcome for each in outcomes(both)} == {Verdict.INCONCLUSIVE}
    baseline = Facts((INTERLEAVED,), answer=message())
    assert [each.outcome.value for each in outcomes(both, baseline)] == ["refused_account", "inconclusive"]


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_busy_or_broken_api_says_nothing_of_a_beta(status: int):
    words = "This request would exceed your organization's rate limit of 30,000 input tokens per minute."
    verdict, evidence = said(refused(status, words, kind="overloaded_error", betas=(INTERLEAVED,)))
    assert verdict == "inconclusive"
    assert "says nothing of the beta" in evidence


def test_an_organisation_that_is_not_enrolled_is_refused_for_the_account():
    words = "Your organization is not enrolled in the beta `dreaming-2026-04-21`."
    code = "organization_not_enrolled_in_beta"
    facts = refused(400, words, code=code, betas=("dreaming-2026-04-21",), method="GET", path="/v1/dreams")
    assert said(facts) == ("refused_account", words)


def test_a_code_of_billing_is_a_refusal_of_what_bills():
    facts = refused(
        403,
        "This key may not bill the profile.",
        code="user_profile_billing_not_authorized",
        betas=("user-profiles-billing-2026-10-01", INTERLEAVED),
        body={"billing_policy": {"type": "billing_policy"}},
    )
    assert [each.outcome.value for each in outcomes(facts)] == ["refused_account", "inconclusive"]


def test_a_field_that_a_sent_beta_unlocks_is_refused_for_the_model_and_none_is_missing():
    facts = refused(400, "fallbacks: Extra inputs are not permitted", betas=("server-side-fallback-2026-06-01",))
    assert said(facts)[0] == "refused_model"


@pytest.mark.parametrize(
    ("body", "words", "beta"),
    [
        (
            {"context_management": {"edits": [{"type": "compact_20260112"}]}},
            "context_management: Extra inputs are not permitted",
            "compact-2026-01-12",
        ),
        (
            {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}},
            "context_management: Extra inputs are not permitted",
            "context-management-2025-06-27",
        ),
        (
            {"mcp_servers": [{"name": "a", "tool_configuration": {"enabled": True}}]},
            "mcp_servers: Extra inputs are not permitted",
            "mcp-client-2025-04-04",
        ),
        (
            {"mcp_servers": [{"name": "a"}], "tools": [{"type": "mcp_toolset"}]},
            "mcp_servers: Extra inputs are not permitted",
            "mcp-client-2025-11-20",
        ),
        (
            {"messages": [{"role": "system", "content": [{"type": "tool_removal"}]}]},
            "messages.0.content.0: Input tag 'tool_removal' found using 'type' does not match any of the expected tags: 'text'",
            "mid-conversation-tool-changes-2026-07-01",
        ),
        (
            {"thinking": {"type": "adaptive", "display": "updates"}},
            "thinking.adaptive.display: Input should be 'summarized' or 'omitted'",
            "thinking-display-updates-2026-08-18",
        ),
        (
            {"output_config": {"task_budget": {"type": "tokens"}}},
            "output_config.task_budget: Extra inputs are not permitted",
            "task-budgets-2026-03-13",
        ),
    ],
)
def test_the_missing_beta_is_the_one_that_the_request_fits(body: dict[str, Any], words: str, beta: str):
    found = one(refused(400, words, kind="invalid_request_error", body=body))
    assert (found.beta, found.outcome, found.evidence[0][:20]) == (beta, Verdict.NEEDED_BUT_MISSING, words[:20])


@pytest.mark.parametrize(
    "words",
    [
        "temperature: Extra inputs are not permitted",
        "messages.65.content.1.tool_use.text: Extra inputs are not permitted",
        "model: sonnet4",
        "thinking: Input tag 'adaptive' found using 'type' does not match any of the expected tags: 'disabled'",
        "service_tier: Input should be 'auto' or 'standard_only'",
        "",
    ],
)
def test_a_mistake_that_no_beta_would_mend_names_none(words: str):
    body = {"thinking": {"type": "adaptive"}, "service_tier": "x", "messages": []}
    assert outcomes(refused(400, words, body=body)) == []


# Answers that say little -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "why"), [(None, "no answer came"), (302, "a redirect (302)")])
def test_without_an_answer_nothing_is_known(status: int | None, why: str):
    verdict, evidence = said(Facts((INTERLEAVED,), status=status, is_whole=False))
    assert (verdict, evidence.startswith(why)) == ("inconclusive", True)


def test_a_cut_answer_shows_what_it_has_and_not_what_it_lacks():
    body = {"messages": [ASK], "compaction": {"type": "summarize"}}
    seen = Facts(("compact-2026-09-04",), body=body, is_whole=False, answer=message({"type": "compaction"}))
    assert said(seen)[0] == "effective"
    unseen = Facts(("compact-2026-09-04",), body=body, is_whole=False, answer=message())
    assert said(unseen) == (
        "inconclusive",
        "the answer did not come to its end; what had arrived does not show it",
    )


def test_what_two_betas_bring_belongs_to_the_one_that_the_request_uses():
    sent = ("compact-2026-01-12", "compact-2026-09-04")
    facts = Facts(sent, body={"compaction": {"type": "summarize"}}, answer=message({"type": "compaction"}))
    assert [each.outcome.value for each in outcomes(facts)] == ["no_visible_effect", "effective"]


def test_a_field_that_holds_nothing_was_taken_all_the_same():
    name, body = "context-management-2025-06-27", {"context_management": {"edits": []}}
    facts = Facts((name,), body=body, answer=message(context_management={"applied_edits": []}))
    assert said(facts) == (
        "no_visible_effect",
        "context_management was taken, which needs this header; context_management.applied_edits is empty: nothing was due",
    )
    without = refused(400, "context_management: Extra inputs are not permitted", body=body)
    assert said(facts, without)[0] == "effective"


def test_a_name_that_nobody_knows_shows_only_beside_a_baseline():
    body = {"model": "claude-opus-5-5", "messages": [ASK]}
    facts = Facts(("no-such-beta-2026-01-01",), body=body, answer=message(novelty={"a": 1}, usage={"new_tokens": 3}))
    assert said(facts) == ("no_visible_effect", "is not in the catalogue: what it adds is not known")
    assert one(facts).is_open
    same = Facts((), body=body, answer=message())
    assert said(facts, same) == ("effective", "novelty and usage.new_tokens in the answer, and not in the baseline's")
    other = Facts((), body={**body, "model": "claude-opus-5"}, answer=message())
    assert said(facts, other)[0] == "no_visible_effect"
    unchanged = Facts((), body=body, answer=facts.answer)
    assert said(facts, unchanged)[0] == "no_visible_effect"


def test_an_endpoint_that_is_not_there_without_the_header_was_opened_by_it():
    name = "mcp-tunnels-2026-06-22"
    there = Facts((name,), method="GET", path="/v1/tunnels", answer={"data": []})
    assert said(there)[0] == "inconclusive"
    assert said(there, refused(404, "Not Found", method="GET", path="/v1/tunnels"))[0] == "effective"


def test_an_outcome_is_open_where_a_baseline_would_have_been_asked():
    seen = Facts(("compact-2026-09-04",), body={"compaction": {}}, answer=message({"type": "compaction"}))
    assert one(seen).is_open
    assert not one(seen, Facts((), body={}, answer=message())).is_open
    built_in = Facts(("prompt-caching-2024-07-31",), body={}, answer=message())
    assert not one(built_in).is_open


def test_an_estimate_counts_where_it_holds_a_number():
    name = "thinking-token-count-2026-05-13"
    stream = b"".join(
        b"event: %s\ndata: %s\n\n" % (each["type"].encode(), json.dumps(each).encode())
        for each in (
            {"type": "message_start", "message": message()},
            {"type": "content_block_start", "index": 0, "content_block": {**THINKING, "thinking": ""}},
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "thinking_delta", "thinking": '"estimated_tokens": 5', "estimated_tokens": None},
            },
            {"type": "content_block_stop", "index": 0},
            {"type": "message_stop"},
        )
    )
    headers = [("Content-Type", "text/event-stream; charset=utf-8")]
    facts = answered(betas=(name,), sent=b"{}", status=200, headers=headers, received=stream)
    assert facts.deltas == {"thinking_delta"}
    assert facts.events == {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_stop",
    }
    assert said(facts) == (
        "no_visible_effect",
        "no thinking_delta counts tokens: they do only where thinking is shown as omitted",
    )
    filled = stream.replace(b'"estimated_tokens": null', b'"estimated_tokens": 16')
    facts = answered(betas=(name,), sent=b"{}", status=200, headers=headers, received=filled)
    assert said(facts) == ("effective", "the stream has thinking_deltas with estimated_tokens")


def test_the_moments_of_tool_input_are_read_from_the_stored_stream():
    parts = [
        (1.0, "content_block_start", b"data: {}\n\n"),
        (2.0, "content_block_delta", b'data: {"delta":{"type":"input_json_delta","partial_json":""}}\n\n'),
        (3.0, "ping", b"data: {}\n\n"),
        (4.5, "content_block_delta", b'data: {"delta":{"type":"input_json_delta","partial_json":"{"}}\n\n'),
        (5.0, "content_block_stop", b"data: {}\n\n"),
        (6.0, "content_block_start", b"data: {}\n\n"),
        (7.0, "content_block_delta", b'data: {"delta":{"type":"text_delta","text":"\\"partial_json\\":\\""}}\n\n'),
    ]
    ends = [sum(len(data) for *_, data in parts[: index + 1]) for index in range(len(parts))]
    timeline = [[at_ms, end, kind] for (at_ms, kind, _), end in zip(parts, ends, strict=True)]
    assert input_moments(b"".join(data for *_, data in parts), timeline) == ((2.0, 4.5),)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b"[" * 500 + b"]" * 500])
def test_a_body_that_is_no_json_is_no_body(body: bytes):
    assert json_of(body) is None


# Anything ---------------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from([*all_betas(), "no-such-beta-2026-01-01", "", "x"])
WORDS = [
    "type",
    "content",
    "usage",
    "messages",
    "tools",
    "model",
    "thinking",
    "iterations",
    "context_management",
    "data",
]
WORDS += [
    "applied_edits",
    "requests",
    "params",
    "speed",
    "thread",
    "output_format",
    "max_tokens",
    "input_tokens",
    "name",
]
KINDS = ["text", "thinking", "compaction", "tool_use", "enabled", "fast", "continue", "claude-opus-5-5", "mcp_toolset"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(KINDS) | st.text(max_size=5)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=25,
)
PLACES = st.sampled_from(["tools.0.custom.", "context_management", "messages.0.content.0", "thinking.", ""])
MESSAGES = st.one_of(
    st.text(max_size=60),
    st.builds("{}: Extra inputs are not permitted".format, PLACES),
    st.builds("{}: Input tag '{}' found using 'type' does not".format, PLACES, st.sampled_from(KINDS)),
    st.builds("Unexpected value(s) `{}` for the `anthropic-beta` header.".format, NAMES),
    st.builds("your rate limit of 0 {}".format, st.text(max_size=9)),
    st.builds("max_tokens: {} > 5, which is the maximum allowed number of output tokens for x".format, st.integers()),
)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    status = draw(st.sampled_from([None, 200, 200, 200, 302, 400, 404, 429, 500]))
    is_refused = status is not None and status >= 400
    facts = refused(status, draw(MESSAGES)) if is_refused else Facts(status=status)
    values = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    return Facts(
        **{
            **values,
            "betas": tuple(draw(st.lists(NAMES, max_size=6))),
            "method": draw(st.sampled_from(["POST", "GET"])),
            "path": draw(
                st.sampled_from(["/v1/messages", "/v1/messages/batches", "/v1/files", "/v1/models", "/x", ""])
            ),
            "body": draw(ANY_JSON),
            "answer": draw(ANY_JSON),
            "is_whole": not is_refused and draw(st.booleans()),
            "events": draw(st.frozensets(st.sampled_from(["message_start", "ping"]))),
            "deltas": draw(st.frozensets(st.sampled_from(["thinking_delta", "thinking_delta.estimated_tokens"]))),
            "input_moments": draw(st.lists(st.lists(st.floats(0, 1e6), min_size=1).map(tuple), max_size=2).map(tuple)),
            "in_batch": draw(st.booleans()),
        }
    )


@settings(max_examples=400, deadline=None)
@given(facts=any_facts(), baseline=st.none() | any_facts())
def test_any_exchange_has_one_outcome_for_each_beta_in_the_order_sent(facts: Facts, baseline: Facts | None):
    found = outcomes(facts, baseline)
    sent = [name for name in dict.fromkeys(facts.betas) if name]
    assert [each.beta for each in found[: len(sent)]] == sent
    assert len({each.beta for each in found}) == len(found) <= len(sent) + 1
    assert all(each.outcome is Verdict.NEEDED_BUT_MISSING for each in found[len(sent) :])
    for each in found:
        assert each.evidence
        assert all(sentence and len(sentence) < 700 and "\n" not in sentence for sentence in each.evidence)
