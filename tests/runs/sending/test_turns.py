"""What the next request of a cell is: pure, against what the official SDK would send."""

import json
from typing import Any

import pytest

from betaconsole.claude import jsontext
from betaconsole.claude.reading import Reading
from betaconsole.library.stubs import read_stubs
from betaconsole.runs.models import Continues
from betaconsole.runs.sending import turns
from betaconsole.runs.sending.turns import Call, Missing, Next, Result, TurnError, calls_of, next_turn, with_message
from tests.builders import event_stream

ASKED = (
    b'{"model":"m","max_tokens":1e2,"temperature":1.0,"messages":[{"role":"user","content":"Broken \\ud800 lamp?"}]}'
)
THOUGHT = {"type": "thinking", "thinking": "First the order.", "signature": "EqQB\u00e9=="}
ORDER = {"type": "tool_use", "id": "toolu_1", "name": "lookup_order", "input": {"order_id": "A-1043", "deep": [1.5]}}
POLICY = {"type": "tool_use", "id": "toolu_2", "name": "lookup_policy", "input": {}}
STUBS = read_stubs(
    [
        {"tool": "lookup_policy", "error": "no such topic", "delay_ms": 300},
        {"tool": "lookup_order", "match": {"order_id": "A-1043"}, "result": "delivered", "delay_ms": 200},
    ]
)


def message(*content: Any, stop_reason: str = "tool_use", **fields: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(content), "stop_reason": stop_reason, **fields}


def after(reply: dict[str, Any], **options: Any) -> Any:
    return next_turn(ASKED, reply, **{"stubs": STUBS, "turn": 1, "max_turns": 10, **options})


def test_parallel_calls_are_answered_together_in_their_order_and_the_slowest_counts() -> None:
    step = after(message(THOUGHT, ORDER, POLICY))
    added = [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "delivered"},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no such topic", "is_error": True},
    ]
    assert (step.added, step.continues, step.delay_ms) == (added, Continues.STUBS, 300)
    asked, sent = json.loads(ASKED), json.loads(step.body)
    assert sent.pop("messages") == [
        *asked.pop("messages"),
        {"role": "assistant", "content": [THOUGHT, ORDER, POLICY]},
        {"role": "user", "content": added},
    ]
    assert sent == asked


def test_what_was_composed_keeps_its_spelling() -> None:
    before = ASKED.removesuffix(b"]}")
    assert after(message(ORDER)).body.startswith(before + b',{"role":"assistant","content":[{"type":"tool_use"')


def test_blocks_of_any_type_go_back_as_they_came() -> None:
    strange = [
        {
            "type": "text",
            "text": "See \ud800",
            "citations": [{"type": "char_location", "cited_text": "x", "title": None}],
        },
        {"type": "redacted_thinking", "data": "Eo0B"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "lamps"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "new_in_2027", "data": {"a": [None, 1e300, -0.0]}},
    ]
    step = after(message(*strange, ORDER))
    assert json.loads(step.body)["messages"][1]["content"] == [*strange, ORDER]


def test_only_what_the_console_noted_itself_stays_here() -> None:
    [text, broken] = json.loads(
        after(
            message({"type": "text", "text": "x", "_deltas": [{"type": "odd"}]}, {**ORDER, "_partial_json": "{"})
        ).body
    )["messages"][1]["content"]
    assert (text, broken) == ({"type": "text", "text": "x"}, ORDER)


def test_a_streamed_reply_goes_back_as_the_whole_message_would() -> None:
    data, _ = event_stream({**message(THOUGHT, ORDER), "id": "msg_1", "model": "m", "usage": {}})
    reading = Reading(200, [("content-type", "text/event-stream")])
    reading.feed(data)
    streamed = reading.finish().message
    assert streamed is not None
    assert after(streamed).body == after(message(THOUGHT, ORDER)).body


def test_a_call_that_no_stub_answers_is_missing_and_the_others_are_told() -> None:
    other = {**ORDER, "id": "toolu_3", "input": {"order_id": "B-2"}}
    assert after(message(POLICY, other)) == Missing(
        (Call("toolu_3", "lookup_order", {"order_id": "B-2"}),), (Result("toolu_2", "no such topic", is_error=True),)
    )


