"""What preflight says, rule by rule; over real requests; and of anything at all."""

import time
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.catalogue.betas import all_betas, catalogue_date
from betaconsole.catalogue.checks.findings import (
    Fix,
    add_beta,
    insert_example,
    move_field,
    remove_beta,
    remove_field,
    replace_beta,
    separate_caches,
    set_field,
)
from betaconsole.catalogue.model_specs import all_models
from betaconsole.catalogue.preflight import ColumnRequest, Finding, Level, preflight
from betaconsole.claude.headers import parse_betas
from tests.recorded import exchanges

from .mistakes import BODY, COUNT, HELLO, TOOL, body, gated_bodies, with_blocks

TODAY = date(2026, 11, 22)
CONTEXT = "context-management-2025-06-27"
INTERLEAVED = "interleaved-thinking-2025-05-14"


def found(sent: Any = None, *betas: str, today: date = TODAY, **request: Any) -> list[Finding]:
    column = ColumnRequest("A", betas=betas, body=BODY if sent is None else sent, **request)
    return preflight([column], today=today)[0]


def one(code: str, findings: list[Finding]) -> Finding:
    """The only finding with this code."""
    [finding] = [each for each in findings if each.code == code]
    return finding


def test_nothing_is_said_of_a_plain_request():
    for spec in all_models().values():
        if spec.price is not None and spec.retires_on is None:
            assert found(body(model=spec.id)) == []


def test_nothing_is_wrong_with_the_example_of_a_beta_and_its_header():
    for beta in all_betas().values():
        if beta.example_body is None or beta.refused:
            continue
        method, _, path = beta.example_request.partition(" ")
        is_stream = beta.example_body.get("stream") is True
        said = found(
            beta.example_body, beta.name, *beta.needs, method=method, path=path.partition("?")[0], is_stream=is_stream
        )
        assert [finding for finding in said if finding.level is Level.ERROR] == [], beta.name
        assert "header_without_field" not in {finding.code for finding in said}, beta.name


def test_the_changes_of_a_beta_are_what_its_header_wants():
    """Inserting the example ends the finding that asks for it."""
    for beta in all_betas().values():
        if beta.changes and beta.example_base and (beta.unlocks or beta.tool_types):
            before = [each for each in found(beta.example_base, beta.name) if each.code == "header_without_field"]
            assert all(each.fix == insert_example(beta.name) for each in before)
            assert [each.code for each in found(beta.example_body, beta.name)].count("header_without_field") == 0


# The header ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "level", "code", "fix"),
    [
        (
            "Context-Management-2025-06-27",
            "error",
            "malformed_name",
            replace_beta("Context-Management-2025-06-27", CONTEXT),
        ),
        (
            "context_management_2025_06_27",
            "error",
            "malformed_name",
            replace_beta("context_management_2025_06_27", CONTEXT),
        ),
        ("nothing of ours", "error", "malformed_name", remove_beta("nothing of ours")),
        (
            "interleaved-thinking-2025-04-14",
            "error",
            "misspelt_name",
            replace_beta("interleaved-thinking-2025-04-14", INTERLEAVED),
        ),
        (
            "interleaved-thinkin-2025-05-14",
            "error",
            "misspelt_name",
            replace_beta("interleaved-thinkin-2025-05-14", INTERLEAVED),
        ),
        ("interleaved-thinking", "error", "misspelt_name", replace_beta("interleaved-thinking", INTERLEAVED)),
        ("interleaved-thinking-2027-01-01", "warning", "unknown_name", remove_beta("interleaved-thinking-2027-01-01")),
        ("web-fetch-2025-09-10", "warning", "unknown_name", remove_beta("web-fetch-2025-09-10")),
        ("prompt-caching-2024-07-31", "hint", "built_in_name", remove_beta("prompt-caching-2024-07-31")),
        ("files-api-2025-04-14", "hint", "pins_older_shape", remove_beta("files-api-2025-04-14")),
        (
            "token-efficient-tools-2025-02-19",
            "warning",
            "retired_name",
            remove_beta("token-efficient-tools-2025-02-19"),
        ),
        ("afk-mode-2026-01-31", "hint", "undocumented_name", remove_beta("afk-mode-2026-01-31")),
        ("context-1m-2025-08-07", "hint", "superseded_name", remove_beta("context-1m-2025-08-07")),
        (
            "server-side-fallback-2026-06-02",
            "error",
            "refused_name",
            replace_beta("server-side-fallback-2026-06-02", "server-side-fallback-2026-07-01"),
        ),
        (
            "fallback-credit-2026-06-01",
            "hint",
            "superseded_name",
            replace_beta("fallback-credit-2026-06-01", "fallback-credit-2026-07-01"),
        ),
        ("mcp-client-2026-09-15", "warning", "needs_beta", add_beta("mcp-client-2025-11-20")),
        ("managed-agents-2026-04-01", "warning", "wrong_endpoint", remove_beta("managed-agents-2026-04-01")),
    ],
)
def test_a_name_in_the_header(name: str, level: str, code: str, fix: Fix):
    finding = one(code, found(None, name))
    assert (finding.level, finding.fix) == (level, fix)
    assert finding.message.endswith((".", "?"))


