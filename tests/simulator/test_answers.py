"""What answers hold: text, tools, limits, caching, and the same answer for the same request and repeat."""

import json
import re
import statistics

import pytest

from .talk import ask, read, say, write

TOOLS = [
    {
        "name": "get_time",
        "description": "Local time in a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
    {
        "name": "find_flights",
        "description": "Flights to a city",
        "input_schema": {"type": "object", "properties": {"to": {"type": "string"}}},
    },
]


@pytest.fixture
def sock(simulator):
    with simulator.dial() as sock:
        yield sock


def texts(message):
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")


def test_the_same_request_and_repeat_give_the_same_bytes(simulator):
    with simulator.dial(repeat=3) as one, simulator.dial(repeat=3) as two:
        first, second = say(one, ask(stream=True)), say(two, ask(stream=True))
    assert first.body == second.body
    assert first.lasting_headers == second.lasting_headers


@pytest.mark.parametrize(
    "body", [ask(), ask(stream=True), ask(model="no-such-model")], ids=["json", "stream", "refused"]
)
def test_every_answer_has_a_request_id_of_its_own_even_to_the_same_request_and_repeat(simulator, body):
    replies = []
    for _ in range(3):
        with simulator.dial(repeat=3) as sock:
            replies.append(say(sock, body))
    idents = {reply.headers["request-id"] for reply in replies}
    assert len(idents) == 3
    assert all(re.fullmatch(r"req_01[1-9A-HJ-NP-Za-km-z]{22}", ident) for ident in idents)


def test_a_dialled_repeat_a_header_and_a_directive_name_the_same_repeat(simulator, sock):
    with simulator.dial(repeat=2) as dialled:
        wanted = say(dialled, ask()).json
    assert say(sock, ask(), x_simulator="repeat=2").json == wanted


def test_repeats_are_counted_where_nobody_names_one(simulator, sock):
    counted = [say(sock, ask()).json["content"] for _ in range(3)]
    with simulator.dial(repeat=2) as dialled:
        assert say(dialled, ask()).json["content"] == counted[1]
    assert counted[0] != counted[1] != counted[2]


def test_repeats_vary_by_about_an_eighth_in_length(simulator):
    lengths = []
    for repeat in range(60):
        with simulator.dial(repeat=repeat) as sock:
            lengths.append(say(sock, ask()).json["usage"]["output_tokens"])
    assert 0.08 < statistics.stdev(lengths) / statistics.mean(lengths) < 0.17


def test_a_beta_without_effect_gives_other_noise_but_the_same_mean(simulator):
    without, with_beta = [], []
    for repeat in range(80):
        with simulator.dial(repeat=repeat) as sock:
            without.append(say(sock, ask()).json["usage"]["output_tokens"])
            reply = say(sock, ask(), anthropic_beta="files-api-2025-04-14")
            with_beta.append(reply.json["usage"]["output_tokens"])
    assert abs(statistics.correlation(without, with_beta)) < 0.3
    assert abs(statistics.mean(without) - statistics.mean(with_beta)) < 0.06 * statistics.mean(without)


def test_a_long_answer_can_be_asked_for(sock):
    tokens = say(sock, ask(max_tokens=20_000), x_simulator="tokens=5000").json["usage"]["output_tokens"]
    assert 3000 < tokens < 8000


def test_a_greeting_is_greeted(sock):
    assert len(texts(say(sock, ask(messages=[{"role": "user", "content": "Hello!"}])).json)) < 120


def test_a_short_max_tokens_cuts_the_answer(sock):
    message = say(sock, ask(max_tokens=20)).json
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("max_tokens", 20)


def test_thinking_alone_can_use_up_max_tokens(sock):
    message = say(sock, ask(model="claude-opus-5-5", max_tokens=16)).json
    assert [block["type"] for block in message["content"]] == ["thinking"]
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("max_tokens", 16)


def test_max_tokens_of_zero_writes_nothing(sock):
    message = say(sock, ask(max_tokens=0)).json
    assert (message["content"], message["usage"]["output_tokens"]) == ([], 0)


def test_a_stop_sequence_ends_the_answer_before_it(sock):
    message = say(sock, ask(stop_sequences=["\n\n"])).json
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "\n\n")
    assert "\n\n" not in texts(message)


