"""System messages among the messages: what they say, for how long, how hard the model tries, and which tools it has."""

import statistics

import pytest

from betaconsole.simulator.effects import CLEAR_AT, INLINE_TOOLS, OUTPUT_CONFIG, TOOL_CHANGES

from .talk import ask, say

ASK = {"role": "user", "content": "What time is it in Oslo now?"}
FRENCH = {"role": "system", "content": "Answer in French."}
CLOCK = {
    "name": "get_time",
    "description": "The time in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
REFERENCE = {"type": "tool_reference", "name": "get_time"}
SERVER = {"type": "url", "url": "https://example.com/mcp", "name": "clocks"}
TOOLSET = {"type": "mcp_toolset", "mcp_server_name": "clocks"}


def sent(simulator, messages, *betas, repeat=1, **changes):
    with simulator.dial(repeat=repeat) as sock:
        body = ask(messages=messages, **changes)
        return say(sock, body, **({"anthropic_beta": ",".join(betas)} if betas else {}))


def answered(*args, **kwargs):
    reply = sent(*args, **kwargs)
    assert reply.status == 200, reply.body
    return reply.json


def change(kind, tool=REFERENCE):
    return {"role": "system", "content": [{"type": kind, "tool": tool}]}


def called(message):
    return [block["name"] for block in message["content"] if block["type"].endswith("tool_use")]


def test_a_system_message_is_taken_up_without_any_header(simulator):
    assert "Answer in French." in answered(simulator, [ASK, FRENCH])["content"][0]["text"]
    reply = sent(simulator, [ASK, FRENCH], model="claude-sonnet-5")
    assert reply.message == "role 'system' is not supported on this model"


def test_a_message_with_clear_at_is_gone_when_the_next_user_message_comes(simulator):
    cleared = {**FRENCH, "clear_at": "next_user_message"}
    now = answered(simulator, [ASK, cleared], CLEAR_AT)
    assert "Answer in French." in now["content"][0]["text"]
    turn = {"role": "assistant", "content": "Il est midi."}
    later = answered(simulator, [ASK, cleared, turn, ASK], CLEAR_AT)
    without = answered(simulator, [ASK, turn, ASK])
    kept = answered(simulator, [ASK, {**FRENCH, "clear_at": "never"}, turn, ASK], CLEAR_AT)
    assert later["usage"]["input_tokens"] == without["usage"]["input_tokens"] < kept["usage"]["input_tokens"]
    assert "French" not in later["content"][0]["text"]
    assert sent(simulator, [ASK, cleared]).message == "messages.1.clear_at: Extra inputs are not permitted"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({**FRENCH, "clear_at": "tomorrow"}, "messages.1.clear_at: Input should be 'next_user_message' or 'never'"),
        (
            {**FRENCH, "clear_at": "never", "output_config": {"effort": "low"}},
            "messages.1.clear_at: cannot be combined with `output_config`",
        ),
        (
            {
                **FRENCH,
                "clear_at": "never",
                "content": [{"type": "text", "text": "Hm.", "cache_control": {"type": "ephemeral"}}],
            },
            "messages.1.clear_at: cannot be combined with `cache_control`",
        ),
        ({"role": "system", "content": []}, "messages.1: system messages must have content or `output_config`"),
        (
            {"role": "system", "content": [{"type": "image", "source": {"type": "url", "url": "https://example.com"}}]},
            "messages.1.content.0: `image` blocks are not permitted in system messages",
        ),
        ({"role": "user", "content": "x", "clear_at": "never"}, "messages.1.clear_at: Extra inputs are not permitted"),
    ],
)
def test_a_system_message_that_does_not_fit_is_refused(simulator, message, text):
    assert sent(simulator, [ASK, message], CLEAR_AT, OUTPUT_CONFIG).message == text


def test_an_empty_system_message_sets_the_effort_from_there_on(simulator):
    def lengths(effort):
        steered = {"role": "system", "content": [], "output_config": {"effort": effort}}
        answers = [
            answered(simulator, [ASK, steered], OUTPUT_CONFIG, repeat=repeat, model="claude-opus-5-5")
            for repeat in range(12)
        ]
        return statistics.mean(each["usage"]["output_tokens_details"]["thinking_tokens"] for each in answers)

    assert lengths("max") > 4 * lengths("low")
    reply = sent(simulator, [ASK, {"role": "system", "content": [], "output_config": {"effort": "low"}}])
    assert reply.message == "messages.1.output_config: Extra inputs are not permitted"