def test_an_unknown_name_is_told_with_the_day_of_the_catalogue_and_the_nearest_known():
    finding = one("unknown_name", found(None, "web-fetch-2025-09-10"))
    assert str(catalogue_date()) in finding.message
    assert "web-search-2025-03-05" in finding.message


def test_a_misspelt_name_beside_the_right_one_is_only_taken_out():
    finding = one("misspelt_name", found(None, CONTEXT, "context-managment-2025-06-27"))
    assert (finding.fix, finding.other) == (remove_beta("context-managment-2025-06-27"), None)


def test_a_superseded_name_stays_while_the_body_needs_it():
    old = "mcp-client-2025-04-04"
    needing = gated_bodies()["mcp_servers[].tool_configuration"][0]
    assert one("superseded_name", found(needing, old)).fix is None
    assert one("superseded_name", found(BODY, old)).fix == replace_beta(old, "mcp-client-2025-11-20")


def test_names_that_exclude_each_other_are_told():
    finding = one("clashing_names", found(None, "agent-api-2026-03-01", "managed-agents-2026-04-01"))
    assert finding.fix == remove_beta("agent-api-2026-03-01")


def test_too_many_names_are_told():
    assert one("too_many_names", found(None, *(f"a-{n}" for n in range(65)))).fix == remove_beta("a-64")


def test_an_endpoint_that_is_hidden_without_its_beta_says_which():
    finding = one("endpoint_needs_beta", found({}, method="GET", path="/v1/agents"))
    assert finding.fix == add_beta("managed-agents-2026-04-01")
    assert found({}, "managed-agents-2026-04-01", method="GET", path="/v1/agents") == []


def test_a_name_acts_on_messages_and_in_batches_of_them():
    batch = {"requests": [{"custom_id": "a", "params": gated_bodies()["thread"][0]}]}
    findings = found(batch, "message-threads-2026-08-12", path="/v1/messages/batches")
    assert "wrong_endpoint" not in {finding.code for finding in findings}


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        (CONTEXT, insert_example(CONTEXT)),
        ("advisor-tool-2026-03-01", insert_example("advisor-tool-2026-03-01")),
        ("thinking-token-count-2026-05-13", set_field("/stream", True)),
        (INTERLEAVED, set_field("/thinking", {"type": "enabled", "budget_tokens": 1024})),
    ],
)
def test_a_header_without_the_field_that_gives_it_effect(name: str, fix: Fix):
    finding = one("header_without_field", found(body(model="claude-sonnet-4-6", max_tokens=2000), name))
    assert (finding.level, finding.fix) == (Level.WARNING, fix)


def test_a_header_documented_for_other_models():
    sent = body(model="claude-haiku-4-5", output_config={"task_budget": {"type": "tokens", "total": 64_000}})
    assert one("not_for_model", found(sent, "task-budgets-2026-03-13")).level is Level.WARNING


