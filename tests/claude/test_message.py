import json
import time
from operator import itemgetter
from typing import Any

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.claude.blocks import _READERS, Block
from betaconsole.claude.message import Accumulator, Change, blocks, text_of
from betaconsole.claude.sse import Event, Parser
from tests.cases import hold_for
from tests.recorded import messages, streams
from tests.upstream import Peer, Upstream, head

# The stable client has no fields for these and drops them or their deltas; the beta client is asked instead.
BETA_ONLY = {"mdtop:context_management", "usage:iterations", "delta:compaction_delta", "block:mcp_tool_use"}


def gather(stream: bytes) -> Accumulator:
    gathered = Accumulator()
    for event in Parser().feed(stream):
        gathered.add(event)
    return gathered


def bare(value: Any) -> Any:
    """Without members that are null or that the SDK adds (`parsed_output`)."""
    if isinstance(value, dict):
        return {name: bare(inner) for name, inner in value.items() if inner is not None and name != "parsed_output"}
    return [bare(inner) for inner in value] if isinstance(value, list) else value


class Sdk:
    """The official SDK, asking a socket that answers with one given stream."""

    def __init__(self) -> None:
        self._stream = b""
        self._upstream = Upstream(self._answer)

    def __enter__(self) -> "Sdk":
        self._upstream.__enter__()
        self._client = anthropic.Anthropic(base_url=self._upstream.url, api_key="k", max_retries=0)
        return self

    def __exit__(self, *raised: Any) -> None:
        self._client.close()
        self._upstream.__exit__(*raised)

    def accumulate(self, stream: bytes, *, beta: bool) -> Any:
        self._stream = stream
        asked = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
        api = self._client.beta.messages if beta else self._client.messages
        with api.stream(**asked) as answer:
            return answer.get_final_message().to_dict(mode="json", warnings=False)

    def _answer(self, peer: Peer) -> None:
        peer.read_request()
        peer.send(head(200, "content-type: text/event-stream; charset=utf-8", "connection: close") + self._stream)


@pytest.fixture(scope="module")
def sdk():
    with Sdk() as client:
        yield client


def test_a_recorded_stream_adds_up_to_the_message_the_sdk_makes_of_it(sdk):
    hold_for(streams(), lambda row: adds_up(sdk, row), name=itemgetter("id"))


def adds_up(sdk, row):
    body = row["response"]["body_text"].encode()
    message = bare(gather(body).message)
    assert message == bare(sdk.accumulate(body, beta=True))
    if BETA_ONLY.isdisjoint(row["tags"]):
        assert message == bare(sdk.accumulate(body, beta=False))


def stream(*events: dict[str, Any] | str) -> bytes:
    """A stream of these events; a text stands for the data of an event whose JSON is to be odd."""
    frames = [
        f"data: {event}\n\n" if isinstance(event, str) else f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        for event in events
    ]
    return "".join(frames).encode()


def start(**fields: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [], **fields}
    return {
        "type": "message_start",
        "message": {"stop_reason": None, "usage": {"input_tokens": 5, "output_tokens": 1}, **message},
    }


