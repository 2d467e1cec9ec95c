"""From stored exchanges to the numbers that columns are compared by."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from betaconsole.compare.observing import inputs_of
from betaconsole.compare.reading_answers import Answers, read_answer
from betaconsole.runs.models import Comparison, Variant, Wait
from betaconsole.runs.states import State
from betaconsole.statistics.inputs import Column, Inputs
from tests.builders import make_comparison, make_exchange, message
from tests.runs.conversations import THOUGHT, call, make_conversation, make_waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann) -> Comparison:
    return make_comparison(team, ann, exchanges=False)


def columns(comparison: Comparison) -> list[Variant]:
    return list(comparison.variants.order_by("position"))


def column(inputs: Inputs, position: int = 0) -> Column:
    return inputs.columns[position]


def test_each_answer_is_measured(comparison):
    first, second = columns(comparison)
    make_exchange(comparison, first, answer="Hello.")
    make_exchange(comparison, second, answer="Hello there.", output_tokens=460, total_ms=5780.0)

    inputs = inputs_of(comparison)

    values = {key: cells.get((0, 1)) for key, cells in column(inputs).values.items()}
    assert values == {
        "output_tokens": 455.0,
        "input_tokens": 2604.0,
        "cost_usd": 0.0146,
        "first_text_ms": 812.0,
        "total_ms": 6420.0,
        "tokens_per_second": pytest.approx(455 * 1000 / 5780),
        "longest_silence_ms": pytest.approx(180.5),
        "text_length": 6.0,
        "refusal": 0.0,
        "stop_reason:end_turn": 1.0,
        "block:text": 1.0,
    }
    assert [figure.key for figure in inputs.figures] == list(values)
    assert column(inputs, 1).values["text_length"] == {(0, 1): 12.0}
    assert (column(inputs).baseline, column(inputs, 1).baseline) == (None, 0)
    assert inputs.finished


def test_the_turns_of_a_cell_are_one_value(comparison):
    first, _ = columns(comparison)
    make_conversation(comparison, first, [message("So.", call(), stop_reason="tool_use"), "It was delivered."])

    values = column(inputs_of(comparison)).values

    assert values["output_tokens"] == {(0, 1): 910.0}
    assert values["text_length"] == {(0, 1): float(len("So.") + len("It was delivered."))}
    assert values["tool_calls"] == {(0, 1): 1.0}
    assert values["block:tool_use"] == {(0, 1): 1.0}
    assert values["stop_reason:end_turn"] == {(0, 1): 1.0}


def test_what_did_not_succeed_does_not_count_and_says_why(comparison):
    first, second = columns(comparison)
    make_exchange(comparison, first)
    make_exchange(comparison, second, repeat=1, state=State.FAILED, refused_betas=["made-up-2026-01-01"])
    make_exchange(comparison, second, repeat=2, state=State.FAILED)
    make_exchange(comparison, second, repeat=3, state=State.SKIPPED)
    make_exchange(comparison, second, repeat=4, state=State.QUEUED)

    inputs = inputs_of(comparison)

    assert column(inputs, 1).excluded == {"refused": 1, "failed": 1, "skipped": 1}
    assert column(inputs, 1).planned == 4
    assert column(inputs, 1).values["output_tokens"] == {}
    assert not inputs.finished


def test_of_a_turn_the_last_attempt_counts(comparison):
    first, _ = columns(comparison)
    make_exchange(comparison, first, state=State.FAILED)
    make_exchange(comparison, first, attempt=2, output_tokens=7)

    found = column(inputs_of(comparison))

    assert found.values["output_tokens"] == {(0, 1): 7.0}
    assert (found.planned, found.excluded) == (1, {})


def test_a_cell_that_waits_for_a_person_does_not_count(comparison):
    first, _ = columns(comparison)
    make_waiting(comparison, first)

    inputs = inputs_of(comparison)

    assert column(inputs).excluded == {"waiting for a person": 1}
    assert not inputs.finished
    Wait.objects.all().delete()
    assert column(inputs_of(comparison)).excluded == {}


def test_answers_are_the_same_but_for_what_is_made_anew():
    def digest(*content: Any, **fields: Any) -> str:
        stored = json.dumps(message(*content, **fields)).encode()
        return read_answer(stored, None, is_message=True).digest

    thought = {"type": "thinking", "thinking": "Hm.", "signature": "one"}
    assert digest(thought, call("toolu_1")) == digest({**thought, "signature": "two"}, call("toolu_2"))
    assert digest(call(order_id="A-1")) != digest(call(order_id="A-2"))
    assert digest(call(id="1")) != digest(call(id="2")), "what the model chose is no id of the API"
    assert digest("Hello.") != digest("Hello!")
    assert digest("Hello.", stop_reason="end_turn") == digest("Hello.", stop_reason="max_tokens")


@pytest.mark.parametrize("stored", [b"", b"null", b"[]", b"{", b'{"content": 5}', b'{"content": [5, {"type": null}]}'])
def test_a_damaged_message_is_read_as_far_as_it_goes(stored):
    answer = read_answer(stored, b'{"no": "timeline"}', is_message=True)
    assert answer.longest_silence_ms is None
    assert answer.characters in (None, 0)


def test_names_that_are_hostile_stay_short_and_few(comparison):
    first, _ = columns(comparison)
    blocks = [{"type": f"{number:03d}\x00" + "x" * 500} for number in range(100)]
    make_exchange(comparison, first, answer=message(*blocks), input_tokens=2**62)

    inputs = inputs_of(comparison)

    keys = [figure.key for figure in inputs.figures if figure.key.startswith("block:")]
    assert len(keys) == 24
    assert max(map(len, keys)) < 80
    assert "input_tokens" not in {figure.key for figure in inputs.figures}
    assert Inputs.load(json.loads(json.dumps(inputs.dump()))) == inputs


def test_where_no_message_answers_there_are_times_alone(team, ann):
    comparison = make_comparison(team, ann, exchanges=False, method="GET", path="/v1/models")
    for repeat in (1, 2):
        listed = json.dumps({"data": [], "first_id": None}).encode()
        make_exchange(comparison, columns(comparison)[0], repeat=repeat, text="", usage=None, message=listed)

    inputs = inputs_of(comparison)

    assert {"total_ms", "longest_silence_ms"} <= {figure.key for figure in inputs.figures}
    assert not {"output_tokens", "text_length", "refusal"} & {figure.key for figure in inputs.figures}
    assert len(set(column(inputs).outputs.values())) == 1


def test_fields_that_not_every_answer_has_are_figures(team, ann):
    comparison = make_comparison(team, ann, exchanges=False, method="GET", path="/v1/files")
    for variant, fields in zip(columns(comparison), ({"data": [], "has_more": False}, {"data": []}), strict=True):
        make_exchange(comparison, variant, message=json.dumps(fields).encode())

    inputs = inputs_of(comparison)

    assert [one.values["field:has_more"][0, 1] for one in inputs.columns] == [1.0, 0.0]
    assert "field:data" not in {figure.key for figure in inputs.figures}


def test_blocks_that_come_more_than_once_are_counted(comparison):
    first, second = columns(comparison)
    make_conversation(comparison, first, [message(THOUGHT, call(), stop_reason="tool_use"), message(THOUGHT, "Done.")])
    make_exchange(comparison, second, answer=message(THOUGHT, "Done."))

    found = [one.values["blocks:thinking"] for one in inputs_of(comparison).columns]

    assert found == [{(0, 1): 2.0}, {(0, 1): 1.0}]


def test_what_a_batch_answered_has_no_times(team, ann):
    comparison = make_comparison(team, ann, exchanges=False, engine="batch")
    make_exchange(comparison, columns(comparison)[0])

    keys = {figure.key for figure in inputs_of(comparison).figures}

    assert {"output_tokens", "cost_usd", "text_length"} <= keys
    assert not {"total_ms", "first_text_ms", "tokens_per_second", "longest_silence_ms"} & keys


def test_repeats_added_or_stopped_short_are_known(comparison):
    first, _ = columns(comparison)
    make_exchange(comparison, first)
    assert not inputs_of(comparison).extended
    comparison.planned_repeats = 1
    assert inputs_of(comparison).extended
    comparison.planned_repeats = None
    make_exchange(comparison, first, repeat=2, state=State.CANCELLED, ended_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert inputs_of(comparison).extended


def test_more_cells_cost_no_more_queries(team, ann):
    def queries(repeats: int) -> int:
        comparison = make_comparison(team, ann, exchanges=False)
        for variant in columns(comparison):
            for repeat in range(1, repeats + 1):
                make_exchange(comparison, variant, repeat=repeat)
        with CaptureQueriesContext(connection) as few:
            inputs_of(comparison)
        return len(few)

    assert queries(1) == queries(12)


def test_an_answer_is_read_once(comparison):
    first, _ = columns(comparison)
    exchange = make_exchange(comparison, first)
    kept = Answers(most=1)
    found = kept.of(comparison, {exchange.public_id: 1})
    comparison.exchanges.update(message=b"null")
    assert kept.of(comparison, {exchange.public_id: 1}) == found
    kept.of(comparison, {make_exchange(comparison, first, repeat=2).public_id: 1})
    assert kept.of(comparison, {exchange.public_id: 1}) != found, "no more than so many are kept"


def test_who_sends_again_what_failed_has_looked(comparison):
    first, _ = columns(comparison)
    make_exchange(comparison, first, state=State.FAILED)
    assert not inputs_of(comparison).extended
    make_exchange(comparison, first, attempt=2)
    assert inputs_of(comparison).extended
