"""What comparisons and exchanges look like to a program, before, while and after they run. No engine: rows are set."""

import json

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from betaconsole.api.shapes import Cancelled, ComparisonAnswer, Created, WholeExchangeAnswer
from betaconsole.runs.models import Body, Comparison, Exchange, Segment
from tests.api.calling import BODY, Caller, error_of, fits
from tests.builders import make_comparison, make_exchange

pytestmark = pytest.mark.django_db
THINKING = "interleaved-thinking-2025-05-14"
CONTEXT = "context-management-2025-06-27"


def test_a_new_comparison_is_answered_with_its_address_and_its_exchanges(caller):
    response = caller.compare(repeats=2, cases=[{"name": "one"}, {"name": "two"}])
    assert response.status_code == 201
    made = response.json()
    assert fits(made, Created)
    assert made["url"] == f"http://localhost/comparisons/{made['id']}/"
    assert len(made["exchanges"]) == len(set(made["exchanges"])) == 8
    cells = [caller.get(f"/exchanges/{name}").json() for name in made["exchanges"]]
    assert [(cell["repeat"], cell["case"], cell["variant"]) for cell in cells] == [
        (repeat, case, variant) for repeat in (1, 2) for case in ("one", "two") for variant in ("A", "B")
    ]


def test_the_same_token_and_request_again_is_the_same_comparison(caller):
    first = caller.compare(client_token="today", title="x")
    again = caller.compare(client_token="today", title="x")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Exchange.objects.count() == 2


@pytest.mark.parametrize(
    "other",
    [
        {"body": {**BODY, "max_tokens": 65}},
        {"title": "y"},
        {"repeats": 2},
        {"variants": [{"betas": []}, {"betas": [THINKING]}]},
        {"variants": [{"betas": []}, {"betas": [], "baseline": "B"}]},
    ],
)
def test_the_same_token_with_another_request_is_a_conflict(caller, other):
    caller.compare(client_token="today", title="x")
    response = caller.compare(**{"client_token": "today", "title": "x", **other})
    assert response.status_code == 409
    assert error_of(response)["field"] == "client_token"
    assert Comparison.objects.count() == 1


def test_a_comparison_shows_its_columns_and_what_waits(caller):
    variants = [
        {"label": "plain", "betas": []},
        {"betas": [THINKING, CONTEXT], "anthropic_version": "2023-06-01"},
        {"label": "third", "betas": [THINKING], "baseline": "B"},
    ]
    made = caller.compare(title="What?", variants=variants).json()
    answer = caller.get(f"/comparisons/{made['id']}").json()
    assert fits(answer, ComparisonAnswer)
    assert answer["variants"] == [
        {
            "label": "plain",
            "betas": [],
            "header": "",
            "anthropic_version": "2026-10-21",
            "baseline": None,
            "role": None,
        },
        {
            "label": "B",
            "betas": [THINKING, CONTEXT],
            "header": f"{THINKING},{CONTEXT}",
            "anthropic_version": "2023-06-01",
            "baseline": "plain",
            "role": None,
        },
        {
            "label": "third",
            "betas": [THINKING],
            "header": THINKING,
            "anthropic_version": "2026-10-21",
            "baseline": "B",
            "role": None,
        },
    ]
    assert (answer["id"], answer["title"], answer["state"]) == (made["id"], "What?", "running")
    assert [exchange["id"] for exchange in answer["exchanges"]] == made["exchanges"]
    assert answer["exchanges"][1] == {
        "id": made["exchanges"][1], "variant": "B", "case": None, "repeat": 1, "attempt": 1, "turn": 1,
        "state": "queued", "status": None, "error": None, "request_id": None, "stop_reason": None, "usage": None,
        "cost_usd": None, "connect_ms": None, "queue_ms": None, "first_byte_ms": None, "first_text_ms": None,
        "total_ms": None, "text": "", "endpoint": {"method": "POST", "path": "/v1/messages"}, "waiting_for": None,
        "outcomes": [],
    }  # fmt: skip


def test_presets_make_the_columns_from_betas_and_the_answer_says_so(caller):
    made = caller.compare(variants=..., preset="leave_one_out", betas=[THINKING, CONTEXT], seed=418)
    assert made.status_code == 201
    answer = caller.get(f"/comparisons/{made.json()['id']}").json()
    assert fits(answer, ComparisonAnswer)
    assert (answer["preset"], answer["seed"]) == ("leave_one_out", 418)
    assert [(one["label"], one["betas"], one["baseline"]) for one in answer["variants"]] == [
        ("all", [THINKING, CONTEXT], None),
        ("all − interleaved-thinking", [CONTEXT], "all"),
        ("all − context-management", [THINKING], "all"),
        ("none", [], "all"),
    ]
    plain = caller.get(f"/comparisons/{caller.compare().json()['id']}").json()
    assert plain["preset"] is None
    assert plain["seed"] is not None, "drawn where none was given"