def test_a_persons_result_wins_over_a_stub_and_stubs_answer_the_rest() -> None:
    step = after(message(ORDER, POLICY), results=[Result("toolu_1", [{"type": "text", "text": "lost"}])])
    assert [block["content"] for block in step.added] == [[{"type": "text", "text": "lost"}], "no such topic"]
    assert step.continues == Continues.RESULTS


@pytest.mark.parametrize("reason", ["pause_turn", "compaction"])
def test_an_unfinished_reply_is_sent_back_as_it_is(reason: str) -> None:
    step = after(message(ORDER, stop_reason=reason))
    assert (step.added, step.continues, step.delay_ms) == (None, Continues.PAUSE, 0)
    assert json.loads(step.body)["messages"][-1] == {"role": "assistant", "content": [ORDER]}


def test_a_request_for_a_compaction_is_not_made_again() -> None:
    body = b'{"compaction":{"type":"summarize"},"messages":[]}'
    assert next_turn(body, message(stop_reason="compaction"), stubs=[], turn=1, max_turns=2) is None


@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "refusal", "stop_sequence", None, "new_in_2027"])
def test_any_other_end_is_the_end(reason: Any) -> None:
    assert after(message(ORDER, stop_reason=reason)) is None


def test_the_cap_is_the_end() -> None:
    assert isinstance(after(message(ORDER), turn=9), Next)
    assert after(message(ORDER), turn=10) is None
    assert after(message(stop_reason="pause_turn"), turn=10) is None


@pytest.mark.parametrize(
    "content",
    [None, "text", [], [None, 7, "x"], [{"type": "tool_use"}], [{"type": "tool_use", "id": 5, "name": "a"}]],
)
def test_a_reply_without_a_call_that_can_be_answered_ends_the_cell(content: Any) -> None:
    reply = {"stop_reason": "tool_use", "content": content}
    assert calls_of(reply) == []
    assert after(reply) is None


def test_the_container_of_the_reply_is_kept_where_none_was_asked_for() -> None:
    used = {"container": {"id": "container_1", "expires_at": "2026-11-21T10:00:00Z"}}
    assert json.loads(after(message(ORDER, **used)).body)["container"] == "container_1"

    def container(asked: Any) -> Any:
        body = jsontext.dumps({"container": asked, "messages": []}).encode()
        return json.loads(next_turn(body, message(ORDER, **used), stubs=STUBS, turn=1, max_turns=2).body)["container"]

    assert container("container_0") == "container_0"
    assert container({"skills": [{"skill_id": "pdf"}]}) == {"skills": [{"skill_id": "pdf"}], "id": "container_1"}
    assert container({"id": "container_0", "skills": []}) == {"id": "container_0", "skills": []}
    for odd in (None, "container_2", {}, {"id": 5}):
        assert "container" not in json.loads(after(message(ORDER, container=odd)).body)


def test_a_message_of_a_person_follows_the_reply() -> None:
    step = with_message(ASKED, message({"type": "text", "text": "Sorry."}, stop_reason="end_turn"), "And now?")
    assert (step.added, step.continues) == ("And now?", Continues.MESSAGE)
    assert [turn["role"] for turn in json.loads(step.body)["messages"]] == ["user", "assistant", "user"]


def test_open_calls_are_answered_before_anything_is_said() -> None:
    with pytest.raises(TurnError, match="answer them first"):
        with_message(ASKED, message(ORDER), "And now?")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "cannot be read"),
        (b"--x\r\n", "cannot be read"),
        (b"[]", "no list of messages"),
        (b'{"messages":{}}', "no list of messages"),
        (b"[" * 70 + b"]" * 70, "levels deep"),
    ],
)
def test_a_request_without_messages_has_no_next_turn(body: bytes, why: str) -> None:
    with pytest.raises(TurnError, match=why):
        next_turn(body, message(ORDER), stubs=STUBS, turn=1, max_turns=2)


def test_a_next_request_that_is_too_large_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MAX_BODY_BYTES", 400)
    with pytest.raises(TurnError, match="at most 400"):
        after(message({**ORDER, "input": {"order_id": "A-1043", "pad": "x" * 300}}))