# What stands behind a gate -------------------------------------------------------------------------------------------


def gate_cases() -> list[tuple[str, dict[str, Any], str]]:
    """Every gate with every name that opens it; the first form of MCP had no toolsets, which the sample of its field has."""
    return [
        (path, sent, beta.name)
        for beta in all_betas().values()
        for path in (*beta.gated, *beta.tool_types)
        for sent in gated_bodies().get(path, [])
        if (path, beta.name) != ("mcp_servers", "mcp-client-2025-04-04")
    ]


@pytest.mark.parametrize(
    ("path", "sent", "name"), gate_cases(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_a_beta_gates_is_found_without_its_header_and_not_with_it(path: str, sent: dict[str, Any], name: str):
    closed = [finding for finding in found(sent) if finding.code.startswith("gated")]
    assert closed
    assert {finding.level for finding in closed} == {Level.ERROR}
    needs = all_betas()[name].needs
    assert [finding for finding in found(sent, name, *needs) if finding.code.startswith("gated")] == []


def test_every_gate_of_the_catalogue_is_tried():
    gates = {path for beta in all_betas().values() for path in beta.gated}
    assert gates <= gated_bodies().keys()


def test_one_name_is_offered_once_for_all_that_it_opens():
    edits = [{"type": "clear_tool_uses_20250919"}, {"type": "clear_thinking_20251015"}]
    finding = one("gated_field", found(body(context_management={"edits": edits})))
    assert (finding.fix, finding.other) == (add_beta(CONTEXT), remove_field("/context_management"))
    assert finding.path == "context_management"


def test_the_name_that_opens_most_is_offered():
    finding = one("gated_field", found(body(context_management={"edits": [{"type": "compact_20260112"}]})))
    assert finding.fix == add_beta("compact-2026-01-12")


def test_a_place_is_named_as_the_api_names_it():
    sent = body(thinking={"type": "adaptive", "block_binding": {}})
    assert one("gated_field", found(sent)).path == "thinking.adaptive.block_binding"
    assert one("gated_tool_type", found(gated_bodies()["advisor_20260301"][0])).path == "tools.0"


def test_output_format_is_moved_to_where_it_belongs_now():
    finding = one("gated_field", found(gated_bodies()["output_format"][0]))
    assert finding.fix == move_field("/output_format", "/output_config/format")


def test_what_no_header_opens_here_can_only_be_left_out():
    sent = {
        name: value
        for name, value in gated_bodies()["messages[].content[].type=fallback"][0].items()
        if name != "max_tokens"
    }
    finding = one("gated_value", found(sent, "server-side-fallback-2026-07-01", path=COUNT))
    assert finding.fix == remove_field("/messages/1/content/0")
    assert "count_tokens" in finding.message


def test_in_a_batch_a_place_begins_with_its_request():
    batch = {
        "requests": [
            {"custom_id": str(n), "params": params} for n, params in enumerate([BODY, body(thread={"type": "create"})])
        ]
    }
    finding = one("gated_field", found(batch, path="/v1/messages/batches"))
    assert finding.path == "requests.1.params.thread"
    assert finding.other == remove_field("/requests/1/params/thread")


# Fields --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "level", "code", "path", "fix"),
    [
        ({"max_tokens": None}, "error", "missing_field", "max_tokens", set_field("/max_tokens", 1024)),
        ({"model": None}, "error", "missing_field", "model", set_field("/model", "claude-sonnet-5-5")),
        ({"temprature": 1}, "error", "misspelt_field", "temprature", move_field("/temprature", "/temperature")),
        ({"effort": "low"}, "error", "misplaced_field", "effort", move_field("/effort", "/output_config/effort")),
        ({"prompt": "Hello"}, "warning", "unknown_field", "prompt", remove_field("/prompt")),
        ({"max_tokens": "1024"}, "error", "wrong_type", "max_tokens", set_field("/max_tokens", 1024)),
        ({"stop_sequences": "END"}, "error", "wrong_type", "stop_sequences", remove_field("/stop_sequences")),
        ({"betas": [CONTEXT]}, "error", "betas_in_body", "betas", remove_field("/betas")),
        ({"speed": "fasst"}, "error", "wrong_value", "speed", set_field("/speed", "fast")),
        ({"service_tier": "priority"}, "warning", "wrong_value", "service_tier", remove_field("/service_tier")),
        (
            {"thinking": {"type": "adaptive", "display": "summarised"}},
            "error",
            "wrong_value",
            "thinking.adaptive.display",
            set_field("/thinking/display", "summarized"),
        ),
        (
            {"thinking": {"type": "adaptve"}},
            "error",
            "misspelt_type",
            "thinking",
            set_field("/thinking/type", "adaptive"),
        ),
        (
            {"tools": [{"type": "web_search_20250306", "name": "web_search"}]},
            "error",
            "misspelt_type",
            "tools.0",
            set_field("/tools/0/type", "web_search_20250305"),
        ),
        ({"tools": [{"type": "web_search_20270101"}]}, "warning", "unknown_type", "tools.0", remove_field("/tools/0")),
        (
            {"tools": [{**TOOL, "desciption": "x"}]},
            "error",
            "misspelt_field",
            "tools.0.custom.desciption",
            remove_field("/tools/0/desciption"),
        ),
        (
            {"messages": [{**HELLO, "name": "Ann"}]},
            "warning",
            "unknown_field",
            "messages.0.name",
            remove_field("/messages/0/name"),
        ),
        ({"messages": ["Hello"]}, "error", "wrong_type", "messages.0", remove_field("/messages/0")),
    ],
)
def test_a_field_of_the_body(changes: dict[str, Any], level: str, code: str, path: str, fix: Fix):
    finding = one(code, found(body(**changes)))
    assert (finding.level, finding.path, finding.fix) == (level, path, fix)


def test_what_is_a_persons_own_json_is_left_alone():
    schema = {"type": "object", "properties": {"max_token": {"type": "strng", "cache_control": {"scope": 1}}}}
    call = {"type": "tool_use", "id": "a", "name": "b", "input": {"thread": 1, "cache_control": {"scope": 1}}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": "c"}
    said = [HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert found(body(tools=[{**TOOL, "input_schema": schema}], messages=said)) == []


def test_count_tokens_refuses_what_only_an_answer_needs():
    findings = found(body(stream=True, temperature=1), path=COUNT)
    assert [finding.path for finding in findings if finding.code == "not_counted_field"] == [
        "max_tokens",
        "stream",
        "temperature",
    ]
    assert found({name: value for name, value in BODY.items() if name != "max_tokens"}, path=COUNT) == []


@pytest.mark.parametrize(
    ("changes", "betas", "fix"),
    [
        (
            {"compaction": {"type": "summarize"}, "stop_sequences": ["x"]},
            ("compact-2026-09-04",),
            remove_field("/stop_sequences"),
        ),
        (
            {"compaction": {"type": "summarize"}, "context_management": {"edits": []}},
            ("compact-2026-09-04", CONTEXT),
            remove_field("/context_management"),
        ),
        (
            {
                "compaction": {"type": "summarize"},
                "tools": [TOOL],
                "tool_choice": {"type": "any"},
                "model": "claude-sonnet-4-6",
            },
            ("compact-2026-09-04",),
            remove_field("/tool_choice"),
        ),
        (
            {"fallbacks": "default", "fallback_credit_token": "t"},
            ("server-side-fallback-2026-07-01", "fallback-credit-2026-07-01"),
            remove_field("/fallback_credit_token"),
        ),
    ],
)
def test_fields_that_do_not_go_together(changes: dict[str, Any], betas: tuple[str, ...], fix: Fix):
    finding = one("conflicting_fields", found(body(**changes), *betas))
    assert (finding.level, finding.fix) == (Level.ERROR, fix)


def test_system_messages_conflict_with_themselves_and_not_with_each_other():
    names = ("mid-conversation-system-clear-at-2026-08-21", "mid-conversation-output-config-2026-07-01")
    clear = {"role": "system", "content": "In French.", "clear_at": "never"}
    steer = {"role": "system", "content": [], "output_config": {"effort": "low"}}
    assert found(body(messages=[HELLO, clear, steer]), *names) == []
    assert one("conflicting_fields", found(body(messages=[HELLO, {**clear, **steer}]), *names))


def test_a_compaction_block_may_come_back_under_context_management():
    block = {"type": "compaction", "content": "So far", "encrypted_content": "x"}
    sent = with_blocks("assistant", [block], context_management={"edits": [{"type": "compact_20260112"}]})
    assert found(sent, "compact-2026-01-12") == []


@pytest.mark.parametrize(
    ("changes", "code", "fix"),
    [
        ({"thread": {"type": "continue", "previous_message_id": "m"}, "system": "x"}, "thread_keeps_field", remove_field("/system")),
        ({"thread": {"type": "create"}, "context_management": {"edits": []}}, "thread_unsupported", remove_field("/context_management")),
        ({"billing_policy": {"type": "billing_policy", "bill_to": "user_profile"}}, "profile_header_missing", remove_field("/billing_policy")),
        ({"fallbacks": [{"model": BODY["model"]}]}, "fallback_to_itself", remove_field("/fallbacks/0")),
        ({"container": {"skills": [{}]}}, "skills_without_code", set_field("/tools", [{"type": "code_execution_20260521", "name": "code_execution"}])),
        ({"tools": [TOOL, TOOL]}, "tool_name_twice", remove_field("/tools/1")),
        ({"tools": [{**TOOL, "input_schema": {}}]}, "input_schema_type", set_field("/tools/0/input_schema/type", "object")),
        ({"tool_choice": {"type": "auto"}}, "tool_choice_without_tools", remove_field("/tool_choice")),
        ({"cache_control": {"type": "ephemeral"}, "tools": [{**TOOL, "name": str(n), "cache_control": {"type": "ephemeral"}} for n in range(4)]},
         "too_many_cache_marks", remove_field("/cache_control")),
        ({"messages": []}, "no_messages", None),
        ({"messages": [{"role": "assistant", "content": "Hi"}, HELLO]}, "first_turn", remove_field("/messages/0")),
        ({"messages": [HELLO, {"role": "user", "content": ""}]}, "empty_turn", remove_field("/messages/1")),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "empty_text", remove_field("/messages/0/content/0")),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_in_a_body(changes: dict[str, Any], code: str, fix: Fix | None):
    assert one(code, found(body(**changes))).fix == fix


# Models, versions, limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "level", "code", "fix"),
    [
        ({"model": "claude-opus-55"}, "error", "misspelt_model", set_field("/model", "claude-opus-5-5")),
        ({"model": "claude-opus-6"}, "warning", "unknown_model", set_field("/model", "claude-opus-5")),
        ({"model": "claude-3-opus-20240229"}, "error", "model_retired", set_field("/model", "claude-opus-5-5")),
        ({"model": "claude-sonnet-4-5-20250929"}, "warning", "model_retires_soon", set_field("/model", "claude-sonnet-5-5")),
        ({"thinking": {"type": "disabled"}}, "error", "thinking_type_refused", set_field("/thinking", {"type": "adaptive"})),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000}, "model": "claude-mythos-5-1"},
            "warning",
            "thinking_type_unsure",
            set_field("/thinking", {"type": "adaptive"}),
        ),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000}, "model": "claude-sonnet-4-6"},
            "error",
            "budget_over_max_tokens",
            set_field("/max_tokens", 3024),
        ),
        ({"output_config": {"effort": "max"}, "model": "claude-opus-4-5"}, "error", "effort_refused", set_field("/output_config/effort", "high")),
        ({"output_config": {"effort": "low"}, "model": "claude-haiku-4-5"}, "error", "effort_refused", remove_field("/output_config/effort")),
        (
            {"output_config": {"effort": "max"}, "thinking": {"type": "disabled"}, "model": "claude-opus-5"},
            "warning",
            "effort_without_thinking",
            set_field("/output_config/effort", "high"),
        ),
        ({"speed": "fast", "model": "claude-opus-4-7"}, "error", "no_fast_mode", remove_field("/speed")),
        ({"speed": "fast", "model": "claude-haiku-5-5"}, "warning", "no_fast_mode", remove_field("/speed")),
        ({"speed": "fast", "model": "claude-opus-5"}, "error", "gated_field", add_beta("fast-mode-2026-02-01")),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "error", "forced_tool_refused", set_field("/tool_choice", {"type": "auto"})),
        (
            {"messages": [HELLO, {"role": "assistant", "content": "H"}], "model": "claude-sonnet-5"},
            "error",
            "prefill_refused",
            remove_field("/messages/1"),
        ),
        ({"messages": [HELLO, {"role": "assistant", "content": "H"}]}, "warning", "prefill_refused", remove_field("/messages/1")),
        (
            {"messages": [HELLO, {"role": "system", "content": "x"}], "model": "claude-sonnet-5"},
            "error",
            "system_role_refused",
            remove_field("/messages/1"),
        ),
        ({"max_tokens": 128_001}, "error", "max_tokens_over_limit", set_field("/max_tokens", 128_000)),
        ({"max_tokens": 64_000}, "hint", "long_answer_unstreamed", set_field("/stream", True)),
        ({"max_tokens": 0}, "hint", "max_tokens_zero", None),
        ({"temperature": 1.0}, "error", "parameter_removed", remove_field("/temperature")),
    ],
)  # fmt: skip
def test_a_model_and_what_it_takes(changes: dict[str, Any], level: str, code: str, fix: Fix | None):
    finding = one(code, found(body(**changes)))
    assert (finding.level, finding.fix) == (level, fix)


