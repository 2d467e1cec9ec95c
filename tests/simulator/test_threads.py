"""Conversations that stay with the simulated API between requests."""

import json

import anthropic
import pytest

from betaconsole.simulator import Pace, Simulator
from betaconsole.simulator.effects import EFFECTS, MESSAGE_THREADS
from betaconsole.simulator.endpoints import Api
from betaconsole.simulator.threads import LIFE_S, MOST, Threads
from betaconsole.simulator.wire import Request

from .rules import rules
from .talk import HEADERS, ask, say, write

FIRST = "Give me three names for a bakery in Bergen, and remember them."
THEN = [{"role": "user", "content": "And a fourth one?"}]
CREATE = {"type": "create"}


def sent(simulator, body, **headers):
    with simulator.dial() as sock:
        return say(sock, body, anthropic_beta=MESSAGE_THREADS, **headers)


def created(simulator, **changes):
    body = ask(messages=[{"role": "user", "content": FIRST}], system="Be brief.", thread=CREATE, **changes)
    reply = sent(simulator, body)
    assert reply.status == 200, reply.body
    return body, reply.json


def following(message_id, **changes):
    thread = {"type": "continue", "previous_message_id": message_id}
    return ask(messages=THEN, thread=thread, **changes)


def test_a_continued_thread_counts_and_answers_the_whole_conversation(simulator):
    body, first = created(simulator)
    second = sent(simulator, following(first["id"])).json
    whole = {**body, "messages": [*body["messages"], {"role": "assistant", "content": first["content"]}, *THEN]}
    del whole["thread"]
    with simulator.dial() as sock:
        assert second["usage"]["input_tokens"] == say(sock, whole).json["usage"]["input_tokens"]


def test_without_the_header_a_thread_is_refused(simulator):
    with simulator.dial() as sock:
        assert say(sock, ask(thread=CREATE)).message == "thread: Extra inputs are not permitted"


def test_a_thread_goes_on_from_its_latest_answer(simulator):
    _, first = created(simulator)
    second = sent(simulator, following(first["id"])).json
    third = sent(simulator, following(second["id"]))
    assert third.status == 200
    assert third.json["usage"]["input_tokens"] > second["usage"]["input_tokens"] + second["usage"]["output_tokens"]


def test_an_answer_is_continued_once_only(simulator):
    _, first = created(simulator)
    assert sent(simulator, following(first["id"])).status == 200
    reply = sent(simulator, following(first["id"]))
    assert (reply.status, reply.json["error"]["details"]) == (400, {"error_code": "thread_already_continued"})


def test_a_turn_that_is_still_being_written_is_in_flight():
    slow = Simulator(rules(), pace=Pace(ttft_ms=0, tps=2000, jitter=0))
    _, first = created(slow, max_tokens=50)
    with slow.dial() as sock:
        sock.settimeout(10)
        body = {**following(first["id"]), "stream": True}
        slow_headers = {"anthropic_beta": MESSAGE_THREADS, "x_simulator": "tps=20"}
        write(sock, body, **slow_headers)
        sock.recv(10)
        reply = sent(slow, following(first["id"]))
    assert (reply.status, reply.json["error"]["details"]["error_code"]) == (400, "thread_continue_in_flight")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"system": "Be brief."}, 400, None),
        ({"tools": []}, 400, None),
        ({"model": "claude-opus-5-5"}, 400, "thread_fingerprint_mismatch"),
    ],
)
def test_what_a_thread_keeps_is_not_sent_again(simulator, changes, status, code):
    _, first = created(simulator)
    reply = sent(simulator, following(first["id"], **changes))
    assert (reply.status, reply.json["error"].get("details", {}).get("error_code")) == (status, code)


def test_a_thread_that_nobody_knows_is_not_found(simulator):
    reply = sent(simulator, following("msg_01ABC"))
    assert (reply.status, reply.json["error"]["details"]["error_code"]) == (404, "thread_not_found")
    _, first = created(simulator)
    reply = sent(simulator, following(first["id"]), x_api_key="sk-ant-somebody-else")
    assert reply.json["error"]["details"]["error_code"] == "thread_not_found"


def test_what_threads_do_not_support_is_named(simulator):
    edits = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    with simulator.dial() as sock:
        reply = say(
            sock,
            ask(thread=CREATE, context_management=edits),
            anthropic_beta=f"{MESSAGE_THREADS},context-management-2025-06-27",
        )
    assert reply.json["error"]["details"] == {
        "error_code": "thread_unsupported_request",
        "unsupported": ["context_management"],
    }


def message(number):
    return {"id": f"msg_{number}", "content": [], "stop_reason": "end_turn", "usage": {}}


def test_threads_end_after_five_minutes_and_make_room_for_new_ones():
    now_s = 0.0
    threads = Threads(clock=lambda: now_s)
    body = ask(thread=CREATE)
    for number in range(MOST + 1):
        threads.hold(body, message(number), "ann", takes_s=0)

    def resumed(number):
        return threads.resumed(following(f"msg_{number}"), "ann")

    assert len(resumed(1)["messages"]) == 3
    with pytest.raises(Exception, match="no thread was found"):
        resumed(0)
    now_s = LIFE_S
    with pytest.raises(Exception, match="no thread was found"):
        resumed(1)


def test_a_long_thread_begins_to_answer_sooner():
    api = Api(rules(), Pace(ttft_ms=400, tps=100, jitter=0))
    headers = {**HEADERS, "anthropic-beta": MESSAGE_THREADS, "x-simulator": "more_input=500000"}

    def begun_s(body):
        asked = Request("POST", "/v1/messages", tuple(headers.items()), json.dumps(body).encode())
        answer = api.answer(asked, repeat=1)
        return answer.parts[0].at_s, answer

    first_s, first = begun_s(ask(messages=[{"role": "user", "content": FIRST}], thread=CREATE, max_tokens=10))
    assert first.status == 200
    then_s, _ = begun_s({**following(json.loads(first.parts[0].data)["id"]), "max_tokens": 10})
    assert then_s / first_s == pytest.approx(1 + EFFECTS[MESSAGE_THREADS, "ttft_share"].size, rel=0.05)


def test_the_sdks_thread_helper_talks_and_recovers(client, simulator):
    thread = client.beta.messages.thread(model="claude-opus-5-5", max_tokens=1000, system="Be brief.")
    thread.send({"role": "user", "content": FIRST})
    assert thread.send(*THEN).stop_reason == "end_turn"
    assert simulator.seen[-1].body.count(b"bakery") == 0
    forgetful = client.with_options(api_key="sk-ant-another")
    thread._client = forgetful
    assert thread.send({"role": "user", "content": "A fifth?"}).stop_reason == "end_turn"
    assert b"bakery" in simulator.seen[-1].body


def test_the_sdk_knows_the_errors_of_threads(client):
    with pytest.raises(anthropic.NotFoundError) as raised:
        client.beta.messages.create(**following("msg_01ABC"), betas=[MESSAGE_THREADS])
    assert type(raised.value).__name__ == "ThreadNotFoundError"
