"""What is copied for support from a beta's page and from a checked header line."""

import html
import re

import pytest

from betaconsole.betas.support import beta_support
from betaconsole.runs.states import State
from tests.builders import CONTEXT, SENT_AT, THINKING, make_comparison, make_exchange, make_team

pytestmark = pytest.mark.django_db


def broken(comparison, **values):
    column = comparison.variants.last()
    fields = {
        "state": State.FAILED,
        "status": 529,
        "failure_kind": "http_error",
        "error_type": "overloaded_error",
        "error_message": "Overloaded",
        "sent_at": SENT_AT,
    }
    return make_exchange(comparison, column, **{**fields, **values})


def test_a_beta_nobody_sent_has_no_request_to_ask_about(team, ann):
    said = beta_support(ann, team, CONTEXT)
    assert said.splitlines() == [
        f"beta: {CONTEXT}",
        "known: active in the catalogue of 2026-11-21",
        "request-id: none, this team has not sent it yet",
    ]
    assert "not in the catalogue" in beta_support(ann, team, "made-up-2026-01-01")


def test_the_newest_exchange_that_broke_is_asked_about_before_one_that_did_not(team, ann):
    comparison = make_comparison(team, ann, betas=[[], [THINKING]], repeats=3, exchanges=False)
    make_exchange(comparison, comparison.variants.first())
    broken(comparison, repeat=1, request_id="req_older")
    broken(comparison, repeat=2, request_id="req_newer")
    make_exchange(comparison, comparison.variants.last(), repeat=3, request_id="req_fine")
    said = beta_support(ann, team, THINKING)
    assert "request-id: req_newer" in said
    assert "error: 529 overloaded_error: Overloaded" in said
    assert f"anthropic-beta: {THINKING}" in said


def test_what_another_team_sent_is_not_asked_about(team, ann, eve):
    other = make_team("Other", owner=eve)
    broken(make_comparison(other, eve, betas=[[], [THINKING]], exchanges=False), request_id="req_foreign")
    assert "req_foreign" not in beta_support(ann, team, THINKING)


def for_support(page: str) -> str:
    return html.unescape(re.search(r'<pre id="support"[^>]*>(.*?)</pre>', page, re.S).group(1))


def test_the_page_of_a_beta_leads_to_its_documentation_and_the_changelog(owner, client):
    for name in (CONTEXT, "made-up-2026-01-01"):
        page = client.get(f"/betas/{name}/").text
        assert "CHANGELOG.md" in page
        assert "https://platform.claude.com/docs/en/api/beta-headers" in page
        assert for_support(page).startswith(f"beta: {name}")
    assert "About compact ↗" in client.get("/betas/compact-2026-09-04/").text


def test_a_checked_line_can_be_copied_with_what_became_of_each_name_and_no_key(owner, client):
    line = f"{CONTEXT},sk-ant-api03-secret,token-efficient-tools-2025-02-19"
    page = client.post("/betas/check/", {"header": line, "model": "claude-opus-5-5"}).text
    said = for_support(page)
    assert "request-id: none, nothing was sent" in said
    assert "model: claude-opus-5-5" in said
    assert f"{CONTEXT}: needed" in said
    assert "token-efficient-tools-2025-02-19: retired" in said
    assert "sk-ant-api03-secret" not in said
    assert "Changelog ↗" in page