def test_a_model_ends_on_a_day_that_is_given():
    sent = body(model="claude-sonnet-4-5")
    assert found(sent, today=date(2026, 9, 1)) == []
    assert {finding.code for finding in found(sent, today=date(2026, 11, 29))} == {"model_retires_soon"}
    assert {finding.code for finding in found(sent, today=date(2026, 11, 30))} == {"model_retired"}


def test_the_older_version_takes_sampling_and_the_newer_does_not():
    sent = body(model="claude-sonnet-4-6", temperature=0.3, top_p=0.9)
    assert found(sent, version="2023-06-01") == []
    assert [finding.path for finding in found(sent)] == ["temperature", "top_p"]
    thinking = {**sent, "thinking": {"type": "adaptive"}}
    assert one("temperature_while_thinking", found(thinking, version="2023-06-01")).fix == remove_field("/temperature")


@pytest.mark.parametrize(
    ("version", "code"),
    [("", "missing_version"), ("latest", "malformed_version"), ("2024-01-01", "unknown_version"), ("2023-06-01", None)],
)
def test_an_anthropic_version(version: str, code: str | None):
    assert {finding.code for finding in found(version=version)} == ({code} if code else set())


def test_a_prompt_is_measured_roughly_and_the_message_says_so():
    small, large = (
        body(model="claude-haiku-4-5", messages=[{"role": "user", "content": "x" * size}])
        for size in (690_000, 2_000_000)
    )
    near = one("context_exceeded", found({**small, "max_tokens": 10_000}))
    assert "about 197,000 tokens (estimated at 3.5 characters each)" in near.message
    assert near.level is Level.WARNING
    assert one("prompt_too_long", found(large)).level is Level.ERROR
    assert found(body(model="claude-haiku-4-5", messages=[{"role": "user", "content": "x" * 600_000}])) == []