def test_a_removed_tool_is_not_called_and_an_added_one_is(simulator):
    assert called(answered(simulator, [ASK], tools=[CLOCK])) == ["get_time"]
    removed = [ASK, change("tool_removal")]
    assert called(answered(simulator, removed, TOOL_CHANGES, tools=[CLOCK])) == []
    added = [*removed, change("tool_addition")]
    assert called(answered(simulator, added, TOOL_CHANGES, tools=[CLOCK])) == ["get_time"]
    deferred = {**CLOCK, "defer_loading": True}
    assert called(answered(simulator, [ASK], tools=[deferred])) == []
    added = [ASK, change("tool_addition")]
    assert called(answered(simulator, added, TOOL_CHANGES, tools=[deferred])) == ["get_time"]
    reply = sent(simulator, removed, tools=[CLOCK])
    assert reply.message.startswith("messages.1.content.0: Input tag 'tool_removal' found using 'type'")


def test_a_tool_may_be_defined_where_it_is_added(simulator):
    inline = change("tool_addition", {"type": "tool_definition", "definition": CLOCK})
    assert called(answered(simulator, [ASK, inline], INLINE_TOOLS)) == ["get_time"]
    gone = [ASK, inline, change("tool_removal")]
    assert called(answered(simulator, gone, INLINE_TOOLS)) == []
    reply = sent(simulator, [ASK, inline], TOOL_CHANGES)
    assert reply.message.startswith("messages.1.content.0.tool_addition.tool: Input tag 'tool_definition' found using")


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([ASK, change("tool_removal", {**REFERENCE, "name": "get_date"})], "tool_reference_unresolved"),
        ([ASK, change("tool_addition", {**REFERENCE, "name": "get_date"})], "tool_reference_unresolved"),
        (
            [ASK, change("tool_removal", {"type": "mcp_toolset_reference", "server_name": "other"})],
            "tool_reference_unresolved",
        ),
        (
            [
                ASK,
                change(
                    "tool_addition",
                    {"type": "tool_definition", "definition": {"type": "bash_20250124", "name": "get_time"}},
                ),
            ],
            "tool_name_conflict",
        ),
    ],
)
def test_a_change_that_refers_to_nothing_or_takes_a_name_is_refused_with_its_code(simulator, messages, code):
    reply = sent(simulator, messages, TOOL_CHANGES, INLINE_TOOLS, tools=[CLOCK])
    assert (reply.status, reply.json["error"]["details"]) == (400, {"error_code": code})


def test_tools_of_mcp_servers_come_and_go_one_by_one(simulator):
    def used(*changes):
        message = answered(
            simulator,
            [{"role": "user", "content": "Search the clocks."}, *changes],
            *(TOOL_CHANGES, "mcp-client-2025-11-20"),
            mcp_servers=[SERVER],
            tools=[TOOLSET],
        )
        return called(message)

    one = {"type": "mcp_tool_reference", "server_name": "clocks", "name": "search"}
    all_of_them = {"type": "mcp_toolset_reference", "server_name": "clocks"}
    assert used() == ["search"]
    assert used(change("tool_removal", one)) == ["read"]
    assert used(change("tool_removal", all_of_them)) == []
    assert used(change("tool_removal", all_of_them), change("tool_addition", one)) == ["search"]


def test_a_change_of_tools_leaves_the_cached_prefix_valid(simulator):
    system = [{"type": "text", "text": "Rules. " * 2000, "cache_control": {"type": "ephemeral"}}]
    first = answered(simulator, [ASK], tools=[CLOCK], system=system)
    changed = answered(simulator, [ASK, change("tool_removal")], TOOL_CHANGES, tools=[CLOCK], system=system)
    written = first["usage"]["cache_creation_input_tokens"]
    assert changed["usage"]["cache_read_input_tokens"] == written > 0


def test_the_sdk_sends_all_of_it(client):
    inline = change("tool_addition", {"type": "tool_definition", "definition": CLOCK})
    asked = {
        "model": "claude-opus-5-5",
        "max_tokens": 2000,
        "messages": [
            ASK,
            {**FRENCH, "clear_at": "next_user_message"},
            inline,
            {"role": "system", "content": [], "output_config": {"effort": "low"}},
        ],
        "betas": [CLEAR_AT, INLINE_TOOLS, OUTPUT_CONFIG],
        "extra_headers": {"x-simulator": "repeat=1"},
    }
    whole = client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert whole.content[-1].name == "get_time"