def opened(index: Any, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: Any, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def closed(index: Any) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def ended(stop_reason: str | None = "end_turn", usage: Any = None, **fields: Any) -> dict[str, Any]:
    named = {"stop_reason": stop_reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": named, "usage": usage or {"output_tokens": 9}, **fields}


STOP = {"type": "message_stop"}
TEXT = [
    opened(0, type="text", text=""),
    delta(0, "text_delta", text="Hi"),
    delta(0, "text_delta", text=" there"),
    closed(0),
]

LIKE_THE_SDK = {
    "usage overwrites, null leaves what was there": [
        start(usage={"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": 7, "service_tier": "standard"}),
        ended(usage={"output_tokens": 4, "cache_read_input_tokens": None}),
        ended(usage={"output_tokens": 9, "input_tokens": 6, "server_tool_use": {"web_search_requests": 2}}),
        STOP,
    ],
    "usage iterations": [
        start(),
        *TEXT,
        ended(usage={"output_tokens": 9, "iterations": [{"type": "message", "input_tokens": 1, "output_tokens": 2}]}),
        ended(usage={"output_tokens": 9, "iterations": [{"type": "compaction", "input_tokens": 3, "output_tokens": 4}]}),
        STOP,
    ],
    "context management and input transformations": [
        start(),
        *TEXT,
        ended(context_management={"applied_edits": []}, input_transformations=[]),
        ended(context_management=None),
        STOP,
    ],
    "a fallback names the model that goes on": [
        start(),
        opened(0, type="fallback", **{"from": {"model": "claude-x"}, "to": {"model": "claude-y"}}),
        closed(0),
        opened(1, type="text", text=""),
        delta(1, "text_delta", text="as y"),
        closed(1),
        ended(),
        STOP,
    ],
    "compaction replaces": [
        start(),
        opened(0, type="compaction", content=None),
        delta(0, "compaction_delta", content="first", encrypted_content="e1"),
        delta(0, "compaction_delta", content="second", encrypted_content=None),
        closed(0),
        ended("compaction"),
        STOP,
    ],
    "a signature replaces, redacted thinking comes whole": [
        start(),
        opened(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="let me "),
        delta(0, "thinking_delta", thinking="see", estimated_tokens=4),
        delta(0, "signature_delta", signature="one"),
        delta(0, "signature_delta", signature="two"),
        closed(0),
        opened(1, type="redacted_thinking", data="xyz"),
        closed(1),
        ended(),
        STOP,
    ],
    "an input cut off by max_tokens": [
        start(),
        opened(0, type="tool_use", id="toolu_1", name="f", input={}),
        delta(0, "input_json_delta", partial_json=""),
        delta(0, "input_json_delta", partial_json='{"a": [1, 2.5, "x"], "b": {"c": tr'),
        ended("max_tokens"),
        STOP,
    ],
    "a tool without input": [
        start(),
        opened(0, type="mcp_tool_use", id="m", name="f", server_name="s", input={}),
        delta(0, "input_json_delta", partial_json=""),
        closed(0),
        ended("tool_use"),
        STOP,
    ],
    "citations": [
        start(),
        opened(0, type="text", text="", citations=[]),
        delta(0, "citations_delta", citation={"type": "char_location", "cited_text": "a", "document_index": 0}),
        delta(0, "text_delta", text="t"),
        delta(0, "citations_delta", citation={"type": "char_location", "cited_text": "b", "document_index": 1}),
        closed(0),
        ended(),
        STOP,
    ],
    "unknown events and pings between": [start(), {"type": "ping"}, {"type": "news", "x": 1}, *TEXT, ended(), STOP],
    "all in message_start": [start(content=[{"type": "text", "text": "whole"}], stop_reason="end_turn"), STOP],
    "a second message_start": [start(), *TEXT, start(id="msg_2"), ended(), STOP],
    "no message_stop": [start(), *TEXT],
    "a delta after the block has ended": [start(), *TEXT, delta(0, "text_delta", text="!"), ended(), STOP],
}  # fmt: skip


@pytest.mark.parametrize("events", LIKE_THE_SDK.values(), ids=LIKE_THE_SDK.keys())
def test_what_the_recordings_lack_adds_up_as_in_the_sdk_too(sdk, events):
    body = stream(*events)
    assert bare(gather(body).message) == bare(sdk.accumulate(body, beta=True))


pieces = st.lists(st.text(max_size=5), max_size=4)
plain_blocks = st.tuples(
    st.sampled_from(["text", "thinking", "tool_use", "server_tool_use"]), pieces, st.integers(0, 99)
)
WHERE = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}


@st.composite
def whole_streams(draw: st.DrawFn) -> bytes:
    events = [start()]
    for index, (kind, parts, number) in enumerate(draw(st.lists(plain_blocks, max_size=4))):
        if kind in WHERE:
            delta_type, field = WHERE[kind]
            events.append(opened(index, type=kind, **{field: ""}))
        else:
            text = json.dumps({"n": number, "parts": parts}, ensure_ascii=draw(st.booleans()))
            at = draw(st.integers(0, len(text)))
            parts, (delta_type, field) = [text[:at], text[at:]], ("input_json_delta", "partial_json")
            events.append(opened(index, type=kind, id="toolu_1", name="f", input={}))
        events += [delta(index, delta_type, **{field: part}) for part in parts]
        events.append(closed(index))
    return stream(*events, ended(), STOP)


@settings(max_examples=80)
@given(whole_streams())
def test_any_well_formed_stream_adds_up_as_in_the_sdk(sdk, body):
    assert bare(gather(body).message) == bare(sdk.accumulate(body, beta=True))


def test_all_of_a_stream_with_everything_in_message_start_is_there():
    gathered = gather(stream(*LIKE_THE_SDK["all in message_start"]))
    assert text_of(gathered.message) == "whole"
    assert (gathered.finished, gathered.warnings) == (True, [])


def test_u30_usage_fields_nobody_knows_are_kept():
    gathered = gather(stream(start(), ended(usage={"output_tokens": 2, "new_tokens": {"a": 1}}), STOP))
    assert gathered.message["usage"] == {"input_tokens": 5, "output_tokens": 2, "new_tokens": {"a": 1}}


def test_fields_of_a_message_nobody_knows_are_kept():
    body = stream(
        start(mood="fine"), {**ended(), "beside": [1]} | {"delta": {"stop_reason": "new_reason", "inside": 2}}, STOP
    )
    message = gather(body).message
    assert (message["mood"], message["beside"], message["inside"], message["stop_reason"]) == (
        "fine",
        [1],
        2,
        "new_reason",
    )


def test_u30_a_block_of_an_unknown_type_takes_texts_and_unknown_deltas_and_is_shown_whole():
    gathered = gather(
        stream(
            start(),
            opened(0, type="hologram", text="", angle=3),
            delta(0, "text_delta", text="a"),
            delta(0, "spin_delta", spin="fast"),
            delta(0, "text_delta", text="b"),
            closed(0),
            ended(),
            STOP,
        )
    )
    block = {"type": "hologram", "text": "ab", "angle": 3, "_deltas": [{"type": "spin_delta", "spin": "fast"}]}
    assert gathered.message["content"] == [block]
    assert blocks(gathered.message) == [Block(0, "hologram", "Unknown block: hologram", "", block, False)]
    assert gathered.warnings == ["unknown_delta"]


def test_u30_an_unknown_event_leaves_a_warning_and_is_named():
    gathered = Accumulator()
    gathered.add(Event("news", '{"type": "news"}', 9, True))
    assert (gathered.event_type, gathered.warnings, gathered.message) == ("news", ["unknown_event"], None)


def test_estimated_tokens_are_summed_for_display_and_kept_out_of_the_message():
    body = [start(), opened(0, type="thinking", thinking="", signature="")]
    body += [delta(0, "thinking_delta", thinking="", estimated_tokens=tokens) for tokens in (3, None, 4, 10**4000, "5")]
    gathered, changes = Accumulator(), []
    for event in Parser().feed(stream(*body)):
        changes += gathered.add(event)
    assert gathered.estimated_tokens == 7
    assert [change.text for change in changes if change.field == "estimated_tokens"] == ["3", "7"]
    assert gathered.message["content"] == [{"type": "thinking", "thinking": "", "signature": ""}]


def test_an_input_that_is_no_json_is_kept_as_text():
    for broken in ('{"a": nope, "b": 1}', '{"n": ' + "9" * 5000 + "}", "[" * 100_000):
        gathered = gather(
            stream(
                start(),
                opened(0, type="tool_use", input={}),
                delta(0, "input_json_delta", partial_json=broken),
                closed(0),
            )
        )
        assert gathered.message["content"] == [{"type": "tool_use", "input": {}, "_partial_json": broken}]
        assert "bad_input" in gathered.warnings


def test_the_message_can_be_read_at_any_moment_and_still_goes_on():
    call = [
        opened(0, type="tool_use", input={}),
        *(delta(0, "input_json_delta", partial_json=part) for part in '{"a": [1, tx]}'),
    ]
    whole = [start(), *TEXT, *[{**event, "index": 1} for event in call], closed(1), STOP]
    for events in (
        LIKE_THE_SDK["an input cut off by max_tokens"],
        whole,
        [event for event in whole if "x" not in str(event)],
    ):
        gathered, undisturbed = Accumulator(), gather(stream(*events))
        for event in Parser().feed(stream(*events)):
            gathered.add(event)
            assert json.dumps(gathered.message)
        assert (gathered.message, gathered.warnings) == (undisturbed.message, undisturbed.warnings)


def test_an_input_is_odd_only_once_its_block_has_ended():
    gathered = gather(
        stream(start(), opened(0, type="tool_use", input={}), delta(0, "input_json_delta", partial_json='{"a":'))
    )
    assert gathered.message["content"] == [{"type": "tool_use", "input": {}}]
    assert gathered.warnings == []
    gathered.add(Event("content_block_stop", json.dumps(closed(0)), 1, True))
    assert gathered.warnings == ["cut_input"]


@pytest.mark.parametrize(
    "odd",
    [
        '{"type": "content_block_delta", "index": 0, "delta"',
        "NaN",
        '{"type": "x", "n": NaN}',
        '{"type": "x", "n": ' + "9" * 5000 + "}",
        '{"type": "x", "deep": ' + "[" * 100_000,
        '{"type": "x", "deep": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "[1]",
        '"text"',
        "{}",
        "[DONE]",
    ],
)
def test_u29_an_event_that_is_no_json_object_leaves_a_warning_and_the_stream_goes_on(odd):
    gathered = gather(stream(start(), TEXT[0], TEXT[1], odd, *TEXT[2:], ended(), STOP))
    assert text_of(gathered.message) == "Hi there"
    assert (gathered.finished, gathered.warnings) == (True, ["bad_json"])


@pytest.mark.parametrize(
    ("events", "warnings", "text"),
    [
        ([start(), opened(10**9, type="text", text=""), delta(10**9, "text_delta", text="x"), closed(10**9)], ["out_of_order"], "x"),
        ([start(), delta(3, "text_delta", text="x"), delta(3, "text_delta", text="y"), closed(3)], ["out_of_order"], "xy"),
        ([start(), closed(0)], ["out_of_order"], ""),
        ([*TEXT], ["out_of_order"], "Hi there"),
        ([start(), start(id="msg_2"), *TEXT], ["out_of_order"], "Hi there"),
        ([start(), *TEXT, *TEXT], ["out_of_order"], "Hi thereHi there"),
        ([start(), opened(0, type="text", text="a"), opened(0, type="text", text="b")], ["out_of_order"], "ab"),
        ([start(), opened("0", type="text", text=""), delta(None, "text_delta", text="x")], ["out_of_order"], "x"),
        ([start(), opened(True, type="text", text="x")], ["out_of_order"], "x"),
        ([start(), {"type": "content_block_start", "index": 0}], ["bad_event"], ""),
        ([start(), {"type": "content_block_start", "index": 0, "content_block": "x"}], ["bad_event"], ""),
        ([start(), opened(0, type="text", text=""), {"type": "content_block_delta", "index": 0}], ["bad_event", "unknown_delta"], ""),
        ([start(), opened(0, type="text", text=""), delta(0, "text_delta", text=5)], ["unknown_delta"], ""),
        ([start(), opened(0, type="text", text=7), delta(0, "text_delta", text="x")], [], "x"),
        ([{"type": "message_start"}, *TEXT], ["bad_event", "out_of_order"], "Hi there"),
        ([start(content="text", usage=3), *TEXT, ended()], [], "Hi there"),
        ([start(content=[5, {"type": "text", "text": "x"}])], ["bad_event"], "x"),
        ([start(), *TEXT, {"type": "message_delta", "delta": {"content": 5, "type": "x"}, "content": 6}, *TEXT[:2]], ["out_of_order"], "Hi thereHi"),
        ([start(), {"type": "message_delta", "usage": 5}], ["bad_event"], ""),
        ([start(), *TEXT, STOP, STOP], ["after_stop"], "Hi there"),
        ([start(), *TEXT, STOP, {"type": "ping"}], [], "Hi there"),
        ([start(), *TEXT, STOP, delta(0, "text_delta", text="!"), start()], ["after_stop"], "Hi there"),
    ],
)  # fmt: skip
def test_u31_u32_an_odd_stream_is_read_as_far_as_it_makes_sense(events, warnings, text):
    gathered = gather(stream(*events))
    assert gathered.warnings == warnings
    assert text_of(gathered.message) == text
    assert blocks(gathered.message) is not None


def test_an_error_event_is_kept_with_what_came_before():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
    gathered, changes = Accumulator(), []
    for event in Parser().feed(stream(start(), *TEXT[:2], error)):
        changes += gathered.add(event)
    assert gathered.error == error
    assert text_of(gathered.message) == "Hi"
    assert changes[-1] == Change("stop", field="error", text="Overloaded")
    assert not gathered.finished


@pytest.mark.parametrize("data", ["no JSON", "{}", '{"error": "text"}', '{"error": {"message": 5}}'])
def test_an_error_event_of_any_shape_is_an_error(data):
    gathered = Accumulator()
    gathered.add(Event("error", data, 1, True))
    assert gathered.error
    assert gathered.event_type == "error"


def test_bytes_that_were_no_utf8_leave_a_warning():
    gathered = gather(
        stream(start(), TEXT[0])
        + b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\xff"}}\n\n'
    )
    assert gathered.warnings == ["bad_utf8"]
    assert text_of(gathered.message) == "\ufffd"


def test_u33_lone_surrogates_are_kept_in_the_message_and_replaced_in_what_is_shown():
    changes = []
    gathered = Accumulator()
    for event in Parser().feed(
        stream(start(), TEXT[0], delta(0, "text_delta", text="a\ud83d"), delta(0, "text_delta", text="\ude00\udfffz\0"))
    ):
        changes += gathered.add(event)
    assert gathered.message["content"][0]["text"] == "a\ud83d\ude00\udfffz\0"
    assert text_of(gathered.message) == "a😀\ufffdz\0"
    assert [change.text for change in changes if change.field == "text"] == ["a\ufffd", "\ufffd\ufffdz\0"]
    "".join(change.text for change in changes).encode()


def test_the_changes_of_a_recorded_stream_draw_what_its_message_holds():
    hold_for(streams(), changes_draw, name=itemgetter("id"))


def changes_draw(row):
    gathered = Accumulator()
    drawn: dict[tuple[int, str], str] = {}
    still_open, stopped = set(), ""
    for event in Parser().feed(row["response"]["body_text"].encode()):
        for change in gathered.add(event):
            if change.kind == "open":
                still_open.add(change.index)
            elif change.kind in ("append", "replace"):
                before = drawn.get((change.index, change.field), "") if change.kind == "append" else ""
                drawn[change.index, change.field] = before + change.text
            elif change.kind == "close":
                still_open.remove(change.index)
            elif change.field == "stop_reason":
                stopped = change.text
    for block in blocks(gathered.message):
        field = {"thinking": "thinking", "text": "text"}.get(block.type)
        assert field is None or drawn.get((block.index, field), "") == block.text
        if block.type.endswith("tool_use") and "edge:partial_json_does_not_close" not in row["tags"]:
            assert json.loads(drawn.get((block.index, "partial_json")) or "{}") == block.json
    assert stopped == (gathered.message["stop_reason"] or "")
    assert len(still_open) == ("edge:open_block_at_end" in row["tags"])


def test_every_block_of_the_recorded_answers_is_known():
    answers = [row["response"] for row in messages()]
    contents = [
        gather(answer["body_text"].encode()).message if answer["is_sse"] else json.loads(answer["body_text"])
        for answer in answers
    ]
    for block in [block for message in contents for block in blocks(message)]:
        assert block.known
        assert block.label
        assert (
            block.text
            or block.json
            or block.type in ("text", "thinking", "tool_use", "server_tool_use", "mcp_tool_use")
        )


def test_the_text_of_an_answer_joins_neighbours_and_parts_what_another_block_divides():
    content = [
        ("text", "One "),
        ("text", "two."),
        ("tool_use", ""),
        ("thinking", ""),
        ("text", "Three."),
        ("text", ""),
        ("text", " Four."),
    ]
    assert text_of({"content": [{"type": kind, "text": text} for kind, text in content]}) == "One two.\n\nThree. Four."
    assert text_of({"content": [{"type": "tool_use"}, {"type": "text", "text": "x"}, {"type": "tool_use"}]}) == "x"


@pytest.mark.parametrize(
    "message",
    [None, {}, {"content": None}, {"content": "x"}, {"content": [None, 1, {}, {"type": 5}, {"type": "tool_use"}]}],
)
def test_a_message_of_any_shape_has_blocks_and_text(message):
    assert all(block.label for block in blocks(message))
    assert text_of(message) == ""


@pytest.mark.parametrize(
    ("block", "label", "text"),
    [
        ({"type": "tool_use", "name": "f", "input": {"a": 1}}, "Tool call: f", ""),
        ({"type": "mcp_tool_use", "name": "f", "server_name": "s", "input": {}}, "MCP tool call: s.f", ""),
        ({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}, "Fallback: a → b", ""),
        ({"type": "compaction", "content": "so far"}, "Compaction", "so far"),
        (
            {"type": "bash_code_execution_tool_result", "content": {"stdout": "out", "stderr": "err", "return_code": 1}},
            "Bash result",
            "out\nerr\nreturn code 1",
        ),
        (
            {"type": "web_search_tool_result", "content": [{"title": "T", "url": "https://t", "encrypted_content": "e"}]},
            "Web search result",
            "T · https://t",
        ),
        ({"type": "web_search_tool_result", "content": {"error_code": "max_uses_exceeded"}}, "Web search result", "max_uses_exceeded"),
        ({"type": "mcp_tool_result", "content": [{"type": "text", "text": "a"}, "b"]}, "MCP tool result", "a\nb"),
        ({"type": "mcp_tool_result", "content": "no", "is_error": True}, "MCP tool result (error)", "no"),
        ({"type": "tool_use", "name": "click", "toolset_name": "browser", "input": {}}, "Tool call: browser.click", ""),
        ({"type": "tool_use", "name": "f", "input": {}, "caller": {"type": "direct"}}, "Tool call: f", ""),
        (
            {"type": "tool_use", "name": "f", "input": {}, "caller": {"type": "code_execution_20260120", "tool_id": "s"}},
            "Tool call from code_execution_20260120: f",
            "",
        ),
        ({"type": "compaction", "content": None, "encrypted_content": "e"}, "Compaction", ""),
        (
            {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}, "trigger": {"type": "refusal", "category": "bio"}},
            "Fallback: a → b",
            "refusal: bio",
        ),
        (
            {"type": "mcp_tool_listing", "mcp_server_name": "s", "tools": [{"name": "f"}, {"name": "g"}, 5]},
            "MCP tool listing: s",
            "f\ng",
        ),
        (
            {"type": "code_execution_tool_result", "content": {"type": "code_execution_result", "stdout": "x", "return_code": 0, "content": [{"type": "code_execution_output", "file_id": "file_1"}]}},
            "Code execution result",
            "x\nfile_1",
        ),
        (
            {"type": "text_editor_code_execution_tool_result", "content": {"content": "# Title", "file_type": "text"}},
            "Text editor result",
            "# Title",
        ),
        (
            {"type": "text_editor_code_execution_tool_result", "content": {"lines": ["-a", "+b"], "old_lines": 1}},
            "Text editor result",
            "-a\n+b",
        ),
        (
            {"type": "tool_search_tool_result", "content": {"tool_references": [{"tool_name": "f"}, {"tool_name": "g"}]}},
            "Tool search result",
            "f\ng",
        ),
        ({"type": "advisor_tool_result", "content": {"type": "advisor_result", "text": "Ship it."}}, "Advisor result", "Ship it."),
        ({"type": "advisor_tool_result", "content": {"type": "advisor_tool_result_error", "error_code": "e"}}, "Advisor result", "e"),
        (
            {"type": "web_fetch_tool_result", "content": {"url": "https://u", "content": {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}}},
            "Web fetch result",
            "https://u\nT\ntext/plain, 5 characters",
        ),
        ({"type": "container_upload", "file_id": "file_1"}, "Container upload", "file_1"),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
            "Image",
            "image/png, 9 bytes",
        ),
        ({"type": "image", "source": {"type": "url", "url": "https://i"}}, "Image", "https://i"),
        ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, "Image", "file_1"),
        (
            {"type": "document", "title": "T", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
            "Document",
            "T\nx",
        ),
        (
            {"type": "search_result", "title": "T", "source": "https://s", "content": [{"type": "text", "text": "x"}]},
            "Search result",
            "T\nhttps://s\nx",
        ),
        (
            {"type": "tool_result", "is_error": True, "content": [{"type": "text", "text": "no"}, {"type": "image", "source": {"type": "url", "url": "https://i"}}]},
            "Tool result (error)",
            "no\nhttps://i",
        ),
        ({"type": "tool_result", "content": "yes"}, "Tool result", "yes"),
        ({"type": "tool_addition", "tool": {"type": "tool_reference", "name": "f"}}, "Tool added: f", ""),
        ({"type": "tool_removal", "tool": {"type": "mcp_tool_reference", "server_name": "s", "name": "f"}}, "Tool removed: s.f", ""),
        ({"type": "tool_removal", "tool": {"type": "mcp_toolset_reference", "server_name": "s"}}, "Tool removed: s", ""),
        ({"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {"name": "f"}}}, "Tool added: f", ""),
    ],
)  # fmt: skip
def test_a_block_is_labelled_and_its_words_are_shown(block, label, text):
    (shown,) = blocks({"content": [block]})
    assert (shown.label, shown.text, shown.known) == (label, text, True)


def test_a_file_in_base64_is_shown_by_its_length_and_everything_else_as_it_came():
    source = {"type": "base64", "media_type": "application/pdf", "data": "A" * 4_000_000}
    block = {"type": "web_fetch_tool_result", "content": {"content": {"type": "document", "source": source}}, "x": [1]}
    (shown,) = blocks({"content": [block]})
    assert shown.text == "application/pdf, 3,000,000 bytes"
    shown_source = shown.json["content"]["content"]["source"]
    assert shown_source.pop("data") == "… 4,000,000 characters of base64"
    assert shown_source == {"type": "base64", "media_type": "application/pdf"}
    assert shown.json["x"] == [1]
    assert len(source["data"]) == 4_000_000


def test_every_block_of_the_api_that_is_known_keeps_its_fields():
    for kind in _READERS:
        block = {"type": kind, "id": "x", "content": [{"type": "new", "odd": 5}], "new_field": {"a": 1}, "input": 5}
        (shown,) = blocks({"content": [block]})
        assert shown.known
        assert shown.json["new_field"] == {"a": 1}


def test_every_block_of_the_recorded_requests_is_known():
    seen = set()
    for row in messages():
        for turn in (row["request"]["body"] or {}).get("messages", []):
            for block in blocks(turn) if isinstance(turn, dict) else []:
                assert block.known, block
                seen.add(block.type)
    assert {"image", "document", "tool_result", "tool_addition", "compaction"} <= seen or not messages()


def test_citations_of_a_text_are_shown_beside_it():
    citation = {"type": "page_location", "document_title": "Report"}
    (block,) = blocks({"content": [{"type": "text", "text": "x", "citations": [citation]}]})
    assert block.json == {"citations": [citation]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["", "text", "tool_use", "x", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "content", "usage", "input", "citations", "_deltas", "tool", "source", "data", "tools"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
types = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "error", "x"]
)
fields = st.dictionaries(
    st.sampled_from(["index", "message", "content_block", "delta", "usage", "error", "to"]),
    json_values
    | st.integers(0, 2)
    | st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                [
                    "text_delta",
                    "citations_delta",
                    "signature_delta",
                    "input_json_delta",
                    "compaction_delta",
                    "thinking_delta",
                    "text",
                    "fallback",
                ]
            )
        },
        optional=dict.fromkeys(("text", "citation", "partial_json", "thinking", "to"), json_values),
    ),
)