def test_thinking_between_calls_may_spend_more_than_one_answer():
    sent = body(model="claude-sonnet-4-6", thinking={"type": "enabled", "budget_tokens": 2000})
    assert one("budget_over_max_tokens", found(sent, INTERLEAVED)).level is Level.WARNING


def test_a_body_that_is_no_object_is_told_and_one_that_is_not_there_is_not():
    assert [finding.code for finding in found([1, 2])] == ["body_no_object"]
    column = ColumnRequest("A", betas=(CONTEXT,), body=None)
    assert preflight([column], today=TODAY) == [[]]


# Batches and columns -------------------------------------------------------------------------------------------------


def test_in_a_batch_nothing_streams_and_more_may_be_written():
    params = body(max_tokens=300_000, stream=True, fallbacks="default")
    findings = found(
        {"requests": [{"custom_id": "a", "params": params}]}, "output-300k-2026-03-24", path="/v1/messages/batches"
    )
    codes = Counter(finding.code for finding in findings)
    assert codes["not_in_batches"] == 2
    assert codes["max_tokens_over_limit"] == 0
    findings = found({"requests": [{"custom_id": "a", "params": params}]}, path="/v1/messages/batches")
    assert one("max_tokens_over_limit", findings).path == "requests.0.params.max_tokens"


