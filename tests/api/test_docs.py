"""The API's reference: open on this machine, under our CSP, and true."""

import re
import shlex

import pytest
from django.test import Client

from betaconsole.api.routes import document
from tests.api.calling import Caller
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db


def test_the_page_opens_without_a_token_and_shows_every_operation(client):
    page = client.get("/api/docs")
    assert page.status_code == 200
    text = page.content.decode()
    for path, methods in document()["paths"].items():
        assert path in text
        for details in methods.values():
            assert f'id="{details["operationId"]}"' in text
    for field in (
        "tool_stubs[].match",
        "results[].tool_use_id",
        "exchanges[].waiting_for[].input",
        "variants[].betas",
        "client_token",
        "wait",
        "exchanges[].first_text_ms",
        "events[].at_ms",
        "[].availability[].checked_at",
        "known.example.body",
    ):
        assert field in text


def test_the_page_lives_within_the_content_security_policy(client):
    page = client.get("/api/docs")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    text = page.content.decode()
    assert not re.search(r"<script(?![^>]* src=\"/static/)", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


def test_the_document_is_open_too_and_names_the_token(client):
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert document["components"]["securitySchemes"]["Token"] == {"type": "http", "scheme": "bearer"}
    for methods in document["paths"].values():
        for details in methods.values():
            assert details["security"] == [{"Token": []}]
            assert details["responses"]["401"]


def test_a_program_reads_the_document_with_its_token(client: Client, caller: Caller):
    answer = caller.get("/openapi.json")
    assert (answer.status_code, answer.json()) == (200, client.get("/api/openapi.json").json())


def test_in_team_mode_the_page_leads_to_the_tokens_of_whoever_reads_it(crew):
    page = browser_of(crew["viewer"]).get("/api/docs").content.decode()
    assert 'href="/team/tokens/">API tokens</a>; each does' in page
    assert "manage.py token" not in page


def test_nobody_from_elsewhere_reads_it():
    elsewhere = Client(headers={"host": "console.example"})
    assert elsewhere.get("/api/docs").status_code == 403
    assert elsewhere.get("/api/openapi.json").status_code == 403


def test_the_example_command_works(client: Client, caller: Caller):
    text = client.get("/api/docs", headers={"host": "localhost:8000"}).context["operations"][0].curl
    words = shlex.split(text)
    assert words[:4] == ["curl", "-X", "POST", "http://localhost:8000/api/v1/comparisons"]
    assert "Authorization: Bearer $BETACONSOLE_TOKEN" in words
    made = caller.post("/comparisons", words[words.index("-d") + 1])
    assert made.status_code == 201
    assert len(made.json()["exchanges"]) == 4
