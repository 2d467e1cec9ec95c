"""Try it: each beta that Messages accepts, run on the simulator by the engine, and what its columns then show."""

import json
from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from django.conf import settings
from django.db import connections

from betaconsole.betas.listing import can_try
from betaconsole.betas.trials import TRIALS, WHY_ALIKE
from betaconsole.betas.trying import pair_for, try_draft
from betaconsole.catalogue.betas import Beta, all_betas, find
from betaconsole.catalogue.preflight import ColumnRequest, preflight
from betaconsole.drafts.columns import dump
from betaconsole.drafts.facts import outline_of
from betaconsole.drafts.models import Draft
from betaconsole.drafts.shaping import applied, changes_of
from betaconsole.runs.launching.from_draft import plan_of_draft
from betaconsole.runs.launching.launching import launch
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending import simulated
from betaconsole.runs.sending.judging import outcomes_of
from betaconsole.runs.stored import read_message
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import running, wait_until_finished

TRIED = [beta for beta in all_betas().values() if can_try(beta)]
# What shows the beta where no outcome can say so: something in the answers that the first column's do not have.
IN_FIGURES = {
    "mid-conversation-system-clear-at-2026-08-21": "input_tokens",
    "mid-conversation-output-config-2026-07-01": "output_tokens",
    "mid-conversation-system-2026-04-07": "input_tokens",
    "pdfs-2024-09-25": "input_tokens",
    "effort-2025-11-24": "output_tokens",
}


def test_every_beta_that_can_be_tried_says_what_to_look_for_or_why_there_is_nothing():
    assert sorted([*TRIALS, *WHY_ALIKE]) == sorted(beta.name for beta in TRIED)


@pytest.mark.parametrize("beta", TRIED, ids=lambda beta: beta.name)
def test_only_the_columns_after_the_first_send_the_beta(beta: Beta):
    without, *others = pair_for(beta, simulated=True).columns
    assert beta.name not in without.betas
    assert any(beta.name in column.betas for column in others)


def test_directions_to_the_simulator_go_nowhere_else():
    for beta in TRIED:
        assert "[[simulator" not in json.dumps(pair_for(beta, simulated=False).body)


@pytest.mark.parametrize("beta", TRIED, ids=lambda beta: beta.name)
def test_nothing_is_known_that_would_refuse_a_column(beta: Beta):
    pair = pair_for(beta, simulated=True)
    for looked_at in (pair.body, json.loads(outline_of(pair.body))):  # before Run, and while composing
        asked = []
        for column in pair.columns:
            body = applied(looked_at, changes_of(column, looked_at))
            body = {**body, "model": column.model or body["model"]}
            asked.append(ColumnRequest(column.name, betas=column.betas, body=body, is_stream=True))
        found = preflight(asked, today=date(2026, 11, 22))
        assert [each.message for findings in found for each in findings if each.level == "error"] == []


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "SIMULATOR_SPEED", 10_000)
    simulated.simulator.cache_clear()
    yield
    simulated.simulator.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_each_beta_runs_on_the_simulator_to_a_difference_that_shows_or_says_why_not(at_once: None):
    owner = set_up_solo()
    wrong = []
    with running():
        started = [(betas, _launched(owner, betas)) for betas in _alike()]
        for betas, comparison in started:
            wait_until_finished(comparison, timeout_s=60)
            for beta in betas:
                if problem := _problem(beta, comparison):
                    wrong.append(f"{beta.name}: {problem}")
    connections.close_all()
    assert wrong == []


def _alike() -> list[list[Beta]]:
    """The betas whose tries are one comparison here: of no effect to expect, with the same question in the same two columns."""
    groups: dict[str, list[Beta]] = {}
    for beta in TRIED:
        pair = pair_for(beta, simulated=True)
        is_plain = beta.name in WHY_ALIKE and len(pair.columns) == 2 and not any(one.examples for one in pair.columns)
        groups.setdefault(json.dumps(pair.body) if is_plain else beta.name, []).append(beta)
    return list(groups.values())


def _launched(owner: Membership, betas: Sequence[Beta]) -> Comparison:
    """The tries of these as the button makes them, the columns of the others beside those of the first."""
    draft = try_draft(owner.team, owner.user, betas[0])
    assert draft.connection is not None
    assert draft.connection.is_simulator
    others = [pair_for(beta, simulated=True).columns[1] for beta in betas[1:]]
    draft.columns = dump([*draft.sheet, *others])
    comparison, _ = launch(
        plan_of_draft(draft), team=owner.team, author=owner.user, connection=draft.connection, draft=draft
    )
    return comparison


