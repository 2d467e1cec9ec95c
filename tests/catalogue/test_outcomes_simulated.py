"""Every example of the catalogue on the simulator, with its header and without: what came of it is what the effects say."""

from typing import Any

import pytest

from betaconsole.catalogue.betas import Beta, all_betas
from betaconsole.catalogue.examples import ORDER, POLICY, examples
from betaconsole.catalogue.outcomes import Facts, Verdict, outcomes
from betaconsole.catalogue.simulation import simulator_rules
from betaconsole.simulator import TABLE, Pace, Rules, Simulator

from .asking import simulator
from .exchanges import asked

# What has to happen for an effect to show, in the words of the simulator's directions.
WISHES = {
    "compact-2026-01-12": "more_input=60000",
    "server-side-fallback-2026-07-01": "refuse",
    "server-side-fallback-2026-06-01": "refuse",
}
EFFECTIVE = {
    "compact-2026-01-12": "compaction block",
    "compact-2026-09-04": "compaction block",
    "context-management-2025-06-27": "cleared 1 tool use",
    "thinking-display-updates-2026-08-18": "thinking block with text",
    "structured-outputs-2025-11-13": "JSON document",
    "fast-mode-2026-02-01": "usage.speed is fast",
    "advisor-tool-2026-03-01": "advisor_tool_result block",
    "mcp-client-2025-11-20": "mcp_tool_use block",
    "mcp-client-2026-09-15": "mcp_tool_listing block",
    "mcp-client-2025-04-04": "mcp_tool_use block",
    "computer-use-2024-10-22": "computer_20241022",
    "computer-use-2025-01-24": "computer_20250124",
    "computer-use-2025-11-24": "computer_20251124",
    "server-side-fallback-2026-07-01": "fallback block",
    "server-side-fallback-2026-06-01": "fallback block",
    "fallback-credit-2026-07-01": "fallback_credit",
    "inline-tools-2026-09-15": "calls get_time, which only a system message defines",
}
NOT_HERE = {"files-api-2025-04-14": "GET /v1/files", "skills-2025-10-02": "GET /v1/skills"}
# The token of an earlier refusal stands for one that nobody has: a strict one is refused.
REFUSED = {"fallback-credit-2026-06-01"}
# Taken, and nothing in the answer shows it; the sentence says why.
QUIET = {
    "message-threads-2026-08-12": "thread was taken, which needs this header",
    "context-1m-2025-08-07": "within the usual limit of 200,000",
    "mid-conversation-tool-changes-2026-07-01": "type tool_removal was taken",
    "mid-conversation-system-clear-at-2026-08-21": "messages[system].clear_at was taken",
    "mid-conversation-output-config-2026-07-01": "messages[system].output_config was taken",
    "interleaved-thinking-2025-05-14": "no tool result in the request",
    "thinking-token-count-2026-05-13": "only streams carry it",
    "thinking-binding-controls-2026-08-01": "thinking.block_binding was taken",
    "task-budgets-2026-03-13": "output_config.task_budget was taken",
    "output-128k-2025-02-19": "128,000 tokens without the header",
    "token-efficient-tools-2025-02-19": "retired",
    "fine-grained-tool-streaming-2025-05-14": "only streams show it",
    "user-profiles-billing-2026-10-01": "billing_policy was taken",
}
# An older version of a beta gates the same as the current one, which is the one to use.
CURRENT = {
    "server-side-fallback-2026-06-01": "server-side-fallback-2026-07-01",
    "fallback-credit-2026-06-01": "fallback-credit-2026-07-01",
}


def on_messages() -> list[Beta]:
    return [beta for beta in all_betas().values() if beta.example_body and "messages" in beta.endpoints]


@pytest.fixture(scope="module")
def far_end() -> Simulator:
    return simulator()


def found(facts: Facts, baseline: Facts | None = None) -> dict[str, tuple[str, str]]:
    return {one.beta: (one.outcome.value, "; ".join(one.evidence)) for one in outcomes(facts, baseline)}


def run(far_end: Simulator, beta: Beta, *, with_header: bool, stream: bool = False) -> Facts:
    sent = (beta.name, *beta.needs) if with_header else beta.needs
    body = {**(beta.example_body or {}), "stream": stream}
    return asked(far_end, body, betas=sent, wish=WISHES.get(beta.name, ""))