def test_controls_say_their_role(caller):
    made = caller.compare(variants=..., preset="controls", betas=[CONTEXT]).json()
    answer = caller.get(f"/comparisons/{made['id']}").json()
    assert [(one["label"], one["betas"], one["baseline"], one["role"]) for one in answer["variants"]] == [
        ("without", [], None, None),
        ("with", [CONTEXT], "without", None),
        ("made-up beta", ["no-such-beta-2020-01-01"], "without", "made_up"),
        ("twin of A", [], "without", "twin"),
    ]


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"preset": "leave_one_out", "betas": [CONTEXT]}, "preset", "not both"),
        ({"variants": ..., "preset": "leave_one_out"}, "betas", "list them"),
        ({"variants": ..., "betas": [CONTEXT]}, "betas", "with a preset"),
        ({"variants": ...}, "variants", "or a preset"),
        ({"variants": ..., "preset": "one_at_a_time", "betas": []}, "betas", "needs a beta"),
        ({"variants": ..., "preset": "one_at_a_time", "betas": [CONTEXT, CONTEXT]}, "betas.1", "twice"),
        ({"variants": ..., "preset": "all_subsets", "betas": ["a", "b", "c", "d"]}, "betas", "16 columns"),
        ({"variants": ..., "preset": "leave_one_out", "betas": [f"b{n}" for n in range(31)]}, "betas", "33 columns"),
        ({"variants": ..., "preset": "leave_one_out", "betas": [CONTEXT, "a b"]}, "betas.1", "a b"),
        ({"variants": ..., "preset": "everything", "betas": [CONTEXT]}, "preset", ""),
        ({"seed": -1}, "seed", ""),
        ({"seed": 2**53}, "seed", ""),
        ({"seed": "7"}, "seed", ""),
    ],
)
def test_a_preset_or_seed_that_makes_no_sense_is_refused_at_its_field(caller, asked, field, said):
    answer = caller.compare(**asked)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert said in answer.json()["error"]["message"]
    assert not Comparison.objects.exists()


def test_a_token_tells_apart_what_asks_for_something_else(caller):
    asked = {"client_token": "t", "variants": ..., "preset": "one_at_a_time", "betas": [CONTEXT]}
    made = caller.compare(**asked).json()
    assert caller.compare(**asked).json() == made
    spelt_out = [{"label": "none", "betas": []}, {"label": "only context-management", "betas": [CONTEXT]}]
    same = [{**one, "baseline": "none"} for one in spelt_out]
    assert caller.compare(client_token="t", variants=same).json() == made, "the same requests, written otherwise"
    assert caller.compare(**{**asked, "preset": "all_subsets", "betas": [CONTEXT, THINKING]}).status_code == 409
    assert caller.compare(**asked, seed=5).status_code == 409


def test_a_case_is_called_by_its_name_or_its_number(caller):
    made = caller.compare(cases=[{"name": "France"}, {"variables": {"x": "y"}}], variants=[{"betas": []}]).json()
    answer = caller.get(f"/comparisons/{made['id']}").json()
    assert [exchange["case"] for exchange in answer["exchanges"]] == ["France", 2]


def test_an_exchange_shows_the_request_as_it_will_be_sent(caller):
    body = '{"z":1.0,"model":"m","n":12345678901234567890123,"s":"\\u0000\\ud800é","stream":true}'
    text = f'{{"connection": "simulator", "body": {body}, "variants": [{{"betas": ["{THINKING}"]}}]}}'
    made = caller.post("/comparisons", text).json()
    response = caller.get(f"/exchanges/{made['exchanges'][0]}")
    assert response.content.isascii()
    assert '"z":1.0' in response.content.decode()
    answer = response.json()
    assert fits(answer, WholeExchangeAnswer)
    request = answer["request"]
    assert (request["method"], request["url"]) == ("POST", "http://simulator.invalid/v1/messages")
    assert ["anthropic-beta", THINKING] in request["headers"]
    assert ["x-api-key", "$ANTHROPIC_API_KEY"] in request["headers"]
    assert request["body"] == json.loads(body)
    assert answer["response"] == {"status": None, "headers": [], "body_text": ""}
    assert (answer["message"], answer["events"]) == (None, [])


def test_an_exchange_that_streams_shows_what_has_arrived(caller):
    made = caller.compare().json()
    exchange = Exchange.objects.get(public_id=made["exchanges"][0])
    Exchange.objects.filter(pk=exchange.pk).update(
        state="streaming", status=200, response_headers=[["content-type", "text/event-stream"]]
    )
    Segment.objects.create(exchange=exchange, seq=0, data=b"event: a\n\n", timeline=[[1.5, 10, "a"]])
    Segment.objects.create(exchange=exchange, seq=1, data="event: bé\n\n".encode()[:-3], timeline=[[2.5, 21, "b"]])
    answer = caller.get(f"/exchanges/{exchange.public_id}").json()
    assert fits(answer, WholeExchangeAnswer)
    assert answer["response"]["body_text"] == "event: a\n\nevent: b\ufffd"
    assert answer["events"] == [{"at_ms": 1.5, "type": "a"}, {"at_ms": 2.5, "type": "b"}]