@settings(max_examples=150)
@given(st.lists(st.tuples(types, fields), max_size=8))
def test_u30_u31_no_sequence_of_events_makes_reading_fail(events):
    gathered = Accumulator()
    for kind, data in events:
        for change in gathered.add(Event(kind, json.dumps({"type": kind, **data}), 0, True)):
            change.text.encode()
    json.dumps(gathered.message)
    text_of(gathered.message).encode()
    for block in blocks(gathered.message):
        (block.label + block.text).encode()


@given(
    st.sampled_from(list(_READERS)),
    st.dictionaries(
        st.sampled_from(["content", "caller", "tool", "source", "tools", "trigger", "name", "title", "to"]), json_values
    ),
)
def test_no_field_of_a_block_makes_showing_it_fail(kind, fields):
    (block,) = blocks({"content": [{**fields, "type": kind}]})
    assert block.known
    (block.label + block.text).encode()
    json.dumps(block.json)


def test_a_very_long_text_takes_time_in_proportion_to_its_length():
    data = json.dumps(delta(0, "text_delta", text="word "))
    gathered = gather(stream(start(), TEXT[0]))
    began = time.process_time()
    for _ in range(200_000):
        gathered.add(Event("content_block_delta", data, 0, True))
    assert len(text_of(gathered.message)) == 1_000_000
    assert time.process_time() - began < 8
