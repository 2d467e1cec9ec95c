"""What cannot be read any more is null in an answer and named, never empty as if nothing had been there."""

import pytest

from betaconsole.api.history import ExchangesAnswer, HistoryAnswer
from betaconsole.api.shapes import ComparisonAnswer, WholeExchangeAnswer
from betaconsole.runs.finding import index_pending
from betaconsole.runs.models import Comparison, Exchange, ToIndex, Wait
from betaconsole.runs.states import State
from tests.api.calling import Caller, fits
from tests.builders import make_comparison, make_exchange
from tests.damage import NO_JSON, NO_ZLIB, SHOWN, spoil

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann) -> Comparison:
    """One column answered, the other failed."""
    made = make_comparison(team, ann, exchanges=False, tags=["launch"])
    one, other = made.variants.all()
    last = make_exchange(made, one, answer="Fourteen days.")
    failed = {"failure_kind": "connect", "error_message": "No way there.", "response_headers": []}
    make_exchange(made, other, state=State.FAILED, **failed)
    Comparison.objects.filter(pk=made.pk).update(finished_at=last.ended_at)
    return made


def test_a_damaged_exchange_says_what_of_it_cannot_be_read(caller: Caller, comparison: Comparison) -> None:
    answered, failed = comparison.exchanges.order_by("pk")
    spoil(answered, **SHOWN, request_headers=NO_JSON)
    spoil(failed, error_message=NO_ZLIB)
    answer = caller.get(f"/exchanges/{answered.public_id}").json()
    assert fits(answer, WholeExchangeAnswer)
    assert sorted(answer["damaged"]) == [
        *("error.message", "events", "message", "request.headers", "response.headers", "text", "usage"),
    ]
    assert [answer[name] for name in ("message", "events", "text", "usage")] == [None] * 4
    assert (answer["request"]["headers"], answer["response"]["headers"]) == (None, None)
    assert answer["response"]["body_text"], "the bytes are stored apart"
    whole = caller.get(f"/comparisons/{comparison.public_id}").json()
    assert fits(whole, ComparisonAnswer)
    first, second = whole["exchanges"]
    assert (first["text"], first["usage"], sorted(first["damaged"])) == (None, None, ["error.message", "text", "usage"])
    assert (second["error"], second["damaged"]) == ({"type": "connect", "message": None}, ["error.message"])
    assert "damaged" not in whole


def test_a_damaged_comparison_says_what_of_it_cannot_be_read(caller: Caller, comparison: Comparison) -> None:
    spoil(comparison, checks=NO_JSON, tags=NO_JSON, tool_stubs=NO_JSON, summary=NO_JSON)
    answer = caller.get(f"/comparisons/{comparison.public_id}").json()
    assert fits(answer, ComparisonAnswer)
    assert (answer["checks"], answer["damaged"]) == (None, ["checks"])
    listed = caller.get("/history").json()
    assert fits(listed, HistoryAnswer)
    assert [(one["tags"], one["damaged"]) for one in listed["items"]] == [(None, ["tags"])]


def test_a_list_of_exchanges_names_what_is_damaged_in_each(caller: Caller, comparison: Comparison) -> None:
    ToIndex.objects.bulk_create(ToIndex(comparison=comparison, exchange=one) for one in comparison.exchanges.all())
    index_pending()
    spoil(comparison.exchanges.order_by("pk")[0], **SHOWN)
    answer = caller.get("/exchanges").json()
    assert fits(answer, ExchangesAnswer)
    found = {one["variant"]: one for one in answer["items"]}
    assert (found["Baseline"]["text"], sorted(found["Baseline"]["damaged"])) == (None, ["error.message", "text"])
    assert "damaged" not in found["Column 1"]


def test_calls_that_cannot_be_read_are_not_taken_for_none(caller: Caller, comparison: Comparison) -> None:
    waiting = Exchange.objects.filter(state=State.SUCCEEDED).get()
    Wait.objects.create(comparison=comparison, exchange=waiting, reason=Wait.Reason.RESULT)
    spoil(waiting, message=NO_ZLIB)
    for answer in (
        caller.get(f"/comparisons/{comparison.public_id}").json()["exchanges"][0],
        caller.get(f"/exchanges/{waiting.public_id}").json(),
    ):
        assert answer["waiting_for"] is None
        assert "waiting_for" in answer["damaged"]