def test_bytes_that_are_no_json_and_no_text_are_shown_as_far_as_they_can_be(caller, team):
    made = caller.compare().json()
    Exchange.objects.update(
        state="failed",
        status=502,
        request_body_id=Body.keep(team.pk, b"not json \xff"),
        response_body_id=Body.keep(team.pk, b"<html>\x00\xff"),
        timeline=b"[]",
        failure_kind="protocol",
        error_message="HTML came.",
    )
    answer = caller.get(f"/exchanges/{made['exchanges'][0]}").json()
    assert answer["request"]["body"] == "not json \ufffd"
    assert answer["response"]["body_text"] == "<html>\x00\ufffd"
    assert answer["error"] == {"type": "protocol", "message": "HTML came."}


def test_a_failure_without_words_of_its_own_is_explained(caller):
    made = caller.compare().json()
    Exchange.objects.update(state="interrupted", failure_kind="interrupted")
    [error, _] = [one["error"] for one in caller.get(f"/comparisons/{made['id']}").json()["exchanges"]]
    assert error["type"] == "interrupted"
    assert "may have been processed and billed" in error["message"]
    assert caller.get(f"/exchanges/{made['exchanges'][0]}").json()["error"] == error


def test_cancelling_what_waits_ends_it_unsent(caller):
    made = caller.compare(repeats=3).json()
    response = caller.post(f"/comparisons/{made['id']}/cancel")
    assert response.status_code == 200
    assert fits(response.json(), Cancelled)
    assert response.json() == {"id": made["id"], "state": "finished", "cancelled": 6}
    answer = caller.get(f"/comparisons/{made['id']}?wait=60").json()
    assert {exchange["state"] for exchange in answer["exchanges"]} == {"cancelled"}
    again = caller.post(f"/comparisons/{made['id']}/cancel").json()
    assert again == {"id": made["id"], "state": "finished", "cancelled": 0}


def test_the_number_of_queries_is_the_same_for_any_size(caller):
    small = caller.compare(variants=[{"betas": []}]).json()
    large = caller.compare(repeats=20, cases=[{"name": "a"}, {"name": "b"}, {"name": "c"}]).json()
    caller.get("/comparisons/warm")
    assert queries(caller, f"/comparisons/{small['id']}") == queries(caller, f"/comparisons/{large['id']}") <= 10
    assert queries(caller, f"/exchanges/{small['exchanges'][0]}") == queries(
        caller, f"/exchanges/{large['exchanges'][0]}"
    )


def queries(caller: Caller, path: str) -> int:
    with CaptureQueriesContext(database) as captured:
        assert caller.get(path).status_code == 200
    return len(captured)


def test_a_finished_comparison_carries_its_verdict(team, ann, caller):
    comparison = make_comparison(team, ann, labels=["plain", "with"], repeats=8, exchanges=False)
    for variant in comparison.variants.all():
        for repeat in range(1, 9):
            tokens = 500 - 100 * variant.position + 3 * (repeat * (2 + variant.position) % 5)
            made = make_exchange(comparison, variant, repeat=repeat, output_tokens=tokens)
    path = f"/comparisons/{comparison.public_id}"
    assert caller.get(path).json()["verdict"] is None, "nothing is concluded while it runs"
    Comparison.objects.update(finished_at=made.ended_at)
    answer = caller.get(path).json()
    assert fits(answer, ComparisonAnswer)
    verdict = answer["verdict"]
    assert (verdict["trusted"], verdict["enough"]) == (True, True)
    assert verdict["sentences"][0].startswith("B writes about a fifth fewer output tokens than A")
    tokens = verdict["figures"][0]
    assert set(tokens) == {
        *("figure", "variant", "n", "excluded", "baseline", "value", "difference"),
        *("relative", "low", "high", "p", "p_corrected"),
    }
    assert (tokens["figure"], tokens["variant"], tokens["n"], tokens["excluded"]) == ("output_tokens", "with", 8, 0)
    assert tokens["value"] - tokens["baseline"] == pytest.approx(tokens["difference"])
    assert tokens["low"] <= tokens["difference"] <= tokens["high"] < 0


def test_a_variant_with_several_repeats_tells_in_how_many_a_beta_had_its_outcome(team, ann, caller):
    comparison = make_comparison(team, ann, betas=[[], [THINKING]], repeats=3, exchanges=False)
    plain, own = comparison.variants.all()
    make_exchange(comparison, plain)
    made = [
        make_exchange(
            comparison,
            own,
            repeat=repeat,
            outcomes={"baseline": None, "betas": [{"beta": THINKING, "outcome": outcome, "evidence": []}]},
        )
        for repeat, outcome in enumerate(["effective", "no_visible_effect", "effective"], start=1)
    ]
    answer = caller.get(f"/comparisons/{comparison.public_id}").json()
    assert fits(answer, ComparisonAnswer)
    without, with_it = answer["variants"]
    assert "over_repeats" not in without
    assert with_it["over_repeats"] == [
        {
            "beta": THINKING,
            "case": None,
            "outcome": "effective",
            "repeats": 2,
            "of": 3,
            "differing": [{"exchange": made[1].public_id, "outcome": "no_visible_effect"}],
        }
    ]