@pytest.mark.parametrize("beta", on_messages(), ids=lambda beta: beta.name)
def test_the_outcome_of_an_example_is_what_it_does(beta: Beta, far_end: Simulator):
    facts = run(far_end, beta, with_header=True)
    verdict, evidence = found(facts)[beta.name]
    if beta.name in EFFECTIVE:
        assert (verdict, EFFECTIVE[beta.name] in evidence) == ("effective", True), evidence
    elif beta.name in NOT_HERE:
        assert verdict == "not_observable_here"
        assert outcomes(facts)[0].there == NOT_HERE[beta.name]
    elif beta.name in REFUSED:
        assert (verdict, facts.status) == ("inconclusive", 400)
    else:
        said = QUIET.get(beta.name, "the header is not needed")
        assert (verdict, said in evidence) == ("no_visible_effect", True), evidence


@pytest.mark.parametrize("beta", on_messages(), ids=lambda beta: beta.name)
def test_a_streamed_answer_shows_the_same(beta: Beta, far_end: Simulator):
    whole, stream = (found(run(far_end, beta, with_header=True, stream=each)) for each in (False, True))
    if beta.name == "thinking-token-count-2026-05-13":
        assert stream[beta.name] == ("effective", "the stream has thinking_deltas with estimated_tokens")
    elif beta.name == "fine-grained-tool-streaming-2025-05-14":
        assert stream[beta.name][0] == "inconclusive"
    else:
        assert stream[beta.name][0] == whole[beta.name][0]
        assert whole[beta.name][1] in stream[beta.name][1]


@pytest.mark.parametrize("beta", on_messages(), ids=lambda beta: beta.name)
def test_an_example_without_its_header_names_the_header_where_it_is_refused(beta: Beta, far_end: Simulator):
    facts = run(far_end, beta, with_header=False)
    missing = [(one.beta, one.outcome.value) for one in outcomes(facts) if one.beta not in beta.needs]
    is_gated = facts.status == 400
    assert missing == ([(CURRENT.get(beta.name, beta.name), "needed_but_missing")] if is_gated else [])
    if beta.gated and beta.name != "mcp-client-2026-09-15":  # whose example uses what another one gates
        assert is_gated


@pytest.mark.parametrize("beta", [beta for beta in on_messages() if beta.gated], ids=lambda beta: beta.name)
def test_a_baseline_refused_without_the_header_is_an_effect(beta: Beta, far_end: Simulator):
    facts, baseline = (run(far_end, beta, with_header=each) for each in (True, False))
    if beta.name not in REFUSED:
        assert found(facts, baseline)[beta.name][0] == "effective"


@pytest.mark.parametrize("beta", on_messages(), ids=lambda beta: beta.name)
def test_a_baseline_that_does_the_same_without_the_header_leaves_no_effect(beta: Beta, far_end: Simulator):
    facts = run(far_end, beta, with_header=True)
    same = Facts(**{**{name: getattr(facts, name) for name in Facts.__dataclass_fields__}, "betas": beta.needs})
    assert found(facts, same)[beta.name][0] != "effective"


# Effects that an example alone does not bring out ----------------------------------------------------------------------


def conversation(far_end: Simulator, betas: tuple[str, ...], **changes: Any) -> list[Facts]:
    """Every turn of the first example question, its calls answered by its stubs."""
    example = examples()[0]
    results = {stub["tool"]: stub["result"] for stub in example.tool_stubs}
    messages, turns = list(example.body["messages"]), []
    while True:
        facts = asked(far_end, {**example.body, **changes, "messages": messages, "stream": False}, betas=betas)
        turns.append(facts)
        calls = [block for block in facts.blocks if block["type"] == "tool_use"]
        if not calls:
            return turns
        given = [{"type": "tool_result", "tool_use_id": call["id"], "content": results[call["name"]]} for call in calls]
        messages += [{"role": "assistant", "content": facts.blocks}, {"role": "user", "content": given}]


def test_thinking_between_tools_is_seen_in_the_turns_after_a_result(far_end: Simulator):
    name = "interleaved-thinking-2025-05-14"
    assert {ORDER.tool, POLICY.tool} == {stub["tool"] for stub in examples()[0].tool_stubs}
    baseline, interleaved = conversation(far_end, ()), conversation(far_end, (name,))
    alone = [found(turn)[name] for turn in interleaved]
    assert [verdict for verdict, _ in alone] == ["no_visible_effect", "effective", "effective"]
    assert alone[1][1] == "thinking block after a tool result"
    beside = [found(turn, other)[name] for turn, other in zip(interleaved, baseline, strict=True)]
    assert beside[1] == ("effective", "thinking block after a tool result; the baseline has none there")
    assert [one for turn in baseline for one in outcomes(turn)] == []


def test_on_a_model_whose_thinking_is_adaptive_the_header_does_nothing(far_end: Simulator):
    name = "interleaved-thinking-2025-05-14"
    changes = {"model": "claude-sonnet-5-5", "thinking": {"type": "adaptive"}}
    said = {found(turn)[name] for turn in conversation(far_end, (name,), **changes)}
    assert said == {
        ("no_visible_effect", "on claude-sonnet-5-5 thinking is adaptive: the header does nothing there"),
    }


