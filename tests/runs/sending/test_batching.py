"""A comparison as Message Batches, on the simulator and against a scripted far end."""

import json
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from betaconsole.runs.launching.adding import add_without, run_again
from betaconsole.runs.launching.planning import Plan, PlanError
from betaconsole.runs.models import Batch, Comparison, Exchange
from betaconsole.runs.sending import batching
from betaconsole.runs.sending.batch_groups import Cell, create_body, groups
from betaconsole.runs.sending.batch_lines import lines_of, result_of
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.reparsing import rebuilt
from betaconsole.runs.states import FINAL, State
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests import recorded
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.upstream import Peer, Upstream, answer

pytestmark = pytest.mark.django_db(transaction=True)
THINKING = "interleaved-thinking-2025-05-14"
AT_ONCE = "[[simulator: tps=inf]]"
SLOWLY = "[[simulator: tps=40]]"  # some seconds to its first answer
BATCH = "msgbatch_01AbcDefGhi"


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture(autouse=True)
def _looks_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "FIRST_LOOK_S", 0.05)
    monkeypatch.setattr("betaconsole.runs.sending.engine.BATCHES_S", 0.05)


def batch_plan(*betas: list[str], system: str = AT_ONCE, **options: Any) -> Plan:
    made = plan(betas or ([], []), stream=False, system=system, **options)
    return Plan(**{**vars(made), "engine": "batch"})


def simulated(ann: Membership, asked: Plan) -> Comparison:
    return run(ann, Connection.objects.get(team=ann.team, kind=Connection.Kind.SIMULATOR), asked)


def calls(batch: Batch) -> list[str]:
    """Every call of a batch's errand, in order."""
    sent = batch.errand.exchanges.order_by("pk")
    return [f"{call.method} {call.url.partition('/v1/messages/batches')[2]}" for call in sent]


