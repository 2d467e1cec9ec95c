"""What the composer says a run costs at most. Worked by hand from the prices of models.toml."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from betaconsole.catalogue.checks.estimate import estimated_tokens
from betaconsole.drafts.case_values import keep_values
from betaconsole.drafts.columns import Column
from betaconsole.drafts.costing import Costs, bound, costs_of
from betaconsole.drafts.facts import Facts
from betaconsole.drafts.models import Draft
from betaconsole.drafts.token_counts import ColumnCount, marks_of, remember, way_of
from betaconsole.library.cases import CaseRow
from betaconsole.teams.solo import set_up_solo
from tests.drafts.desk import THINKING, a_draft

pytestmark = pytest.mark.django_db

BODY = {"model": "claude-sonnet-5-5", "max_tokens": 1_000, "messages": [{"role": "user", "content": "Hello." * 700}]}
TOKENS = estimated_tokens(BODY)
STUBS = [{"tool": "lookup", "result": "delivered"}]


@pytest.fixture(autouse=True)
def owner(db: None):
    return set_up_solo()


def costs(draft: Draft) -> Costs:
    light = Draft.objects.light().get(pk=draft.pk)
    return costs_of(light, light.sheet, Facts.load(light.facts))


def count(draft: Draft, **counts: ColumnCount) -> None:
    marks = marks_of(draft, draft.sheet, Facts.load(draft.facts), way_of(draft))
    remember(draft, {marks[key]: counted for key, counted in counts.items()})


def usd(value: str) -> Decimal:
    return Decimal(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [("0", "$0.00"), ("0.0632", "$0.064"), ("0.00004", "$0.0001"), ("0.999", "$1.00"), ("1.231", "$1.24")],
)
def test_a_bound_is_rounded_up(value: str, written: str):
    assert bound(Decimal(value)) == written
    assert bound(None) == "—"


def test_each_column_is_priced_with_its_own_model_and_changes():
    columns = [Column("a"), Column("b", model="claude-opus-5-5"), Column("c", changes_text='{"max_tokens": 2000}')]
    shown = costs(a_draft(BODY, columns, repeats=3))
    a, b, c = (column.most.usd for column in shown.columns)
    assert a == 3 * Decimal(2 * TOKENS + 10 * 1_000) / 1_000_000
    assert b == 2 * a
    assert c == a + 3 * usd("0.01")
    assert shown.most_usd == a + b + c
    assert shown.columns[0].tokens_text == f"≈ {TOKENS:,}"
    assert shown.how == "≈ at 3.5 characters a token"


def test_a_count_takes_the_place_of_the_estimate_for_as_long_as_it_holds():
    draft = a_draft(BODY, [Column("a"), Column("b", betas=(THINKING,))])
    count(draft, a=ColumnCount(10_000), b=ColumnCount(12_000, without=(THINKING,)))
    shown = costs(draft)
    assert [column.tokens_text for column in shown.columns] == ["10,000", "12,000*"]
    assert shown.most_usd == usd("0.03") + usd("0.034")
    assert (shown.is_counted, shown.is_stale, shown.how, shown.in_short) == (True, False, "", "at most $0.064")
    assert [(said.letters, said.sentence) for said in shown.said] == [
        ("B", f"count_tokens refuses {THINKING}: * is counted without.")
    ]
    Draft.objects.filter(pk=draft.pk).update(version="2023-06-01")
    stale = costs(draft)
    assert [column.is_counted for column in stale.columns] == [False, False]
    assert stale.how == "edited since they were counted; ≈ at 3.5 characters a token"
    assert stale.in_short.startswith("at most about $")


def test_names_baselines_and_places_of_columns_do_not_make_a_count_stale():
    draft = a_draft(BODY, [Column("a"), Column("b", betas=(THINKING,))])
    count(draft, a=ColumnCount(10_000), b=ColumnCount(10_000))
    a, b = draft.sheet
    other = [replace(b, name="With thinking", baseline="b"), replace(a, name="Without")]
    assert costs_of(draft, other, Facts.load(draft.facts)).is_counted
    ticked = [replace(a, betas=(THINKING,)), b]
    assert [one.is_counted for one in costs_of(draft, ticked, Facts.load(draft.facts)).columns] == [True, True]


def test_turns_and_batches_change_the_price():
    one = costs(a_draft(BODY, [Column("a")])).most_usd
    assert one is not None
    two = costs(a_draft(BODY, [Column("a")], tool_stubs=STUBS, max_turns=2)).most_usd
    results = round(len(json.dumps(STUBS, separators=(",", ":"))) / 3.5)
    assert two == 2 * one + Decimal(2 * (1_000 + results)) / 1_000_000
    shown = costs(a_draft(BODY, [Column("a")], tool_stubs=STUBS))
    ten = shown.most_usd
    assert ten is not None
    assert ten > 10 * one
    assert shown.in_short == f"at most about {bound(ten)} for 10 turns each"
    assert costs(a_draft(BODY, [Column("a")], engine="batch")).most_usd == one / 2


@pytest.mark.parametrize(
    ("body", "columns", "said"),
    [
        ({**BODY, "model": "claude-nobody"}, [Column("a"), Column("b")], ("", "No price of claude-nobody is known.")),
        (BODY, [Column("a"), Column("b", model="claude-mine")], ("B", "No price of claude-mine is known.")),
        (
            {**BODY, "max_tokens": "1"},
            [Column("a")],
            ("", "How long an answer may be is not known: there is no max_tokens."),
        ),
        (BODY, [Column("a", changes_text="{oops")], ("", "What it costs shows once its body can be read.")),
        ({**BODY, "model": "<b>"}, [Column("a")], ("", "No price of <b> is known.")),
    ],
)
def test_what_has_no_price_has_a_dash_and_the_reason(body: Any, columns: list[Column], said: tuple[str, str]):
    shown = costs(a_draft(body, columns))
    assert [(one.letters, one.sentence) for one in shown.said] == [said]
    assert shown.columns[-1].cost_text == "—"
    assert shown.most_usd is None
    known = shown.columns[0].cost_text
    without = f"at most about {known} without B, whose cost is not known"
    assert shown.in_short == ("cost not known" if known == "—" else without)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"messages": {"x": [[[[]]]]}, "max_tokens": [], "system": 5}'])
def test_whatever_is_typed_the_composer_shows(client, text: str):
    draft = a_draft(text=text)
    page = client.get("/", {"draft": draft.public_id})
    assert page.status_code == 200
    assert b"Cost not known" in page.content


def test_an_own_body_is_priced_as_it_is(client):
    own = json.dumps({**BODY, "max_tokens": 2_000})
    draft = a_draft(BODY, [Column("a"), Column("b")], own_bodies={"b": own})
    a, b = costs(draft).columns
    assert a.most.usd is not None
    assert b.most.usd == a.most.usd + usd("0.01")


def test_each_case_of_values_is_priced():
    draft = a_draft({**BODY, "system": "{{words}}"}, [Column("a")], repeats=2)
    one = costs(draft)
    keep_values(draft, [CaseRow(str(number), {"words": "x" * 350}) for number in range(5)], source="typed")
    five = costs(draft)
    assert one.columns[0].input_tokens is not None
    assert five.columns[0].input_tokens is not None
    assert five.columns[0].input_tokens == pytest.approx(5 * (one.columns[0].input_tokens + 100), rel=0.03)
    count(draft, a=ColumnCount(50_000))
    assert costs(draft).most_usd == 2 * 5 * usd("0.03")


def test_only_messages_are_priced(client):
    draft = a_draft(BODY)
    Draft.objects.filter(pk=draft.pk).update(path="/v1/messages/count_tokens")
    page = client.get("/", {"draft": draft.public_id}).content.decode()
    assert '<tfoot id="costs" hidden>' in page
    assert "Cost at most" not in page


def test_counting_of_many_columns_takes_few_queries(client, django_assert_max_num_queries):
    draft = a_draft(BODY, [Column(f"k{number}") for number in range(32)])
    count(draft, **{f"k{number}": ColumnCount(5) for number in range(32)})
    with django_assert_max_num_queries(2):
        costs_of(draft, draft.sheet, Facts.load(draft.facts))
