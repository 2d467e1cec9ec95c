"""A program's whole way through the API: start, wait, read, stop; with a real engine and a far end on a socket."""

import json
import threading
import time
from typing import Any

import pytest
from django.core.management import call_command

from betaconsole.api.shapes import ComparisonAnswer, WholeExchangeAnswer
from betaconsole.runs.sending.waiting import places
from betaconsole.teams.models import ApiToken, Membership
from betaconsole.teams.solo import set_up_solo
from tests.api.calling import BODY, Caller, fits
from tests.runs.engines import KEY, connection_to, running, wait_for
from tests.upstream import STREAM_HEAD, Peer, Upstream, answer, chunk, chunked, head, pause, read, send, until_closed

pytestmark = pytest.mark.django_db(transaction=True)
BETA = "context-management-2025-06-27"
AT_ONCE = "[[simulator: ttft_ms=1 tps=inf]] Say hello."


def event(name: str, **data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


USAGE = {"input_tokens": 10, "output_tokens": 1}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "content": [],
    "stop_reason": None, "stop_sequence": None, "usage": USAGE,
}  # fmt: skip
TEXT = "Hello \x00 \U0001f600 é!"
EVENTS = [
    event("message_start", message=MESSAGE),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": TEXT}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "\ud800"}),
    event("content_block_stop", index=0),
    event(
        "message_delta",
        delta={"stop_reason": "end_turn", "stop_sequence": None},
        usage={"output_tokens": 1_000, "new_in_2027": [1]},
    ),
    event("message_stop"),
]
REFUSAL = {
    "type": "error",
    "error": {"type": "invalid_request_error", "message": f"Unsupported beta header: {BETA}"},
    "request_id": "req_refused",
}


def refusing_the_beta(peer: Peer) -> None:
    """A far end that answers plain requests and refuses the beta."""
    if peer.read_request().header("anthropic-beta"):
        peer.send(answer(json.dumps(REFUSAL).encode(), 400, "request-id: req_refused"))
    else:
        stream_head = head(200, "content-type: text/event-stream", "request-id: req_1", "transfer-encoding: chunked")
        peer.send(stream_head + chunked(EVENTS))


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture
def caller(ann: Membership) -> Caller:
    return Caller(ann.user, ann.team)


def finished(caller: Caller, made: dict[str, Any]) -> dict[str, Any]:
    comparison = caller.get(f"/comparisons/{made['id']}?wait=20").json()
    assert comparison["state"] == "finished"
    return comparison


def test_from_the_question_to_every_byte(ann, caller):
    with Upstream(refusing_the_beta) as upstream, running():
        connection = connection_to(ann, upstream.url)
        asked = {"connection": connection.public_id, "variants": [{"betas": []}, {"betas": [BETA]}], "title": "Whole"}
        made = caller.compare(**asked).json()
        comparison = finished(caller, made)
        assert fits(comparison, ComparisonAnswer)
        plain, refused = comparison["exchanges"]
        whole_plain, whole_refused = (caller.get(f"/exchanges/{one['id']}") for one in (plain, refused))
        on_the_wire = {request.header("anthropic-beta"): request for request in upstream.requests}

    assert (plain["state"], plain["status"], plain["stop_reason"]) == ("succeeded", 200, "end_turn")
    assert plain["usage"] == {"input_tokens": 10, "output_tokens": 1_000, "new_in_2027": [1]}
    assert plain["cost_usd"] == pytest.approx(10 * 3e-6 + 1_000 * 15e-6)
    assert plain["request_id"] == "req_1"
    assert plain["error"] is None
    assert plain["text"].startswith(TEXT)
    assert 0 <= plain["first_byte_ms"] <= plain["first_text_ms"] <= plain["total_ms"]
    assert (refused["state"], refused["status"], refused["request_id"]) == ("failed", 400, "req_refused")
    assert refused["error"] == REFUSAL["error"]
    assert (refused["text"], refused["usage"], refused["cost_usd"]) == ("", None, None)

    answer_plain = whole_plain.json()
    assert fits(answer_plain, WholeExchangeAnswer)
    assert {name: answer_plain[name] for name in plain} == plain
    received = on_the_wire[None]
    assert answer_plain["request"]["url"] == f"{upstream.url}/v1/messages"
    assert answer_plain["request"]["body"] == json.loads(received.body) == {**BODY, "stream": True}
    assert [
        (name, KEY if value == "$ANTHROPIC_API_KEY" else value) for name, value in answer_plain["request"]["headers"]
    ] == (received.headers)
    assert answer_plain["response"]["headers"][1] == ["request-id", "req_1"]
    assert answer_plain["response"]["body_text"].encode() == b"".join(EVENTS)
    assert answer_plain["message"]["content"] == [{"type": "text", "text": TEXT + "\ud800"}]
    assert [one["type"] for one in answer_plain["events"]] == [
        "message_start", "content_block_start", *["content_block_delta"] * 2, "content_block_stop", "message_delta",
        "message_stop",
    ]  # fmt: skip
    answer_refused = whole_refused.json()
    assert ["anthropic-beta", BETA] in answer_refused["request"]["headers"]
    assert json.loads(answer_refused["response"]["body_text"]) == REFUSAL
    assert (answer_refused["message"], answer_refused["events"]) == (None, [])
    for response in (whole_plain, whole_refused):
        assert response.content.isascii()
        assert KEY.encode() not in response.content