def columns(*bodies: dict[str, Any]) -> list[list[Finding]]:
    return preflight([ColumnRequest(str(number), body=sent) for number, sent in enumerate(bodies)], today=TODAY)


def cached(text: str = "house rules " * 300, **changes: Any) -> dict[str, Any]:
    return body(system=[{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}], **changes)


def test_columns_that_share_a_cache_are_told_to_keep_apart():
    first, second, third = columns(cached(), cached(max_tokens=500), cached(model="claude-opus-5"))
    assert one("shared_cache", first).fix == one("shared_cache", second).fix == separate_caches()
    assert third == []


def test_a_mark_inside_a_result_counts():
    inner = {"type": "text", "text": "found " * 600, "cache_control": {"type": "ephemeral"}}
    call = {"type": "tool_use", "id": "a", "name": "get_time", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [inner]}
    said = [HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    first, second = columns(body(tools=[TOOL], messages=said), body(tools=[TOOL], messages=said))
    assert {finding.code for finding in (*first, *second)} == {"shared_cache"}


def test_columns_with_prefixes_of_their_own_share_no_cache():
    assert columns(cached(), cached("[separate cache B]\n" + "house rules " * 300)) == [[], []]
    assert columns(cached("short"), cached("short")) == [[], []]
    assert columns(body(), body()) == [[], []]


def test_what_stands_most_in_the_way_comes_first_and_each_thing_is_said_once():
    findings = found(body(temperature=1, max_tokens=50_000), "no-such-thing-2026-01-01", "prompt-caching-2024-07-31")
    assert [finding.level for finding in findings] == ["error", "warning", "hint", "hint"]
    batch = {"requests": [{"custom_id": str(n), "params": gated_bodies()["mcp_servers"][0]} for n in range(9)]}
    assert len([each for each in found(batch, path="/v1/messages/batches") if each.code.startswith("gated")]) == 1


# Real requests -------------------------------------------------------------------------------------------------------

# A request that got a 200 in 2024, when ids of results were not compared with those of calls.
BEFORE_IDS_WERE_CHECKED = {"rx_2fb18a38d112b43b": {"result_without_call", "call_without_result"}}
# Where no request headers were recorded, the betas that were sent are not known; without them a server needs a toolset.
HEADERS_UNKNOWN = {"gated_field", "gated_value", "gated_tool_type", "mcp_toolset_missing"}


def accepted() -> list[dict[str, Any]]:
    """The recorded requests that got a 200 and of which the body is known."""
    return [row for row in exchanges() if row["response"]["status"] == 200 and _is_known(row["request"])]


def _is_known(request: dict[str, Any]) -> bool:
    is_upload = isinstance(request["body"], dict) and "_multipart" in request["body"]
    return not is_upload and (request["body"] is not None or request["method"] != "POST")


def excused(row: dict[str, Any]) -> set[str]:
    unknown = "request_headers_not_recorded" in row["tags"]
    return BEFORE_IDS_WERE_CHECKED.get(row["id"], set()) | (HEADERS_UNKNOWN if unknown else set())


def of_a_recording(row: dict[str, Any]) -> list[Finding]:
    """Its findings on a day when its model was alive."""
    request = row["request"]
    headers, sent = request["headers"], request["body"]
    column = ColumnRequest(
        label=row["id"],
        method=request["method"],
        path=request["path"],
        betas=parse_betas(headers.get("anthropic-beta", "")),
        version=headers.get("anthropic-version", "2023-06-01"),
        body=sent,
        is_stream=isinstance(sent, dict) and sent.get("stream") is True,
    )
    return preflight([column], today=date(2024, 1, 1))[0]


def test_no_recorded_request_that_was_answered_is_called_an_error():
    rows = accepted()
    assert len(rows) > 600 or not rows
    wrong = [
        (row["id"], finding.code, finding.message)
        for row in rows
        for finding in of_a_recording(row)
        if finding.level is Level.ERROR and finding.code not in excused(row)
    ]
    assert wrong == []


def test_every_exception_is_needed():
    errors = {row["id"]: {finding.code for finding in of_a_recording(row)} for row in accepted()}
    assert all(codes <= errors[ident] for ident, codes in BEFORE_IDS_WERE_CHECKED.items() if errors)
    assert not errors or set().union(*errors.values()) >= HEADERS_UNKNOWN


# Anything at all -----------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        *(
            "messages",
            "content",
            "type",
            "role",
            "tools",
            "text",
            "input_schema",
            "thinking",
            "cache_control",
            "system",
        ),
        *("requests", "params", "fallbacks", "edits", "context_management", "output_config", "tool_choice", "format"),
        *("url", "name", "max_tokens", "model", "custom_id", "mcp_servers", "effort"),
    ]
)
WORDS = st.sampled_from(
    [
        *(
            "user",
            "assistant",
            "system",
            "text",
            "tool_use",
            "tool_result",
            "custom",
            "enabled",
            "adaptive",
            "ephemeral",
        ),
        *("claude-sonnet-5", "claude-haiku-4-5", "any", "tool", "compaction", "fallback", "clear_thinking_20251015"),
        *("mcp_toolset", "advisor_20260301", "2026-10-21"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=6), inner, max_size=6),
    max_leaves=40,
)
BETAS = st.lists(st.sampled_from(sorted(all_betas())) | st.text(max_size=12), max_size=5).map(tuple)
PATHS = st.sampled_from(["/v1/messages", COUNT, "/v1/messages/batches", "/v1/agents", "/v1/files", "/"])


