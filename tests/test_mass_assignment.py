"""Fields that no form asked for: whoever posts them changes neither whose a row is, nor its state, id, role or age.

Generated from the models and the URLconf: every column of every table of ours is sent along to every address that takes a
POST, on the pages and in the API, and no row may come to hold what was sent.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone

from betaconsole.drafts.models import Draft
from betaconsole.runs.models import Exchange
from betaconsole.teams.models import ApiToken, Membership, Role, Team, User
from tests.team_mode import browser_of
from tests.test_access import URLS, each
from tests.test_every_url import ask
from tests.urls import Url

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(1999, 12, 31, 23, 59, tzinfo=UTC)
NUMBER, TEXT = 424242, "mass-assigned"
# What people do say in a form somewhere: names of columns that are names of fields too.
ASKED_FOR = {
    *("name", "title", "note", "text", "tags", "tag", "betas", "beta", "kind", "model", "repeats", "case", "repeat"),
    *("connection", "prompt", "combination", "exchange", "variant", "version", "email", "path", "query", "method"),
    *("reason", "stand", "about", "value", "position", "variables", "header", "headers", "digest", "file_id", "body"),
    *("base_url", "anthropic_version", "max_in_flight", "daily_budget_usd", "monthly_budget_usd", "lowest_role"),
    *("patch", "changes", "client_token", "label", "preset", "to", "source", "media_type", "engine", "max_turns"),
    *("tool_stubs", "description", "spec", "column", "revision", "model_override", "words", "choice", "review_on"),
}
# What addresses need to see before they make or change a row.
FILLED: dict[str, dict[str, Any]] = {
    "connections:new": {"name": "K", "key": "sk-ant-a-key-of-a-test-0123", "base_url": "https://api.anthropic.com"},
    "connections:edit": {
        "name": "K",
        "base_url": "https://api.anthropic.com",
        "anthropic_version": "2026-10-21",
        "max_in_flight": "8",
        "lowest_role": "member",
    },
    "library:new_prompt": {"name": "P", "note": "n"},
    "library:rename_prompt": {"name": "P"},
    "library:rename_combination": {"name": "C"},
    "library:new_combination": {"name": "C", "betas": "a"},
    "library:tag_prompt": {"tags": "t"},
    "runs:change_comparison": {"change": "rename", "title": "T"},
    "drafts:set_title": {"value": "T"},
    "drafts:set_body": {"body": "{}", "view": "json"},
    "drafts:set_text": {"path": "/messages/0/content", "text": "t"},
    "drafts:tick": {"column": "a", "beta": "a-2025-01-01", "on": "on"},
    "drafts:set_repeats": {"value": "3"},
    "sharing:say": {"text": "t"},
    "sharing:edit_comment": {"text": "t"},
    "sharing:share": {"days": "3"},
    "team:new_token": {"name": "T"},
    "people:invite": {"role": "viewer", "note": "n"},
    "people:change_role": {"role": "admin"},
    "people:new_team": {"name": "T"},
    "people:rename": {"name": "T"},
    "entering:account": {"name": "N"},
}
DO_SOMETHING = {"pages": 73, "api": 18}


def pushed(victim: User) -> dict[str, tuple[str, Any]]:
    """For every name of a column: what is sent, and what the column would then hold."""
    found: dict[str, tuple[str, Any]] = {}
    for model in sorted(OURS, key=lambda model: model not in MEANT):
        for field in model._meta.concrete_fields:
            if field.name not in ASKED_FOR:
                found.setdefault(field.name, _pushed(field, victim))
                found.setdefault(field.attname, _pushed(field, victim))
    user = (str(victim.pk), victim.pk)
    return {**found, "owner": user, "created_by": user, "role": (Role.ADMIN, Role.ADMIN)}  # the owner asks


OURS = [model for model in apps.get_models() if model.__module__.startswith("betaconsole.")]
MEANT = (Membership, Exchange)  # where several models have a column of one name


def _pushed(field: models.Field, victim: User) -> tuple[str, Any]:
    if isinstance(field, models.ForeignKey):
        key = {Team: victim.teams.get().pk, User: victim.pk}.get(field.related_model, NUMBER)
        return str(key), key
    if isinstance(field, models.DateTimeField):
        return LONG_AGO.isoformat(), LONG_AGO
    if isinstance(field, models.BooleanField):
        return ("true", True) if field.default is False else ("false", False)
    if field.choices:
        other = [str(value) for value, _ in field.flatchoices if value != field.default][-1]
        return other, other
    number = isinstance(field, models.IntegerField | models.FloatField | models.DecimalField)
    return (str(NUMBER), NUMBER) if number else (TEXT, TEXT)


def stored() -> dict[tuple[str, Any], dict[str, Any]]:
    """Every row of ours."""
    return {(model.__name__, row[model._meta.pk.attname]): row for model in OURS for row in model.objects.values()}


def taken(
    before: dict[tuple[str, Any], dict[str, Any]], now: dict[tuple[str, Any], dict[str, Any]], sent: dict[str, Any]
) -> Iterator[tuple[str, str, Any]]:
    """Table, column and value wherever a row holds what was pushed and did not before."""
    for (name, key), row in now.items():
        was = before.get((name, key), {})
        for column, value in row.items():
            if column in sent and value == sent[column] and was.get(column, ...) != value:
                yield name, column, value


# Columns that an address fills in itself, with the very value that is pushed.
OWN_COLUMNS = {"connections:test": {"simulated", "is_errand", "stream"}, "people:change_role": {"role"}}


@pytest.mark.parametrize("where", ["pages", "api"])
def test_b21_fields_that_no_form_asked_for_are_ignored(where, crew):
    extra = pushed(crew["stranger"])
    held = {name: value for name, (_, value) in extra.items()}
    along = {name: text for name, (text, _) in extra.items()}
    _, secret = ApiToken.issue(user=crew["owner"], team=crew["owner"].teams.get(), name="test")
    browser = browser_of(crew["owner"]) if where == "pages" else browser_of(None, authorization=f"Bearer {secret}")
    ApiToken.objects.update(last_used_at=timezone.now())  # which an answer notes once a minute
    wrong, changed, before = [], set(), {}
    for url, path, needed in each([url for url in URLS if belongs(url, where)], crew):
        before = before or stored()  # each is undone before the next
        own = {**needed, **FILLED.get(url.name, {})}
        if url.name.startswith("drafts:"):
            own["revision"] = Draft.objects.get().revision
        answer = ask(browser, "post", url, path, {**along, **own})
        if answer.status_code == 405:
            continue
        if answer.status_code == 422 and where == "api":  # it names the fields it does not know: then without them
            answer = ask(browser, "post", url, path, own)
        assert answer.status_code < 500, url.name
        now = stored()
        if now != before:
            changed.add(url.name)
        pushed_in = {name: value for name, value in held.items() if name not in OWN_COLUMNS.get(url.name, ())}
        wrong += [(url.name, *one) for one in taken(before, now, pushed_in)]
    assert wrong == []
    filled = {url.name for url in URLS if belongs(url, where) and url.name in FILLED}
    assert filled - changed == set(), "these are filled in to do something"
    assert len(changed) >= DO_SOMETHING[where], f"only {changed} did anything: this walk is not about refusals"


def belongs(url: Url, where: str) -> bool:
    rule = url.view.access_rule
    return rule == "token" if where == "api" else rule not in ("token", "public")
