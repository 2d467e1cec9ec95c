"""Judging blind: nothing tells whose an answer is, and the votes are figures of the comparison."""

import re

import pytest

from betaconsole.compare.blind import judgeable, judging_of
from betaconsole.compare.evidence import evidence_of, standing_of
from betaconsole.compare.models import Choice, Vote
from betaconsole.compare.observing import inputs_of
from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.showing import rows_of
from betaconsole.runs.states import State
from tests.builders import make_comparison, make_exchange, message
from tests.runs.conversations import call, calls, make_conversation

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:alert(2))"
TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value="|X-CSRFToken&quot;: &quot;|"X-CSRFToken": ")[^"&]+')


def columns(comparison: Comparison):
    return list(comparison.variants.order_by("position"))


def answered(team, ann, *, repeats: int = 3, betas=((), ("a-2025-01-01",))) -> Comparison:
    comparison = make_comparison(team, ann, exchanges=False, repeats=repeats, betas=betas)
    for variant in columns(comparison):
        for repeat in range(1, repeats + 1):
            make_exchange(comparison, variant, repeat=repeat, answer=f"{variant.letter} says {repeat}.")
    return comparison


def vote(comparison: Comparison, author, repeat: int, choice: Choice, *, position: int = 1) -> None:
    variant = columns(comparison)[position]
    Vote.objects.create(
        comparison=comparison,
        variant=variant,
        baseline=variant.baseline,
        author=author,
        case_position=0,
        repeat=repeat,
        choice=choice,
    )


def page(client, comparison: Comparison) -> str:
    answer = client.get(f"/comparisons/{comparison.public_id}/blind/")
    assert answer.status_code == 200
    return TOKEN.sub(r"\1", answer.content.decode())


def press(client, comparison: Comparison, choice: str):
    html = page(client, comparison)
    cell = {name: re.search(rf'name="{name}" value="(\d+)"', html)[1] for name in ("case", "repeat")}
    return client.post(f"/comparisons/{comparison.public_id}/blind/vote/", {**cell, "choice": choice})


def test_the_page_is_the_same_whichever_column_gave_which_answer(client, team, ann):
    comparison = make_comparison(team, ann, exchanges=False, labels=("Plain", "Thinks"))
    said = [
        message({"type": "thinking", "thinking": "Hm.", "signature": "s"}, "First words.", id="msg_one"),
        message("Other words.", context_management={"applied_edits": [{"type": "x"}]}, id="msg_two"),
    ]
    texts = ("First words.", "Other words.")
    pages = []
    for answers in (said, said[::-1]):
        comparison.exchanges.all().delete()
        for variant, answer in zip(columns(comparison), answers, strict=True):
            make_exchange(comparison, variant, answer=answer, output_tokens=100 + variant.position)
        pages.append(page(client, comparison))
    before, after = pages

    order = [[text for _, text in sorted((html.index(text), text) for text in texts)] for html in pages]
    assert order[0] == order[1][::-1]
    blank = [html.replace(texts[0], "").replace(texts[1], "") for html in pages]
    assert blank[0] == blank[1]
    ids = comparison.exchanges.values_list("public_id", flat=True)
    for telling in ("Plain", "Thinks", "Hm.", "applied_edits", "msg_one", *ids):
        assert telling not in before + after


def test_sides_are_drawn_so_that_both_columns_stand_on_both(team, ann, bo):
    comparison = answered(team, ann, repeats=20)
    first, second = columns(comparison)
    rows = rows_of(comparison)
    anns, bos = (judging_of(comparison, second, first, person, rows) for person in (ann, bo))
    assert {anns.is_turned(cell) for cell in anns.cells} == {True, False}
    assert [anns.is_turned(cell) for cell in sorted(anns.cells)] != [bos.is_turned(cell) for cell in sorted(bos.cells)]
    assert anns.cells != sorted(anns.cells)
    assert anns.cells == judging_of(comparison, second, first, ann, rows).cells


def test_what_is_pressed_is_kept_as_the_column_that_stood_there(client, team, ann):
    comparison = answered(team, ann)
    for _ in range(3):
        html = page(client, comparison)
        left = re.search(r"([AB]) says (\d)\.", html)
        press(client, comparison, "1")
        newest = Vote.objects.order_by("pk").last()
        assert (newest.choice == Choice.BASELINE) == (left[1] == "A")
        assert newest.repeat == int(left[2])
    assert "Judged blind: B against A" in page(client, comparison)


def test_the_last_vote_can_be_undone_and_its_cell_comes_again(client, team, ann):
    comparison = answered(team, ann)
    press(client, comparison, "0")
    before = page(client, comparison)
    assert "1 of 3 judged" in before
    press(client, comparison, "2")
    client.post(f"/comparisons/{comparison.public_id}/blind/undo/")
    assert page(client, comparison) == before
    assert Vote.objects.get().choice == Choice.NEITHER


@pytest.mark.parametrize("sent", [{"choice": "3"}, {"choice": "1", "repeat": "9"}, {"choice": "1", "column": "A"}])
def test_a_vote_on_nothing_is_none(client, team, ann, sent):
    comparison = answered(team, ann)
    values = {"case": "0", "repeat": "1", **sent}
    assert client.post(f"/comparisons/{comparison.public_id}/blind/vote/", values).status_code == 400
    assert not Vote.objects.exists()


def test_answers_are_hostile_and_tool_calls_are_plain(client, team, ann):
    comparison = make_comparison(team, ann, exchanges=False)
    for variant in columns(comparison):
        make_exchange(comparison, variant, answer=message(HOSTILE, call(order_id="<b>A-1</b>")))
    html = page(client, comparison)
    assert "<script>alert" not in html
    assert "javascript:alert" not in re.sub(r">[^<]*<", "><", html)
    assert "<strong>bold</strong>" in html
    assert "&lt;b&gt;A-1&lt;/b&gt;" in html


def test_between_turns_stands_what_the_calls_were_answered_with(client, team, ann):
    comparison = make_comparison(team, ann, exchanges=False)
    for variant in columns(comparison):
        make_conversation(comparison, variant, [calls(call(order_id="A-1043")), "It is on its way."])
    html = page(client, comparison)
    assert html.count("→ result: found 1") == 2


def test_only_cells_that_both_answered_are_judged(team, ann):
    comparison = answered(team, ann)
    first, second = columns(comparison)
    comparison.exchanges.filter(variant=second, repeat=2).update(state=State.FAILED)
    rows = rows_of(comparison)
    assert set(judging_of(comparison, second, first, ann, rows).cells) == {(0, 1), (0, 3)}
    comparison.exchanges.filter(variant=first).update(state=State.FAILED)
    assert judgeable(comparison, [first, second], rows_of(comparison)) == []


def test_votes_are_a_figure_by_majority_and_a_tie_is_nobodys(team, ann, bo):
    comparison = answered(team, ann)
    vote(comparison, ann, 1, Choice.VARIANT)
    vote(comparison, bo, 1, Choice.VARIANT)
    vote(comparison, ann, 2, Choice.VARIANT)
    vote(comparison, bo, 2, Choice.BASELINE)
    vote(comparison, ann, 3, Choice.BASELINE)

    one, other = (column.values["preferred"] for column in inputs_of(comparison).columns)

    assert one == {(0, 1): 0.0, (0, 2): 0.0, (0, 3): 1.0}
    assert other == {(0, 1): 1.0, (0, 2): 0.0, (0, 3): 0.0}


def test_a_baseline_of_several_columns_has_a_figure_for_each(team, ann):
    comparison = answered(team, ann, repeats=1, betas=((), ("a-2025-01-01",), ("b-2025-01-01",), ("c-2025-01-01",)))
    vote(comparison, ann, 1, Choice.VARIANT, position=1)
    vote(comparison, ann, 1, Choice.BASELINE, position=2)

    inputs = inputs_of(comparison)

    told = {key: [column.values[key] for column in inputs.columns] for key in ("preferred:B", "preferred:C")}
    assert told == {
        "preferred:B": [{(0, 1): 0.0}, {(0, 1): 1.0}, {}, {}],
        "preferred:C": [{(0, 1): 1.0}, {}, {(0, 1): 0.0}, {}],
    }


def test_a_vote_is_another_standing_and_so_is_one_taken_back(team, ann):
    comparison = answered(team, ann)
    before = standing_of(comparison).of
    vote(comparison, ann, 1, Choice.VARIANT)
    voted = standing_of(comparison).of
    Vote.objects.all().delete()
    vote(comparison, ann, 1, Choice.BASELINE)
    assert len({before, voted, standing_of(comparison).of}) == 3


def test_the_verdict_says_what_was_preferred(team, ann):
    comparison = answered(team, ann, repeats=8)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=comparison.created_at)

    def said() -> str:
        return " ".join(f"{one.text} {one.figures}" for one in evidence_of(comparison).verdict.sentences)

    assert "Answer quality: not checked" in said()
    for repeat in range(1, 9):
        vote(comparison, ann, repeat, Choice.VARIANT)
    assert "B is preferred in" in said()
    assert "B 8 of 8" in said()
    assert "not checked" not in said()