@settings(max_examples=200, deadline=None)
@given(
    sent=JSON | st.dictionaries(NAMES, JSON),
    betas=BETAS,
    path=PATHS,
    version=st.text(max_size=10) | st.just("2026-10-21"),
)
def test_any_json_and_any_names_have_findings_and_never_an_error_of_ours(
    sent: Any, betas: tuple[str, ...], path: str, version: str
):
    column = ColumnRequest("A", "POST", path, betas, version, sent, is_stream=True)
    for findings in preflight([column, column], today=TODAY):
        for finding in findings:
            assert finding.code
            assert finding.message
            if finding.fix:
                assert finding.fix.as_json()["action"]


MEGABYTES = {
    "one long text": body(messages=[{"role": "user", "content": "x" * 10_000_000}]),
    "many messages": body(
        messages=[{"role": ("user", "assistant")[n % 2], "content": "hello"} for n in range(250_000)]
    ),
    "many blocks": body(
        messages=[{"role": "user", "content": [{"type": "text", "text": "hello there"} for _ in range(200_000)]}]
    ),
    "many tools": body(tools=[{**TOOL, "name": f"t{n}"} for n in range(100_000)]),
    "a large schema": body(
        tools=[{**TOOL, "input_schema": {"type": "object", "properties": {f"p{n}": {} for n in range(500_000)}}}]
    ),
    "many fields": {f"field{n}": {} for n in range(400_000)},
}


@pytest.mark.parametrize("sent", MEGABYTES.values(), ids=MEGABYTES.keys())
def test_a_body_of_ten_megabytes_takes_a_moment(sent: dict[str, Any]):
    def once() -> float:
        start = time.process_time()
        found(sent, CONTEXT)
        return time.process_time() - start

    assert min(once() for _ in range(3)) < 1  # a tenth of it and less here