def test_a_refusal_carries_a_token_with_the_header_only(far_end: Simulator):
    name = "fallback-credit-2026-07-01"
    body = {"model": "claude-opus-5-5", "max_tokens": 1024, "messages": [{"role": "user", "content": "Hello"}]}
    facts, baseline = (asked(far_end, body, betas=betas, wish="refuse") for betas in ((name,), ()))
    verdict, evidence = found(facts, baseline)[name]
    assert verdict == "effective"
    assert evidence.startswith("stop_details.fallback_credit_token is ")
    accepted = asked(far_end, body, betas=(name,))
    assert found(accepted)[name][0] == "no_visible_effect"


def test_what_continues_a_thread_is_answered_from_a_history_that_the_api_holds(far_end: Simulator):
    name = "message-threads-2026-08-12"
    first = asked(far_end, all_betas()[name].example_body, betas=(name,))
    body = {
        "model": "claude-opus-5-5",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "And a fourth?"}],
        "thread": {"type": "continue", "previous_message_id": first.message["id"]},
    }
    assert found(asked(far_end, body, betas=(name,)))[name] == (
        "effective",
        f"the answer goes on from {first.message['id']}, whose history only the API holds",
    )


def test_dropped_thinking_is_told_of_with_the_header_only(far_end: Simulator):
    name = "thinking-binding-controls-2026-08-01"
    body: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "max_tokens": 4096,
        "thinking": {"type": "adaptive"},
        "messages": [{"role": "user", "content": "How far is it from Oslo to Tokyo?"}],
    }
    answer = asked(far_end, body).blocks
    body["messages"] = [
        {"role": "user", "content": "How far is it from Bergen to Tokyo?"},
        {"role": "assistant", "content": answer},
        {"role": "user", "content": "And by sea?"},
    ]
    body["thinking"]["block_binding"] = {"prefix_mismatch_behavior": "drop_block"}
    verdict, evidence = found(asked(far_end, body, betas=(name,)))[name]
    assert verdict == "effective"
    assert evidence == "input_transformations holds thinking_dropped at messages.1.content.0"


def test_a_list_of_files_has_its_older_shape_with_the_header(far_end: Simulator):
    name = "files-api-2025-04-14"
    facts = asked(far_end, None, betas=(name,), method="GET", path="/v1/files")
    assert found(facts)[name] == (
        "pins_older_shape",
        "has_more, first_id and last_id in the answer: the older shape",
    )
    today = asked(far_end, None, method="GET", path="/v1/files")
    assert (
        found(Facts(betas=(name,), method="GET", path="/v1/files", answer=today.answer))[name][0] == "no_visible_effect"
    )


def test_skills_have_their_older_shape_with_the_header(far_end: Simulator):
    name = "skills-2025-10-02"
    facts = asked(far_end, None, betas=(name,), method="GET", path="/v1/skills")
    assert found(facts)[name] == ("pins_older_shape", "latest_version in the answer: the older shape")


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("compact-2026-09-04", "capabilities.compaction stands in the model object"),
        ("server-side-fallback-2026-07-01", "allowed_fallback_models stands in the model object"),
    ],
)
def test_a_model_tells_more_of_itself_with_some_headers(name: str, evidence: str, far_end: Simulator):
    facts = asked(far_end, None, betas=(name,), method="GET", path="/v1/models/claude-opus-5-5")
    assert found(facts)[name] == ("effective", evidence)
    plain = asked(far_end, None, betas=("interleaved-thinking-2025-05-14",), method="GET", path="/v1/models")
    assert found(plain)["interleaved-thinking-2025-05-14"][0] == "not_observable_here"


def test_a_count_of_tokens_says_what_would_be_cleared(far_end: Simulator):
    name = "context-management-2025-06-27"
    body = {key: value for key, value in (all_betas()[name].example_body or {}).items() if key != "max_tokens"}
    verdict, evidence = found(asked(far_end, body, betas=(name,), path="/v1/messages/count_tokens"))[name]
    assert verdict == "effective"
    assert evidence.startswith("context_management.original_input_tokens is ")