class TestOnTheSimulator:
    def test_every_cell_gets_its_own_answer_at_half_price(self, ann: Membership) -> None:
        with running():
            comparison = simulated(ann, batch_plan(repeats=3))
            cells = wait_until_finished(comparison)
        assert {cell.state for cell in cells} == {State.SUCCEEDED}
        [batch] = comparison.batches.all()
        lines = {line.custom_id: line.data for line in lines_of(results_of(batch))}
        for cell in cells:
            assert bytes(cell.response_body.data) == lines[cell.public_id]
            message = json.loads(lines[cell.public_id])["result"]["message"]
            assert json.loads(cell.message) == message
            assert (cell.text, cell.usage) == (message["content"][0]["text"], message["usage"])
            assert (cell.sent_at, cell.total_ms, cell.status, cell.first_text_ms) == (None, None, None, None)
            assert not rebuilt(cell).fields
        live = simulated_live_cost(cells[0])
        assert float(cells[0].cost_usd) == pytest.approx(live / 2)
        assert (batch.status, batch.counts["succeeded"], batch.ended_at is None) == ("ended", 6, False)

    def test_columns_with_another_header_line_go_in_another_batch(self, ann: Membership) -> None:
        with running():
            comparison = simulated(ann, batch_plan([], [THINKING], [THINKING], repeats=2))
            wait_until_finished(comparison)
        first, second = comparison.batches.order_by("position")
        assert [first.exchanges.count(), second.exchanges.count()] == [2, 4]
        make = second.errand.exchanges.order_by("pk").first()
        assert dict(make.request_headers)["anthropic-beta"] == THINKING
        params = [one["params"] for one in json.loads(bytes(make.request_body.data))["requests"]]
        assert all("stream" not in body for body in params)
        assert second.errand.title == f"Batch 2 of 2 for #{comparison.number}"
        assert second.errand.is_errand
        assert (second.errand.author, second.errand.connection) == (comparison.author, comparison.connection)

    def test_some_may_fail_and_say_why(self, ann: Membership) -> None:
        asked = batch_plan([], [], temperature=0.5)  # a sampling parameter is refused in this version of the API
        asked = Plan(**{**vars(asked), "variants": [asked.variants[0], allowed(asked.variants[1])]})
        with running():
            refused, good = wait_until_finished(simulated(ann, asked))
        assert (good.state, refused.state) == (State.SUCCEEDED, State.FAILED)
        assert (refused.error_type, refused.failure_kind) == ("invalid_request_error", "http_error")
        assert "temperature" in refused.error_message
        assert not rebuilt(refused).fields

    def test_what_expired_is_told_from_what_ran(self, ann: Membership) -> None:
        with running():
            cells = wait_until_finished(
                simulated(ann, batch_plan(repeats=2, system="[[simulator: batch=expire tps=inf]]"))
            )
        assert Counter((cell.state, cell.failure_kind) for cell in cells) == {
            (State.SUCCEEDED.value, ""): 2,
            (State.FAILED.value, "expired"): 2,
        }

    def test_stopping_asks_the_api_and_waits_for_what_it_says(self, ann: Membership) -> None:
        with running():
            comparison = simulated(ann, batch_plan(system=SLOWLY))
            batch = wait_for(lambda: comparison.batches.exclude(batch_id="").first(), what="the batch")
            assert cancel(comparison) == 2
            assert {cell.state for cell in comparison.exchanges.all()} == {State.QUEUED}
            cells = wait_until_finished(comparison)
        assert {cell.state for cell in cells} == {State.CANCELLED}
        assert calls(batch).count(f"POST /{batch.batch_id}/cancel") == 1

    def test_a_press_of_stop_is_answered_at_once(self, ann: Membership, client: Any) -> None:
        with running():
            comparison = simulated(ann, batch_plan(system=SLOWLY))
            wait_for(lambda: comparison.batches.exclude(batch_id="").first(), what="the batch")
            answered = client.post(reverse("runs:cancel", args=[comparison.public_id]), headers={"HX-Request": "true"})
            said = answered.content.decode()
            wait_until_finished(comparison)
        assert 'hx-target="#batches"' in said
        assert "asked to stop" in said or "being cancelled" in said

    def test_a_column_is_run_again_in_a_batch_of_its_own(self, ann: Membership) -> None:
        with running():
            comparison = simulated(ann, batch_plan(["no-such-beta-2026-01-01"], []))
            refused, good = wait_until_finished(comparison)
            assert (refused.state, refused.refused_betas) == (State.FAILED, ["no-such-beta-2026-01-01"])
            assert (refused.status, good.state) == (400, State.SUCCEEDED)
            added = add_without(comparison, refused.variant, author=ann.user)
            run_again(comparison, refused.variant, case=0, repeat=1, author=ann.user)
            wait_until_finished(Comparison.objects.get(pk=comparison.pk))
        assert added.exchanges.get().state == State.SUCCEEDED
        assert refused.variant.exchanges.order_by("-attempt").first().state == State.FAILED
        assert comparison.batches.count() == 4


def allowed(variant: Any) -> Any:
    return type(variant)(**{**vars(variant), "version": "2023-06-01"})


def simulated_live_cost(cell: Exchange) -> float:
    from betaconsole.catalogue.pricing import cost_usd

    usage = {**cell.usage, "service_tier": "standard"}
    return float(cost_usd(usage, model=cell.model_used))  # type: ignore[arg-type]


def results_of(batch: Batch) -> bytes:
    [fetched] = batch.errand.exchanges.filter(case__name=batching.RESULTS)
    return bytes(fetched.response_body.data)


