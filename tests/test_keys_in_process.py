"""What looks for keys in the suite's own process does find one that is written down."""

import base64
import logging

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from betaconsole.teams.access import public
from betaconsole.teams.keys import keep_key
from betaconsole.teams.models import AuditEntry, Team
from betaconsole.web import redaction
from tests import keys_in_process

pytestmark = pytest.mark.django_db
KEY = "no-known-shape-for-this-file-only-0123456789"
told = [lambda: HttpResponse(KEY[::-1]), lambda: StreamingHttpResponse(iter([b"x", KEY.encode()]))]
urlpatterns = [path("told/<int:how>/", public(lambda request, how: told[how]()), name="told")]


@pytest.fixture
def kept(owner):
    """A connection with the key, and what was found of it since; forgotten at the end."""
    keep_key(KEY, team=owner.team, author=owner.user, name="K", base_url="https://api.anthropic.com")
    yield keys_in_process._found
    keys_in_process._found.clear()


def test_a_key_that_is_sealed_and_used_is_no_leak(kept, client, owner):
    assert client.get("/connections/").status_code == 200
    assert owner.team.connections.get(name="K").key().reveal() == KEY
    assert kept == []


def test_a_key_in_a_row_is_found_also_where_it_is_rolled_back(kept, owner):
    Team.objects.filter(pk=owner.team.pk).update(name=f"x{KEY}")
    assert any("UPDATE" in one for one in kept)
    AuditEntry.objects.create(
        team=owner.team, action="x", detail={"a": base64.b64encode(f"ab{KEY}c".encode()).decode()}
    )
    assert any("INSERT" in one for one in kept)


def test_a_key_in_an_answer_and_in_a_stream_is_found(kept, client, settings):
    settings.ROOT_URLCONF = __name__
    client.get("/told/0/")
    assert any("the answer of /told/0/" in one for one in kept)
    client.get("/told/1/").getvalue()
    assert any("the stream of /told/1/" in one for one in kept)


def test_a_key_in_a_log_is_found_where_nothing_redacts_it(kept, monkeypatch):
    logging.getLogger("betaconsole").warning("with %s", KEY)
    assert kept == []
    monkeypatch.setattr(redaction, "redact", lambda text: text)
    logging.getLogger("betaconsole").warning("with %s", KEY)
    assert len(kept) >= 1