def test_the_simulator_answers_with_cases_and_repeats(caller):
    with running():
        body = {**BODY, "messages": [{"role": "user", "content": AT_ONCE + " {{country}}"}]}
        cases = [{"name": "France", "variables": {"country": "France"}}, {"variables": {"country": "Peru"}}]
        variants = [{"betas": []}, {"label": "with", "betas": [BETA]}]
        made = caller.compare(body=body, variants=variants, cases=cases, repeats=2).json()
        comparison = finished(caller, made)
        assert len(comparison["exchanges"]) == 8
        for exchange in comparison["exchanges"]:
            assert (exchange["state"], exchange["error"]) == ("succeeded", None)
            assert exchange["text"]
            sent = caller.get(f"/exchanges/{exchange['id']}").json()["request"]["body"]["messages"][0]["content"]
            assert sent.endswith("France" if exchange["case"] == "France" else "Peru")


def test_a_column_patches_replaces_and_does_not_stream(ann, caller):
    message = {**MESSAGE, "content": [{"type": "text", "text": "Whole."}], "stop_reason": "end_turn"}
    with Upstream([read(), send(answer(json.dumps(message).encode()))]) as upstream, running():
        text = """{"connection": "Upstream", "stream": false, "body": {"model": "m", "temperature": 1.0, "max_tokens": 1e2},
            "variants": [{"betas": [], "patch": {"temperature": null, "top_p": 0.10}},
                         {"betas": [], "patch": [{"op": "add", "path": "/tools", "value": [null]}]},
                         {"betas": [], "body": {"own": 12345678901234567890123}}]}"""
        connection_to(ann, upstream.url)
        comparison = finished(caller, caller.post("/comparisons", text).json())
        assert sorted(request.body.decode() for request in upstream.requests) == [
            '{"model":"m","max_tokens":1e2,"top_p":0.10}',
            '{"model":"m","temperature":1.0,"max_tokens":1e2,"tools":[null]}',
            '{"own":12345678901234567890123}',
        ]
        assert {exchange["text"] for exchange in comparison["exchanges"]} == {"Whole."}
        first = caller.get(f"/exchanges/{comparison['exchanges'][0]['id']}")
    assert '"max_tokens":1e2,"top_p":0.10' in first.content.decode()
    assert first.json()["message"] == message
    assert first.json()["events"] == []


def test_a_body_of_10_mb_goes_out_whole_and_comes_back(ann, caller):
    long = "x" * 10_000_000 + "é"
    with Upstream(refusing_the_beta) as upstream, running():
        connection_to(ann, upstream.url)
        body = {**BODY, "messages": [{"role": "user", "content": long}]}
        made = caller.compare(connection="Upstream", body=body, variants=[{"betas": []}]).json()
        assert finished(caller, made)["exchanges"][0]["state"] == "succeeded"
        assert json.loads(upstream.requests[0].body)["messages"][0]["content"] == long
        exchange = caller.get(f"/exchanges/{made['exchanges'][0]}").json()
    assert exchange["request"]["body"]["messages"][0]["content"] == long