class FarEnd:
    """A batch endpoint of which a test says every answer: by method and the end of the path, in order; the last one
    again."""

    def __init__(self, **said: Any) -> None:
        self.said = {name: list(answers) for name, answers in said.items()}
        self.asked: list[str] = []

    def __call__(self, peer: Peer) -> None:
        request = peer.read_request()
        method, path, _ = request.line.split(" ")
        name = (
            path.rpartition("/")[2]
            if path.endswith(("/results", "/cancel"))
            else "make"
            if method == "POST"
            else "look"
        )
        self.asked.append(name)
        answers = self.said[name]
        said = answers.pop(0) if len(answers) > 1 else answers[0]
        said = said(request) if callable(said) else said
        if said is not None:
            peer.send(said)


def told(status: str = "in_progress", **fields: Any) -> bytes:
    counts = {"processing": 2, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    batch = {"id": BATCH, "type": "message_batch", "processing_status": status, "request_counts": counts, **fields}
    return answer(json.dumps(batch).encode())


def ids_in(request: Any) -> list[str]:
    return [one["custom_id"] for one in json.loads(request.body)["requests"]]


def line(custom_id: str, **result: Any) -> bytes:
    return json.dumps({"custom_id": custom_id, "result": result}).encode() + b"\n"


MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hello."}], "usage": {"input_tokens": 10, "output_tokens": 5},
}  # fmt: skip


def remote(ann: Membership, far_end: FarEnd, upstream: Upstream, *betas: list[str]) -> Comparison:
    return run(ann, connection_to(ann, upstream.url), batch_plan(*betas))


