"""Already compared: where the same body and betas ran before, said before they run again."""

import json

import pytest
from django.urls import reverse

from betaconsole.drafts.columns import Column
from betaconsole.runs.history import already
from betaconsole.runs.launching.from_draft import plan_of_draft
from betaconsole.runs.launching.launching import launch
from betaconsole.runs.models import Comparison
from betaconsole.teams.models import Connection, Membership
from tests.builders import make_team
from tests.drafts.desk import BODY, CONTEXT, THINKING, a_draft

pytestmark = pytest.mark.django_db
COLUMNS = (Column("a"), Column("b", betas=(THINKING, CONTEXT)))


def ran(draft, *, title="", author=None):
    comparison, _ = launch(
        plan_of_draft(draft), team=draft.team, author=author or draft.author, connection=draft.connection, draft=draft
    )
    if title:
        Comparison.objects.filter(pk=comparison.pk).update(title=title)
    return comparison


def found(draft):
    return [
        ("".join(one.letters), one.comparison.number)
        for one in already.already(draft, user=draft.author, team=draft.team)
    ]


def said(client, draft):
    return client.get(reverse("runs:already"), {"draft": draft.public_id}).content.decode()


def test_it_says_who_ran_the_same_and_where(client, owner, bo):
    first = ran(a_draft(columns=COLUMNS), title="<b>Refunds</b>", author=bo)
    page = said(client, a_draft(columns=COLUMNS))
    assert "Already compared:" in page
    assert "&lt;b&gt;Refunds&lt;/b&gt;" in page
    assert first.get_absolute_url() in page
    assert "by <bdi>Bo</bdi>" in page


def test_it_says_the_verdict_where_there_is_one(client, owner):
    first = ran(a_draft(columns=COLUMNS))
    Comparison.objects.filter(pk=first.pk).update(verdict="B answers with <fewer> tokens.")
    assert "· <bdi>B answers with &lt;fewer&gt; tokens.</bdi>" in said(client, a_draft(columns=COLUMNS))


def test_spelling_of_the_body_and_order_of_betas_make_no_difference(owner):
    first = ran(a_draft(columns=COLUMNS))
    turned = (Column("x", betas=(CONTEXT, THINKING)), Column("y"))
    assert found(a_draft(text=json.dumps(BODY, indent=4), columns=turned)) == [("", first.number)]


def test_what_is_sent_otherwise_is_another_request(owner):
    ran(a_draft(columns=COLUMNS))
    assert found(a_draft({**BODY, "max_tokens": 65}, columns=COLUMNS)) == []
    others = (Column("a", model="claude-opus-4-6"), Column("b", betas=(THINKING,)), Column("c", version="2023-06-01"))
    assert found(a_draft(columns=others)) == []
    assert found(a_draft(columns=(Column("a", changes_text='{"top_k": 3}'),))) == []
    assert found(a_draft(text="{", columns=COLUMNS)) == []


def test_some_columns_may_have_run_the_fullest_first(owner):
    both = ran(a_draft(columns=COLUMNS))
    one = ran(a_draft(columns=COLUMNS[:1]))
    more = (*COLUMNS, Column("c", betas=("a-new-one-2026-01-01",)))
    assert found(a_draft(columns=more)) == [("AB", both.number), ("A", one.number)]


def test_a_long_body_is_not_looked_for(owner, monkeypatch):
    monkeypatch.setattr(already, "LONGEST", 50)
    ran(a_draft(columns=COLUMNS))
    assert found(a_draft(columns=COLUMNS)) == []


def test_another_teams_runs_and_deleted_ones_are_not_told(client, owner):
    strangers = make_team("Strangers")
    draft = a_draft(columns=COLUMNS)
    author = Membership.objects.get(team=strangers).user
    plan = plan_of_draft(draft)
    launch(plan, team=strangers, author=author, connection=Connection.objects.get(team=strangers, kind="simulator"))
    assert "Already" not in said(client, draft)
    gone = ran(draft)
    Comparison.objects.filter(pk=gone.pk).update(deleted_at=gone.created_at)
    assert found(draft) == []


def test_it_costs_the_same_number_of_queries_for_any_number(owner, django_assert_max_num_queries):
    for number in range(12):
        ran(a_draft(columns=COLUMNS), title=f"Run {number}")
    draft = a_draft(columns=COLUMNS)
    with django_assert_max_num_queries(8):
        assert len(found(draft)) == already.SHOWN


def test_another_teams_draft_is_not_there(client, owner):
    draft = a_draft(columns=COLUMNS)
    type(draft).objects.filter(pk=draft.pk).update(team=make_team("Strangers"))
    assert client.get(reverse("runs:already"), {"draft": draft.public_id}).status_code == 404