def test_a_stop_word_that_the_prompt_asks_for_is_met(sock):
    body = ask(stop_sequences=["DONE"], messages=[{"role": "user", "content": "List three trees and finish with DONE"}])
    assert say(sock, body).json["stop_sequence"] == "DONE"


def test_two_tools_are_called_one_turn_after_the_other_and_then_comes_text(sock):
    messages = [{"role": "user", "content": "What is the local time in Oslo, and which flights go there?"}]
    called = []
    for _ in range(4):
        message = say(sock, ask(messages=messages, tools=TOOLS)).json
        uses = [block for block in message["content"] if block["type"] == "tool_use"]
        if not uses:
            break
        assert message["stop_reason"] == "tool_use"
        called += [use["name"] for use in uses]
        results = [{"type": "tool_result", "tool_use_id": use["id"], "content": "fine"} for use in uses]
        messages += [{"role": "assistant", "content": message["content"]}, {"role": "user", "content": results}]
    assert sorted(called) == ["find_flights", "get_time"]
    assert message["stop_reason"] == "end_turn"


def test_tool_choice_decides_which_tool_or_none(sock):
    chosen = say(sock, ask(tools=TOOLS, tool_choice={"type": "tool", "name": "find_flights"})).json
    assert [block["name"] for block in chosen["content"]] == ["find_flights"]
    assert say(sock, ask(tools=TOOLS, tool_choice={"type": "none"})).json["stop_reason"] == "end_turn"


def test_client_tools_of_the_api_are_called_with_their_own_input(sock):
    message = say(sock, ask(tools=[{"type": "bash_20250124", "name": "bash"}])).json
    assert message["content"][-1]["input"] == {"command": "ls -la"}


def test_a_result_that_failed_is_said_to_have_failed(sock):
    use = {"type": "tool_use", "id": "toolu_1", "name": "get_time", "input": {"city": "Oslo"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no clock", "is_error": True}
    messages = [
        {"role": "user", "content": "What time is it?"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    assert "get_time failed: no clock" in texts(say(sock, ask(messages=messages, tools=TOOLS[:1])).json)


def test_a_marked_prefix_is_written_once_and_then_read(sock):
    system = [{"type": "text", "text": "A long policy. " * 600, "cache_control": {"type": "ephemeral"}}]
    first, second = (say(sock, ask(system=system)).json["usage"] for _ in range(2))
    assert first["cache_creation_input_tokens"] > 1024
    assert first["cache_creation"]["ephemeral_5m_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["cache_creation_input_tokens"] == 0
    assert second["input_tokens"] == first["input_tokens"] < 100


def test_another_key_or_another_model_does_not_read_the_cache(sock):
    system = [{"type": "text", "text": "A long policy. " * 600, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    assert say(sock, ask(system=system)).json["usage"]["cache_creation"]["ephemeral_1h_input_tokens"] > 1024
    stranger = say(sock, ask(system=system), x_api_key="sk-ant-other").json["usage"]
    other_model = say(sock, ask(system=system, model="claude-sonnet-5")).json["usage"]
    assert stranger["cache_read_input_tokens"] == other_model["cache_read_input_tokens"] == 0


def test_a_growing_conversation_reads_what_the_last_turn_wrote(sock):
    marker = {"cache_control": {"type": "ephemeral"}}
    messages = [{"role": "user", "content": "Remember this. " * 500}]
    first = say(sock, ask(messages=messages, **marker)).json["usage"]
    messages += [{"role": "assistant", "content": "Noted."}, {"role": "user", "content": "And now this."}]
    second = say(sock, ask(messages=messages, **marker)).json["usage"]
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"] > 1024
    assert 0 < second["cache_creation_input_tokens"] < 50


def test_a_short_prefix_is_not_cached(sock):
    usage = say(sock, ask(cache_control={"type": "ephemeral"})).json["usage"]
    assert usage["cache_creation_input_tokens"] == 0


def test_requests_of_one_moment_all_pay_for_the_cache(simulator):
    system = [{"type": "text", "text": "A long policy. " * 600, "cache_control": {"type": "ephemeral"}}]
    with simulator.dial() as one, simulator.dial() as two:
        for sock in (one, two):
            write(sock, ask(system=system), x_simulator="ttft_ms=200; jitter=0")
        together = [read(sock).json["usage"] for sock in (one, two)]
        later = say(one, ask(system=system)).json["usage"]
    assert [usage["cache_read_input_tokens"] for usage in together] == [0, 0]
    assert later["cache_read_input_tokens"] == together[0]["cache_creation_input_tokens"] > 1024


SCHEMAS = {
    "nested": {
        "type": "object",
        "properties": {"a": {"type": "object", "properties": {"b": {"type": "boolean"}}, "required": ["b"]}},
        "required": ["a"],
    },
    "enum": {"type": "object", "properties": {"kind": {"enum": ["one", "two"]}}, "required": ["kind"]},
    "const": {"type": "object", "properties": {"kind": {"const": 7}}, "required": ["kind"]},
    "list": {
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"type": "string"}, "minItems": 4}},
        "required": ["tags"],
    },
    "reference": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
                "required": ["next"],
            }
        },
        "$ref": "#/$defs/node",
    },
    "pattern": {
        "type": "object",
        "properties": {"plate": {"type": "string", "pattern": "^[A-Z]{2}-\\d{3,5}$"}},
        "required": ["plate"],
    },
    "null or text": {"type": "object", "properties": {"note": {"type": ["string", "null"]}}, "required": ["note"]},
    "whole numbers": {
        "type": "object",
        "properties": {"n": {"type": "integer", "exclusiveMinimum": 3, "maximum": 5}},
        "required": ["n"],
    },
    "steps": {
        "type": "object",
        "properties": {"n": {"type": "number", "multipleOf": 0.5, "minimum": 1, "maximum": 2}},
        "required": ["n"],
    },
    "date": {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}, "required": ["day"]},
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"b": {"type": "string"}}, "required": ["b"]},
        ]
    },
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_structured_output_fits_its_schema(simulator, schema):
    wanted = {"format": {"type": "json_schema", "schema": schema}}
    for repeat in range(8):
        with simulator.dial(repeat=repeat) as sock:
            value = json.loads(texts(say(sock, ask(output_config=wanted)).json))
        assert fits(value, schema, schema), value