class TestAgainstAScriptedFarEnd:
    def finished(self, ann: Membership, far_end: FarEnd) -> tuple[Comparison, list[Exchange]]:
        with Upstream(far_end) as upstream, running():
            comparison = remote(ann, far_end, upstream)
            return comparison, wait_until_finished(comparison)

    def test_a_cell_without_a_line_has_no_result(self, ann: Membership) -> None:
        made: list[str] = []

        def make(request: Any) -> bytes:
            made.extend(ids_in(request))
            return told()

        def results(request: Any) -> bytes:
            lines = b"not json\n" + line("foreign", type="expired") + line(made[1], type="succeeded", message=MESSAGE)
            return answer(lines, content_type="application/x-jsonl")

        far_end = FarEnd(make=[make], look=[told(), told("ended")], results=[results])
        _, [lost, good] = self.finished(ann, far_end)
        assert far_end.asked == ["make", "look", "look", "results"]
        assert (good.state, good.text) == (State.SUCCEEDED, "Hello.")
        assert (lost.state, lost.failure_kind) == (State.FAILED, "no_result")
        assert "no result" in lost.error_message

    def test_a_refused_batch_refuses_its_cells_in_the_apis_words(self, ann: Membership) -> None:
        message = "Unexpected value(s) `some-beta-1` for the `anthropic-beta` header."
        body = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": message}}).encode()
        _, cells = self.finished(ann, FarEnd(make=[answer(body, 400)]))
        for cell in cells:
            assert (cell.state, cell.status, cell.error_message) == (State.FAILED, 400, message)
            assert cell.refused_betas == ["some-beta-1"]
            assert cell.response_body is None

    @pytest.mark.parametrize("said", [None, answer(b"<html>", content_type="text/html"), answer(b'{"id":"../../x"}')])
    def test_where_it_is_not_known_whether_a_batch_was_made_nothing_is_sent_again(
        self, ann: Membership, said: bytes | None
    ) -> None:
        far_end = FarEnd(make=[said])
        _, cells = self.finished(ann, far_end)
        assert {(cell.state, cell.failure_kind) for cell in cells} == {(State.UNKNOWN_OUTCOME, "batch_lost")}
        assert far_end.asked == ["make"]

    def test_a_look_that_fails_is_followed_by_another(self, ann: Membership) -> None:
        busy = answer(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 529)
        gone = answer(b'{"type":"error","error":{"type":"not_found_error","message":"gone"}}', 404)
        far_end = FarEnd(make=[told()], look=[busy, None, told("ended")], results=[busy, None, gone])
        _, cells = self.finished(ann, far_end)
        assert far_end.asked == ["make", "look", "look", "look", "results", "results", "results"]
        assert {cell.state for cell in cells} == {State.UNKNOWN_OUTCOME}
        assert "could not be fetched" in cells[0].error_message

    def test_a_batch_that_is_gone_leaves_its_cells_unknown(self, ann: Membership) -> None:
        gone = answer(b'{"type":"error","error":{"type":"not_found_error","message":"gone"}}', 404)
        _, cells = self.finished(ann, FarEnd(make=[told()], look=[gone]))
        assert {cell.state for cell in cells} == {State.UNKNOWN_OUTCOME}

    def test_a_batch_that_never_ends_is_given_up_after_its_time(self, ann: Membership) -> None:
        past = (timezone.now() - timedelta(hours=2)).isoformat()
        busy = answer(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 529)
        _, cells = self.finished(ann, FarEnd(make=[told(expires_at=past)], look=[busy]))
        assert {cell.state for cell in cells} == {State.UNKNOWN_OUTCOME}

    def test_the_key_goes_nowhere_a_batch_says(self, ann: Membership) -> None:
        elsewhere = {"results_url": "http://127.0.0.1:1/steal"}
        far_end = FarEnd(make=[told(**elsewhere)], look=[told("ended", **elsewhere)], results=[answer(b"")])
        with Upstream(far_end) as upstream, running():
            comparison = remote(ann, far_end, upstream)
            wait_until_finished(comparison)
        assert far_end.asked[-1] == "results"

    def test_stopping_before_the_batch_was_made_sends_nothing(self, ann: Membership, settings: Any) -> None:
        far_end = FarEnd(make=[told()])
        with Upstream(far_end) as upstream:
            comparison = remote(ann, far_end, upstream)
            batching.make_batches(comparison)
            cancel(comparison)
            with running():
                cells = wait_until_finished(comparison)
                time.sleep(0.2)
        assert (far_end.asked, {cell.state for cell in cells}) == ([], {State.CANCELLED})

    def test_one_column_of_a_batch_cannot_be_stopped_alone_and_one_in_none_can(self, ann: Membership) -> None:
        far_end = FarEnd(make=[told()], look=[told()], cancel=[told("canceling")])
        with Upstream(far_end) as upstream, running():
            comparison = remote(ann, far_end, upstream)
            wait_for(lambda: comparison.batches.exclude(batch_id="").exists(), what="the batch")
            cancel(comparison, variant=comparison.variants.first())
            time.sleep(0.3)
            assert "cancel" not in far_end.asked
            cancel(comparison)
            wait_for(lambda: "cancel" in far_end.asked, what="the call that cancels")
            cancel(comparison)
            time.sleep(0.3)
        assert far_end.asked.count("cancel") == 1

    def test_stopping_a_batchs_own_page_stops_the_batch(self, ann: Membership) -> None:
        far_end = FarEnd(make=[told()], look=[told()], cancel=[told("canceling")])
        with Upstream(far_end) as upstream, running():
            comparison = remote(ann, far_end, upstream)
            batch = wait_for(lambda: comparison.batches.exclude(batch_id="").first(), what="the batch")
            cancel(batch.errand)
            wait_for(lambda: "cancel" in far_end.asked, what="the call that cancels")

    def test_a_batchs_own_calls_are_not_sent_again_by_hand(self, ann: Membership) -> None:
        comparison, _ = self.finished(ann, FarEnd(make=[answer(b"{}", 500)]))
        errand = comparison.batches.get().errand
        with pytest.raises(PlanError, match="batch"):
            run_again(errand, errand.variants.get(), case=0, repeat=1, author=ann.user)

    def test_a_batchs_own_page_makes_no_further_batches(self, ann: Membership, client: Any) -> None:
        comparison, _ = self.finished(
            ann, FarEnd(make=[told()], look=[told()] * 2 + [told("ended")], results=[answer(b"")])
        )
        errand = comparison.batches.get().errand
        errand.variants.get().exchanges.update(refused_betas=["a-1"])
        errand.variants.update(betas=["a-1"])
        count = Comparison.objects.count()
        with pytest.raises(PlanError, match="batch"):
            add_without(errand, errand.variants.get(), author=ann.user)
        page = client.post(reverse("runs:again", args=[errand.public_id]))
        assert (page.status_code, Comparison.objects.count()) == (409, count)
        assert b"Run again" not in client.get(errand.get_absolute_url()).content


