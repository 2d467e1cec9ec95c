"""What differs between two exchanges, as programs read it."""

import json

import pytest

from betaconsole.api.diffing import DiffAnswer
from betaconsole.claude import jsontext
from betaconsole.runs.models import Body, Exchange
from betaconsole.runs.states import State
from tests.api.calling import error_of, fits
from tests.builders import BODY, THINKING, make_comparison, make_exchange, make_team, message

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(team, ann):
    """Two exchanges of one comparison, the right one with a beta, another body and one tool call more."""
    made = make_comparison(team, ann, exchanges=False)
    left = make_exchange(made, made.variants.get(position=0), answer=message("It came on Monday."))
    call = {"type": "tool_use", "id": "toolu_1", "name": "lookup", "input": {"order": 1}}
    right = make_exchange(
        made,
        made.variants.get(position=1),
        answer=message(
            "It came on Friday.", call, stop_reason="tool_use", usage={"output_tokens": 450, "new": {"x": 1}}
        ),
    )
    body = Body.keep(team.pk, json.dumps({**BODY, "max_tokens": 2048}).encode().replace(b"2048", b"2048.0"))
    Exchange.objects.filter(pk=right.pk).update(request_body_id=body)
    return left.public_id, right.public_id


def difference(caller, pair, **options):
    query = "&".join(f"{name}={value}" for name, value in {"left": pair[0], "right": pair[1], **options}.items())
    response = caller.get(f"/diff?{query}")
    assert response.status_code == 200
    return response


def test_everything_that_differs_is_told_in_the_documented_form(caller, pair):
    answer = difference(caller, pair).json()
    assert fits(answer, DiffAnswer)
    assert list(answer) == ["words", "blocks", "usage", "headers", "request", "timing", "level"]
    assert answer["level"] == "words"
    assert answer["words"] == [
        {"op": "equal", "left": "It came on ", "right": "It came on "},
        {"op": "delete", "left": "Monday", "right": ""},
        {"op": "insert", "left": "", "right": "Friday"},
        {"op": "equal", "left": ".", "right": "."},
    ]
    told = [(one["kind"], one["type"], one["left"], one["right"]) for one in answer["blocks"]]
    assert told[:3] == [
        ("changed", "text", 0, 0),
        ("added", "tool_use", None, 1),
        ("changed", "message_field", None, None),
    ]
    assert answer["blocks"][2]["changes"] == [{"path": "", "kind": "changed", "left": "end_turn", "right": "tool_use"}]
    usage = {row["field"]: row for row in answer["usage"]}
    assert usage["output_tokens"] == {"field": "output_tokens", "left": 455, "right": 450, "difference": -5}
    assert usage["new.x"] == {"field": "new.x", "left": None, "right": 1, "difference": None}
    assert usage["cost_usd"]["difference"] == 0
    assert [row["name"] for row in answer["headers"]] == ["request-id", "content-type"]
    assert set(answer["timing"]) == {"left", "right"}
    assert answer["timing"]["left"]["streamed"] is True


def test_what_was_sent_otherwise_is_a_patch_with_numbers_as_they_were_spelled(caller, pair):
    response = difference(caller, pair)
    sent = response.json()["request"]
    assert sent["betas"] == {"added": [THINKING], "removed": [], "same": [], "reordered": False}
    assert sent["body"]["patch_kind"] == "merge_patch"
    assert (
        jsontext.dumps(jsontext.loads(response.content.decode())["request"]["body"]["patch"]) == '{"max_tokens":2048.0}'
    )
    assert set(sent["code"]) == {"curl", "python", "typescript"}
    assert caller.secret not in response.content.decode()


def test_an_exchange_differs_in_nothing_from_itself(caller, pair):
    answer = difference(caller, (pair[0], pair[0])).json()
    assert {piece["op"] for piece in answer["words"]} == {"equal"}
    assert {block["kind"] for block in answer["blocks"]} == {"same"}
    assert {row["kind"] for row in answer["headers"]} == {"same"}
    assert answer["request"]["same"] is True


def test_blanks_and_case_can_be_left_aside(caller, pair):
    Exchange.objects.filter(public_id=pair[1]).update(text="it CAME  on\nMonday.")
    answer = difference(caller, pair, ignore_space="true", ignore_case="true").json()
    assert {piece["op"] for piece in answer["words"]} == {"equal"}
    assert "".join(piece["right"] for piece in answer["words"]) == "it CAME  on\nMonday."


@pytest.mark.parametrize("state", [State.QUEUED, State.FAILED, State.SKIPPED, State.INTERRUPTED])
def test_what_has_no_answer_can_be_compared_too(caller, pair, team, ann, state):
    made = make_comparison(team, ann, exchanges=False)
    other = make_exchange(made, made.variants.first(), state=state)
    assert fits(difference(caller, (pair[0], other.public_id)).json(), DiffAnswer)


def test_hostile_text_comes_through_as_it_is(caller, team, ann):
    hostile = "\x00\ud800<script>"
    made = make_comparison(team, ann, exchanges=False)
    sides = [
        make_exchange(made, variant, answer=message(hostile + end, {"type": hostile, "a": {hostile: [end]}})).public_id
        for variant, end in zip(made.variants.all(), ("", "x"), strict=True)
    ]
    answer = difference(caller, sides).json()
    assert "".join(piece["right"] for piece in answer["words"]) == hostile + "x"


def test_exchanges_of_others_are_not_found_and_missing_ids_are_said(caller, pair, eve):
    foreign = make_comparison(make_team("Eve's", owner=eve), eve).exchanges.first().public_id
    for left, right in ((pair[0], foreign), (foreign, pair[1]), (pair[0], "no"), ("../x", pair[1])):
        assert caller.get(f"/diff?left={left}&right={right}").status_code == 404
    missing = caller.get(f"/diff?left={pair[0]}")
    assert missing.status_code == 422
    assert "right" in error_of(missing)["field"]