def test_cancelling_cuts_what_is_in_flight(ann, caller):
    with Upstream([read(), send(STREAM_HEAD + chunk(b"".join(EVENTS[:3]))), until_closed()]) as upstream, running():
        connection_to(ann, upstream.url)
        made = caller.compare(connection="Upstream").json()
        wait_for(lambda: states(caller, made) == ["streaming"] * 2)
        assert caller.post(f"/comparisons/{made['id']}/cancel").json()["cancelled"] == 2
        comparison = finished(caller, made)
        upstream.wait_until_closed(2)  # the far end never ends it by itself
    assert [exchange["state"] for exchange in comparison["exchanges"]] == ["cancelled", "cancelled"]
    assert [exchange["text"] for exchange in comparison["exchanges"]] == [TEXT, TEXT]


def states(caller: Caller, made: dict[str, Any]) -> list[str]:
    return [exchange["state"] for exchange in caller.get(f"/comparisons/{made['id']}").json()["exchanges"]]


class TestWait:
    def test_it_ends_when_the_comparison_does(self, ann, caller):
        with Upstream([read(), pause(0.6), send(STREAM_HEAD + chunked(EVENTS))]) as upstream, running():
            connection_to(ann, upstream.url)
            made = caller.compare(connection="Upstream").json()
            began = time.monotonic()
            comparison = caller.get(f"/comparisons/{made['id']}?wait=60").json()
            took_s = time.monotonic() - began
        assert comparison["state"] == "finished"
        assert 0.4 < took_s < 50

    def test_it_ends_when_the_time_is_over(self, caller):
        made = caller.compare().json()
        began = time.monotonic()
        assert caller.get(f"/comparisons/{made['id']}?wait=0.4").json()["state"] == "running"
        assert 0.4 <= time.monotonic() - began < 30

    def test_it_sees_what_another_process_ends(self, caller):
        made = caller.compare().json()
        threading.Timer(0.3, lambda: call_command("shell", "-c", FINISH, verbosity=0)).start()
        began = time.monotonic()
        assert caller.get(f"/comparisons/{made['id']}?wait=60").json()["state"] == "finished"
        assert time.monotonic() - began < 50

    def test_past_the_limit_of_held_threads_the_answer_comes_at_once(self, caller):
        made = caller.compare().json()
        taken = 0
        while places.acquire(blocking=False):
            taken += 1
        try:
            began = time.monotonic()
            assert caller.get(f"/comparisons/{made['id']}?wait=60").json()["state"] == "running"
            assert time.monotonic() - began < 50
        finally:
            places.release(taken)

    def test_a_place_is_given_back(self, caller):
        made = caller.compare().json()
        before = places._value
        caller.get(f"/comparisons/{made['id']}?wait=0.01")
        assert places._value == before


# Without a word to this process: the rows alone say that it is finished.
FINISH = """
from django.db import connection
from django.utils import timezone
from betaconsole.runs.models import Comparison
Comparison.objects.update(finished_at=timezone.now())
connection.close()
"""


def test_the_token_command_prints_a_token_that_works(caller, capsys):
    call_command("token", "nightly job")
    secret = capsys.readouterr().out.strip()
    caller.secret = secret
    assert caller.compare().status_code == 201
    assert ApiToken.objects.get(name="nightly job").last_used_at is not None


def test_an_answer_says_what_came_of_each_beta(caller):
    body = {**BODY, "messages": [{"role": "user", "content": AT_ONCE}], "context_management": {"edits": []}}
    columns = [{"betas": []}, {"betas": [BETA, "files-api-2025-04-14"]}, {"betas": [BETA, "no-such-beta-2026-01-01"]}]
    with running():
        made = caller.compare(body=body, variants=columns).json()
        answer = finished(caller, made)
    assert fits(answer, ComparisonAnswer)
    missing, taken, unknown = (exchange["outcomes"] for exchange in answer["exchanges"])
    assert [(one["beta"], one["outcome"]) for one in missing] == [(BETA, "needed_but_missing")]
    assert [(one["beta"], one["outcome"]) for one in taken] == [
        (BETA, "effective"),  # its field was taken, and refused without it
        ("files-api-2025-04-14", "not_observable_here"),
    ]
    assert [(one["beta"], one["outcome"]) for one in unknown] == [
        (BETA, "inconclusive"),
        ("no-such-beta-2026-01-01", "refused_unknown"),
    ]
    assert all(set(one) == {"beta", "outcome", "evidence"} and one["evidence"] for one in (*missing, *taken, *unknown))
    whole = caller.get(f"/exchanges/{made['exchanges'][1]}").json()
    assert fits(whole, WholeExchangeAnswer)
    assert whole["outcomes"] == taken