def _problem(beta: Beta, comparison: Comparison) -> str:
    """What a person would miss in the finished comparison; empty where nothing."""
    exchanges = [
        exchange
        for exchange in comparison.exchanges.select_related("variant").order_by("variant__position", "turn")
        if beta.name in exchange.variant.betas or not set(exchange.variant.betas) - set(beta.needs)
    ]
    if failed := [exchange for exchange in exchanges if exchange.state != "succeeded"]:
        return f"{failed[0].state}: {failed[0].error_message}"
    by_column: dict[int, list[Exchange]] = {}
    for exchange in exchanges:
        by_column.setdefault(exchange.variant_id, []).append(exchange)
    first, *others = by_column.values()
    verdicts = {one.outcome for found in outcomes_of(exchanges).values() for one in found if one.beta == beta.name}
    if beta.name in WHY_ALIKE:
        differs = "effective" in verdicts or _shows(others[0]) != _shows(first)
        return f"something shows it: {_shows(others[0]) ^ _shows(first)}" if differs else ""
    if beta.status == "generally_available" and len(others) == 2 and _shows(others[0]) != _shows(others[1]):
        return f"the header adds to the field: {_shows(others[0]) ^ _shows(others[1])}"
    if "effective" in verdicts or _shows(others[0]) != _shows(first):
        return ""
    if figure := IN_FIGURES.get(beta.name):
        here, there = (sum(each.usage[figure] for each in column) for column in (others[0], first))
        return "" if abs(here - there) >= 0.2 * there else f"{figure}: {there} and {here}"
    return f"nothing shows it: {verdicts}"


def _shows(column: list[Exchange]) -> set[str]:
    """Blocks, tools, endings and fields of a column's answers, and whether they are JSON."""
    found: set[str] = set()
    for exchange in column:
        message = read_message(exchange.message)
        found |= {f"{name} there" for name, value in message.items() if value is not None}
        found |= {f"usage {name}" for name, value in message["usage"].items() if value not in (0, None)}
        found |= {block["type"] + block.get("name", "") for block in message["content"]}
        found |= {cited["type"] for block in message["content"] for cited in block.get("citations") or ()}
        found |= {"JSON" for block in message["content"] if block.get("text", "").startswith("{")}
    return found


@pytest.mark.django_db
class TestTheButton:
    def test_it_opens_the_pair_in_the_composer(self, owner, client):
        name = "context-management-2025-06-27"
        answer = client.post(f"/betas/{name}/try/")
        draft = Draft.objects.get()
        assert answer.headers["Location"] == f"/?draft={draft.public_id}&tried={name}"
        assert [column.betas for column in draft.sheet] == [(), (name,)]
        assert draft.sheet[1].examples == (name,)
        assert f'hx-get="/betas/tried/?name={name}"' in client.get(answer.headers["Location"]).text

    def test_the_composer_says_what_to_look_for_or_why_there_is_nothing(self, owner, client):
        said = [
            client.get(f"/betas/tried/?name={name}").text for name in ("fast-mode-2026-02-01", "output-128k-2025-02-19")
        ]
        assert "What this shows: usage.speed says fast" in said[0]
        assert "No difference is to be expected: current models write as much without it" in said[1]
        assert client.get("/betas/tried/?name=%00/..").status_code in (400, 404)
        assert client.get("/?tried=../..%22%3E%3Cscript%3E").status_code == 200

    def test_a_team_with_a_key_tries_on_its_own_connection(self, owner, client):
        kept = Connection.objects.create(
            team=owner.team, author=owner.user, name="Key", kind="key", base_url="https://api.anthropic.com"
        )
        kept.put_key("sk-ant-test-0123456789")
        client.post("/betas/compact-2026-01-12/try/")
        draft = Draft.objects.get()
        assert draft.connection == kept
        assert "simulator" not in draft.body_text

    @pytest.mark.parametrize("name", ["made-up-2026-01-01", "webhooks-2026-10-07", "server-side-fallback-2026-06-02"])
    def test_what_messages_does_not_take_cannot_be_tried(self, name, owner, client):
        assert client.post(f"/betas/{name}/try/").status_code == 404
        assert not Draft.objects.exists()

    def test_fast_mode_differs_in_the_field_alone_where_no_header_is_needed(self):
        beta = find("fast-mode-2026-02-01")
        assert beta is not None
        *_, headerless = pair_for(beta, simulated=True).columns
        assert (headerless.betas, headerless.model) == ((), "claude-opus-5-5")
        assert json.loads(headerless.changes_text) == {"speed": "fast"}