class TestAfterARestart:
    def test_a_batch_that_the_simulator_forgot_says_so(self, ann: Membership) -> None:
        with running():
            comparison = simulated(ann, batch_plan(system="[[simulator: tps=1]]"))
            batch = wait_for(lambda: comparison.batches.exclude(batch_id="").first(), what="the batch")
        # As after a restart, no batch has this id: neither where the next look is queued nor where it is still to be.
        for call in batch.errand.exchanges.queued():
            Exchange.objects.filter(pk=call.pk).update(url=call.url.replace(batch.batch_id, BATCH))
        Batch.objects.filter(pk=batch.pk).update(batch_id=BATCH)
        with running():
            cells = wait_until_finished(comparison)
        assert {cell.state for cell in cells} == {State.UNKNOWN_OUTCOME}
        assert "simulator" in cells[0].error_message
        assert "restarted" in cells[0].error_message

    def test_following_goes_on_where_it_was(self, ann: Membership) -> None:
        made: list[str] = []

        def make(request: Any) -> bytes:
            made.extend(ids_in(request))
            return told()

        def results(request: Any) -> bytes:
            return answer(b"".join(line(one, type="succeeded", message=MESSAGE) for one in made))

        far_end = FarEnd(make=[make], look=[told()], results=[results])
        with Upstream(far_end) as upstream:
            with running():
                comparison = remote(ann, far_end, upstream)
                wait_for(lambda: comparison.batches.exclude(batch_id="").exists(), what="the batch")
            assert {cell.state for cell in comparison.exchanges.all()} == {State.QUEUED}
            far_end.said["look"] = [told("ended")]
            with running():
                cells = wait_until_finished(comparison)
        assert {cell.state for cell in cells} == {State.SUCCEEDED}
        assert far_end.asked.count("make") == 1

    def test_a_making_that_was_cut_off_is_never_repeated(self, ann: Membership) -> None:
        far_end = FarEnd(make=[told()], look=[told()])
        with Upstream(far_end) as upstream:
            comparison = remote(ann, far_end, upstream)
            batching.make_batches(comparison)
            make = comparison.batches.get().errand.exchanges
            make.update(state=State.INTERRUPTED, ended_at=timezone.now())
            with running():
                cells = wait_until_finished(comparison)
        assert (far_end.asked, {cell.state for cell in cells}) == ([], {State.UNKNOWN_OUTCOME})

    def test_results_half_read_are_read_to_their_end(self, ann: Membership) -> None:
        comparison = simulated(ann, batch_plan(repeats=2))
        batching.make_batches(comparison)
        batch = comparison.batches.select_related("comparison").get()
        ids = list(comparison.exchanges.order_by("pk").values_list("public_id", flat=True))
        first = line(ids[0], type="succeeded", message=MESSAGE)
        batching._keep(batch, [batching._Taken.of(comparison.exchanges.first().pk, first.strip(), model="")])
        other = {**MESSAGE, "content": [{"type": "text", "text": "Another."}]}
        batching.take_results(batch, b"".join(line(one, type="succeeded", message=other) for one in ids))
        texts = comparison.exchanges.order_by("pk").values_list("text", flat=True)
        assert list(texts) == ["Hello.", "Another.", "Another.", "Another."]

    def test_two_processes_make_one_batch(self, ann: Membership) -> None:
        comparison = simulated(ann, batch_plan())
        batching.make_batches(comparison)
        batching.make_batches(comparison)
        batch = comparison.batches.get()
        make = batch.errand.exchanges.get()
        make.state, make.ended_at = State.SUCCEEDED, timezone.now()
        make.message = json.dumps({"id": BATCH, "processing_status": "in_progress"}).encode()
        make.save()
        for _ in range(2):
            batching.follow(Batch.objects.get(pk=batch.pk))
        batching._made(Batch.objects.get(pk=batch.pk), make)
        assert len(calls(batch)) == 2