def test_the_input_of_tools_streams_evenly_with_the_header(far_end: Simulator):
    """At a pace that can be measured: each value comes in a burst without the header, as it is written with it."""
    name = "fine-grained-tool-streaming-2025-05-14"
    evenly = tuple(float(at) for at in range(0, 1000, 50))
    in_bursts = (0.0, *(900.0 + at for at in range(20)))
    facts = run(far_end, all_betas()[name], with_header=True, stream=True)
    values = {each: getattr(facts, each) for each in Facts.__dataclass_fields__}
    here = Facts(**{**values, "input_moments": (evenly,)})
    there = Facts(**{**values, "betas": (), "input_moments": (in_bursts,)})
    assert found(here, there)[name] == (
        "effective",
        "longest wait within the tool input 5% of its time, the baseline's 98%",
    )
    assert found(here, Facts(**{**values, "betas": (), "input_moments": (evenly,)}))[name][0] == "no_visible_effect"
    assert found(here)[name][0] == "inconclusive"


# What these change is how much, not what: no single answer shows it, and betas.json names no field for it.
ONLY_IN_FIGURES = {
    "task-budgets-2026-03-13",
    "mid-conversation-system-clear-at-2026-08-21",
    "mid-conversation-tool-changes-2026-07-01",
    "mid-conversation-output-config-2026-07-01",
}


def test_every_beta_with_an_effect_in_the_table_can_be_seen_to_be_effective():
    brought_out = {
        "interleaved-thinking-2025-05-14",
        "thinking-token-count-2026-05-13",
        "message-threads-2026-08-12",
        "fallback-credit-2026-06-01",
        "fine-grained-tool-streaming-2025-05-14",
        "thinking-binding-controls-2026-08-01",
    }
    assert {effect.beta for effect in TABLE} - set(EFFECTIVE) - brought_out == ONLY_IN_FIGURES


def test_a_made_up_name_is_refused_by_its_name(far_end: Simulator):
    body = {"model": "claude-opus-5-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
    for made_up in (("no-such-beta-2026-01-01",), ("no-such-beta-2026-01-01", "another-one-2026-02-02")):
        sent = ("interleaved-thinking-2025-05-14", *made_up)
        said = found(asked(far_end, body, betas=sent))
        assert list(said) == list(sent)
        assert said["interleaved-thinking-2025-05-14"][0] == "inconclusive"
        for name in made_up:
            verdict, evidence = said[name]
            assert verdict == "refused_unknown"
            assert name in evidence


def test_every_beta_that_acts_elsewhere_says_where(far_end: Simulator):
    body = {"model": "claude-opus-5-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
    away = [beta for beta in all_betas().values() if not beta.on_messages and not beta.refused]
    for one in outcomes(asked(far_end, body, betas=[beta.name for beta in away])):
        assert one.outcome is Verdict.NOT_OBSERVABLE_HERE
        assert "this request went to Messages" in one.evidence[0]


def test_a_speed_that_a_model_does_not_have_is_refused_for_the_model(far_end: Simulator):
    body = {
        "model": "claude-sonnet-4-6",
        "max_tokens": 64,
        "speed": "fast",
        "messages": [{"role": "user", "content": "Hi"}],
    }
    assert found(asked(far_end, body, betas=("fast-mode-2026-02-01",))) == {
        "fast-mode-2026-02-01": ("refused_model", "'claude-sonnet-4-6' does not support the `speed` parameter.")
    }


def test_a_field_that_a_model_does_not_take_even_with_its_header_is_refused_for_the_model(far_end: Simulator):
    body = {
        "model": "claude-sonnet-5",
        "max_tokens": 64,
        "fallbacks": [{"model": "claude-opus-5"}],
        "messages": [{"role": "user", "content": "Hi"}],
    }
    name = "server-side-fallback-2026-07-01"
    assert found(asked(far_end, body, betas=(name,)))[name][0] == "refused_model"
    [missing] = outcomes(asked(far_end, body))
    assert (missing.beta, missing.outcome) == (name, Verdict.NEEDED_BUT_MISSING)
    assert missing.evidence[-1] == "claude-sonnet-5 does not take fallbacks with the header either"


def test_an_input_past_the_limit_is_not_taken_with_the_header_of_old(far_end: Simulator):
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "Summarise. " * 80_000}],
    }
    verdict, evidence = found(asked(far_end, body, betas=("context-1m-2025-08-07",)))["context-1m-2025-08-07"]
    assert verdict == "no_visible_effect"
    assert evidence.startswith("the limit stayed at 200,000: prompt is too long: ")


def test_endpoints_in_beta_ask_for_their_header():
    far_end = Simulator(Rules.from_dict(simulator_rules()), pace=Pace.at_once())
    assert found(asked(far_end, None, method="GET", path="/v1/agents")) == {
        "managed-agents-2026-04-01": (
            "needed_but_missing",
            "Not Found; endpoints in beta answer 404 where their header is missing",
        )
    }
    there = asked(far_end, None, method="GET", path="/v1/agents", betas=("managed-agents-2026-04-01",))
    assert found(there)["managed-agents-2026-04-01"][0] == "inconclusive"
