"""`manage.py reparse`: whatever is derived comes back from the bytes, and nothing else changes."""

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from betaconsole.claude.client import Deadlines
from betaconsole.runs import finding
from betaconsole.runs.models import Comparison, Exchange, Segment, ToIndex
from betaconsole.runs.sending import judging, reparsing
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.recording import interrupt
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.runs.sending.test_engine import DELTA, HELLO, OPEN, REFUSAL, SHUT, START, STOP, WHOLE, event
from tests.upstream import STREAM_HEAD, Peer, Upstream, answer, chunk, chunked, close, hang, read, reset, send, trickle

pytestmark = pytest.mark.django_db(transaction=True)

BETA = "interleaved-thinking-2025-05-14"
ERROR = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
MESSAGE = {
    "id": "msg_2", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 123_456, "output_tokens": 7},
}  # fmt: skip
PING = chunk(event("ping"))
PINGS = trickle(PING * 600, every_s=0.1, step=len(PING))  # so that only a person ends it, however slow the machine is
# Each way to end, by the name of its column.
ENDS: dict[str, Any] = {
    "whole": [read(), send(STREAM_HEAD + chunked(WHOLE))],
    "json": [read(), send(answer(json.dumps(MESSAGE).encode(), 200, "request-id: req_1"))],
    "refused": [read(), send(answer(REFUSAL, 400, "request-id: req_2"))],
    "busy": [read(), send(answer(ERROR.split(b"data: ")[1].strip(), 529, "retry-after: 7"))],
    "error event": [read(), send(STREAM_HEAD + chunked([START, OPEN, HELLO, ERROR]))],
    "web page": [read(), send(answer(b"<html>busy</html>", 200, content_type="text/html"))],
    "cut": [read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), close()],
    "silent": [read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), hang()],
    "stopped": [read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), PINGS],
    "no answer": [read(), reset()],
}
DERIVED: dict[str, Any] = {
    "message": b'"spoiled"', "text": "spoiled", "model_used": "spoiled", "stop_reason": "spoiled", "usage": {"spoiled": 1},
    "input_tokens": 99, "output_tokens": 99, "cache_read_tokens": 99, "cache_write_tokens": 99, "cost_usd": 99,
    "request_id": "spoiled", "warnings": ["spoiled"], "outcomes": {"baseline": None, "betas": []},
}  # fmt: skip
OUTCOME = {
    "failure_kind": "spoiled", "error_type": "spoiled", "error_message": "spoiled", "error_code": "spoiled",
    "refused_betas": ["spoiled"], "retry_after_s": 99.0,
}  # fmt: skip
TOLD_BY_BYTES = ("whole", "json", "refused", "busy", "error event", "web page")


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture
def ended(ann: Membership) -> dict[str, Exchange]:
    """One exchange for each way to end."""

    def far_end(peer: Peer) -> None:
        name = json.loads(peer.read_request().body)["metadata"]
        for step in ENDS[name][1:]:
            step(peer)

    with Upstream(far_end) as upstream, running(deadlines=Deadlines(idle_s=1)):
        to = connection_to(ann, upstream.url)
        comparisons = {name: run(ann, to, plan([[BETA]], metadata=name)) for name in ENDS}
        stopped = comparisons["stopped"]
        wait_for(lambda: stopped.exchanges.filter(state=State.STREAMING).exists(), what="a stream")
        cancel(stopped)
        exchanges = {name: wait_until_finished(comparison)[0] for name, comparison in comparisons.items()}
    judging.judge_ended([exchange.pk for exchange in exchanges.values()])
    return exchanges


def stored() -> list[dict[str, Any]]:
    return [{**row, "version": None} for row in Exchange.objects.order_by("pk").values()]


def versions() -> dict[str, int]:
    return dict(Exchange.objects.values_list("public_id", "version"))


def reparsed(*arguments: str) -> str:
    out = StringIO()
    call_command("reparse", *arguments, stdout=out)
    return out.getvalue().splitlines()[-1]


