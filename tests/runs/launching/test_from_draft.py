"""From the composer to a comparison and back: nothing is lost on either way."""

import json
from typing import Any

import pytest

from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts.columns import Column
from betaconsole.drafts.models import CaseBody, CaseSet, Draft, Engine
from betaconsole.runs.launching.from_draft import draft_of, plan_of_draft
from betaconsole.runs.launching.launching import launch
from betaconsole.runs.launching.planning import CasePlan, Plan, VariantPlan
from betaconsole.runs.models import Comparison
from betaconsole.teams.models import Connection, Membership

pytestmark = pytest.mark.django_db
BODY = {"model": "claude-sonnet-4-6", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello."}]}
STUBS = [{"tool": "lookup", "result": "found"}]
WORKSPACE = (("anthropic-workspace-id", "wrkspc_1"),)


def draft(owner: Membership, *columns: Column, **options: Any) -> Draft:
    connection = Connection.objects.get(team=owner.team, kind=Connection.Kind.SIMULATOR)
    return Draft.start(
        team=owner.team,
        author=owner.user,
        connection=connection,
        body_text=json.dumps(BODY),
        columns=columns or [Column(key="a"), Column(key="b", headers=WORKSPACE)],
        **options,
    )


def launched(owner: Membership, made: Draft) -> Comparison:
    assert made.connection is not None
    plan = plan_of_draft(made)
    return launch(plan, team=owner.team, author=owner.user, connection=made.connection, draft=made)[0]


@pytest.mark.parametrize(
    "options",
    [
        {"tool_stubs": STUBS, "max_turns": 4},
        {"tool_stubs": STUBS},
        {"separate_caches": True},
        {"engine": Engine.BATCH},
        {"endpoint": Endpoint("POST", "/v1/messages", "beta=true")},
        {"endpoint": Endpoint("POST", "/v1/messages/count_tokens")},
        {"endpoint": Endpoint("GET", "/v1/models", "limit=3")},
        {"endpoint": Endpoint("DELETE", "/v1/files/file_1")},
    ],
)
def test_a_copy_of_a_comparison_asks_for_what_the_comparison_asked(owner: Membership, options: dict[str, Any]) -> None:
    comparison = launched(owner, draft(owner, **options))
    copy = draft_of(Comparison.objects.get(pk=comparison.pk), owner.user)
    names = ("endpoint", "tool_stubs", "max_turns", "engine", "separate_caches")
    original = Draft.objects.get(pk=comparison.draft_id)
    assert {name: getattr(copy, name) for name in names} == {name: getattr(original, name) for name in names}
    assert [column.headers for column in copy.sheet] == [(), WORKSPACE]
    again = launched(owner, copy)
    assert again.endpoint == comparison.endpoint
    assert again.title == comparison.title


def test_a_comparison_without_a_prompt_is_called_by_where_it_goes(owner: Membership) -> None:
    made = launched(owner, draft(owner, endpoint=Endpoint("GET", "/v1/models")))
    assert (made.title, made.content_type, made.exchanges.filter(request_body=None).count()) == (
        "GET /v1/models",
        "",
        2,
    )
    assert launched(owner, draft(owner, endpoint=Endpoint("POST", "/v1/messages/count_tokens"))).title == "Say hello."


@pytest.mark.parametrize("kind", [CaseSet.Kind.CASES, CaseSet.Kind.TRACE])
def test_a_case_set_becomes_cases_with_their_own_bodies(owner: Membership, kind: str) -> None:
    made = draft(owner, tool_stubs=STUBS, max_turns=4)
    made.case_set = CaseSet.objects.create(draft=made, kind=kind, count=2, size_bytes=10)
    made.save()
    for position in range(2):
        text = json.dumps({**BODY, "max_tokens": position})
        CaseBody.objects.create(case_set=made.case_set, position=position, name=f"turn {position}", text=text)
    comparison = launched(owner, made)
    assert [(case.name, bytes(case.body.data).count(b'"max_tokens":')) for case in comparison.cases.all()] == [
        ("turn 0", 1),
        ("turn 1", 1),
    ]
    assert comparison.is_trace == (kind == CaseSet.Kind.TRACE)
    assert comparison.exchanges.count() == 4
    # The turns of a trace are recorded: none is added that would be sent and billed besides.
    assert (comparison.tool_stubs, comparison.max_turns) == (([], 1) if comparison.is_trace else (STUBS, 4))


def test_cases_that_are_no_messages_are_copied_too(owner: Membership) -> None:
    bodies: list[Any] = [{"model": "m"}, {"model": "m", "messages": "none"}, {"name": "A skill"}]
    cases = [CasePlan(body=body) for body in bodies]
    asked = Plan(BODY, [VariantPlan("A", (), "2026-10-21")], "2026-10-21", cases=cases)
    connection = Connection.objects.get(team=owner.team, kind=Connection.Kind.SIMULATOR)
    made, _ = launch(asked, team=owner.team, author=owner.user, connection=connection)
    copied = draft_of(made, owner.user).case_set
    assert copied is not None
    assert [json.loads(body.text) for body in copied.bodies.all()] == bodies