def test_a_schema_that_nothing_fits_is_refused(sock):
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5, "maximum": 4}}, "required": ["n"]}
    reply = say(sock, ask(output_config={"format": {"type": "json_schema", "schema": schema}}))
    assert reply.status == 400
    assert reply.message.startswith("output_config.format.schema")


def fits(value, schema, root):
    """A small checker of the schema words used above, written apart from the sampler."""
    import re

    if "$ref" in schema:
        return fits(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    checks = [fits(value, part, root) for part in schema.get("allOf", [])]
    if "anyOf" in schema:
        checks.append(any(fits(value, part, root) for part in schema["anyOf"]))
    checks += [value in schema["enum"]] if "enum" in schema else []
    checks += [value == schema["const"]] if "const" in schema else []
    kinds = schema.get("type", [])
    names = {
        str: "string",
        bool: "boolean",
        int: "integer",
        float: "number",
        dict: "object",
        list: "array",
        type(None): "null",
    }
    kind = names[type(value)]
    if kinds:
        checks.append(kind in kinds or (kind == "integer" and "number" in kinds))
    if isinstance(value, dict):
        checks += [name in value for name in schema.get("required", [])]
        checks += [
            fits(value[name], inner, root) for name, inner in schema.get("properties", {}).items() if name in value
        ]
    if isinstance(value, list):
        checks += [len(value) >= schema.get("minItems", 0), all(fits(item, schema["items"], root) for item in value)]
    if kind in ("integer", "number"):
        checks += [value >= schema.get("minimum", value), value <= schema.get("maximum", value)]
        checks += [value > schema.get("exclusiveMinimum", value - 1), value % schema.get("multipleOf", value or 1) == 0]
    if "pattern" in schema:
        checks.append(re.search(schema["pattern"], value) is not None)
    if schema.get("format") == "date":
        checks.append(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None)
    return all(checks)