def test_what_was_spoiled_comes_back_and_nothing_else_moves(ended: dict[str, Exchange]) -> None:
    states = {name: exchange.state for name, exchange in ended.items()}
    assert len(set(states.values())) >= 5
    before, as_sent = stored(), versions()
    assert reparsed("--all") == "9 read, 0 changed."
    assert (stored(), versions()) == (before, as_sent)
    answered = Exchange.objects.exclude(response_body=None)
    answered.update(**DERIVED)
    answered.filter(pk__in=[ended[name].pk for name in TOLD_BY_BYTES]).update(**OUTCOME)
    assert stored() != before
    assert reparsed("--all") == "9 read, 9 changed."
    assert stored() == before
    moved = {one.public_id for one in answered}
    assert versions() == {key: version + (key in moved) for key, version in as_sent.items()}


def test_one_exchange_alone_is_read_again(ended: dict[str, Exchange]) -> None:
    Exchange.objects.update(text="spoiled")
    assert reparsed("--exchange", ended["whole"].public_id) == "1 read, 1 changed."
    assert Exchange.objects.exclude(text="spoiled").get().pk == ended["whole"].pk


def test_what_cannot_be_read_again_is_named(ended: dict[str, Exchange]) -> None:
    with pytest.raises(CommandError, match="no exchange nothing"):
        reparsed("--exchange", "nothing")
    with pytest.raises(CommandError, match="no stored response"):
        reparsed("--exchange", ended["no answer"].public_id)


def test_a_run_that_was_stopped_goes_on_where_it_was(ended: dict[str, Exchange]) -> None:
    Exchange.objects.exclude(response_body=None).update(text="spoiled")
    counts = reparsing.Counts()
    reparsing.reparse(reparsing.next_batch(after=0, size=4), counts)
    assert (counts.read, counts.changed) == (4, 4)
    assert Exchange.objects.filter(text="spoiled").count() == 5
    assert reparsed("--all", "--after", str(counts.last_id)) == "5 read, 5 changed."
    assert not Exchange.objects.filter(text="spoiled").exists()


def test_a_state_stays_where_the_bytes_say_something_else(ended: dict[str, Exchange]) -> None:
    Exchange.objects.filter(pk=ended["cut"].pk).update(state=State.SUCCEEDED, failure_kind="", error_message="")
    assert reparsed("--all") == "9 read, 0 changed, 1 read as another state than stored (their states stay)."
    cut = Exchange.objects.get(pk=ended["cut"].pk)
    assert (cut.state, cut.error_message) == (State.SUCCEEDED, "")


def test_text_that_came_back_is_found_again(ann: Membership, ended: dict[str, Exchange]) -> None:
    def found() -> bool:
        while finding.index_pending():
            pass
        return whole.comparison_id in finding.search(ann.team, "hello there")

    whole = ended["whole"]
    assert found()
    Exchange.objects.filter(pk=whole.pk).update(text="spoiled")
    ToIndex.objects.create(comparison_id=whole.comparison_id, exchange=whole)
    assert not found()
    reparsed("--all")
    assert found()


def test_the_list_says_what_it_cost_when_that_came_back(ended: dict[str, Exchange]) -> None:
    def listed() -> Decimal | None:
        while finding.index_pending():
            pass
        return Comparison.objects.get(pk=ended["json"].comparison_id).cost_usd

    cost_usd = listed()
    Exchange.objects.filter(pk=ended["json"].pk).update(cost_usd=99)
    ToIndex.objects.create(comparison_id=ended["json"].comparison_id)
    assert (cost_usd is not None, listed()) == (True, 99)
    assert reparsed("--all") == "9 read, 1 changed."
    assert listed() == cost_usd


@pytest.mark.parametrize("ending", [b"", ERROR, SHUT + DELTA + STOP], ids=["cut", "after an error", "after its end"])
def test_an_interrupted_stream_comes_back_too(ann: Membership, ending: bytes) -> None:
    comparison: Comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]]))
    [exchange] = comparison.exchanges.all()
    headers = [["content-type", "text/event-stream"]]
    Exchange.objects.update(state=State.STREAMING, worker="gone:1", status=200, response_headers=headers)
    Segment.objects.create(exchange=exchange, seq=0, data=START + OPEN + HELLO + ending, timeline=[])
    assert interrupt(Exchange.objects.get().pk)
    judging.judge_ended([exchange.pk])
    before = stored()
    Exchange.objects.update(**DERIVED)
    reparsed("--all")
    assert stored() == before
    assert before[0]["state"] == State.INTERRUPTED