def test_hundreds_of_cells_are_read_in_small_transactions(ann: Membership) -> None:
    made: list[str] = []

    def make(request: Any) -> bytes:
        made.extend(ids_in(request))
        return told()

    def results(request: Any) -> bytes:
        return answer(b"".join(line(one, type="succeeded", message=MESSAGE) for one in reversed(made)))

    far_end = FarEnd(make=[make], look=[told("ended")], results=[results])
    with Upstream(far_end) as upstream:
        comparison = run(ann, connection_to(ann, upstream.url), batch_plan(*[[]] * 10, repeats=30))
        with running():
            wait_until_finished(comparison)
    assert comparison.exchanges.filter(state=State.SUCCEEDED, text="Hello.").count() == 300


# Pure -----------------------------------------------------------------------------------------------------------------


def cell(pk: int, header: str = "", *, size: int = 100, max_tokens: int = 100) -> Cell:
    return Cell(pk, f"id{pk}", [["anthropic-beta", header]], body_id=pk, size=size, max_tokens=max_tokens)


def test_cells_are_grouped_by_header_lines_and_bounded_by_size() -> None:
    assert [[one.pk for one in part] for part in groups([cell(1), cell(2, "b"), cell(3)])] == [[1, 3], [2]]
    large = [cell(pk, size=12 * 1024 * 1024) for pk in range(5)]
    assert [len(part) for part in groups(large)] == [2, 2, 1]
    long = [cell(pk, max_tokens=128_000) for pk in range(200)]
    assert [len(part) for part in groups(long)] == [77, 77, 46]


def test_numbers_of_a_body_stay_as_they_were_typed() -> None:
    body = create_body([cell(1), cell(2)], {1: b'{"a":1.0}', 2: b'{"b":1e2}'})
    assert body == b'{"requests":[{"custom_id":"id1","params":{"a":1.0}},{"custom_id":"id2","params":{"b":1e2}}]}'


@pytest.mark.parametrize(
    ("said", "state", "kind"),
    [
        ({"type": "succeeded", "message": MESSAGE}, "succeeded", ""),
        (
            {"type": "errored", "error": {"type": "error", "error": {"type": "x", "message": "m"}}},
            "failed",
            "http_error",
        ),
        ({"type": "errored", "error": {"type": "overloaded_error", "message": "m"}}, "failed", "http_error"),
        ({"type": "errored", "error": None}, "failed", "http_error"),
        ({"type": "canceled"}, "cancelled", "cancelled"),
        ({"type": "expired"}, "failed", "expired"),
        ({"type": "teleported"}, "failed", "protocol"),
        ({"type": ["a"]}, "failed", "protocol"),
        ("nothing", "failed", "protocol"),
    ],
)
def test_every_kind_of_result_is_read(said: Any, state: str, kind: str) -> None:
    result = result_of(json.dumps({"custom_id": "a", "result": said}).encode())
    assert (result.state, result.kind) == (state, kind)
    assert State(result.state) in FINAL


def test_recorded_results_are_read() -> None:
    for row in recorded.exchanges():
        if row["request"]["path"].endswith("/results"):
            found = list(lines_of(row["response"]["body_text"].encode()))
            assert found
            assert {result_of(one.data).state for one in found} <= {"succeeded", "failed"}
