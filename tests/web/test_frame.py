"""The frame around every page, and the pages for requests that cannot be served."""

import re

import pytest
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.test import Client, RequestFactory

from betaconsole.teams.models import Connection
from betaconsole.web.failures import bad_request, csrf_failure, forbidden, server_error

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, owner):
    return client.get("/history/").content.decode()


def test_every_page_names_its_sections_and_says_which_one_this_is(page):
    assert re.findall(r"<a [^>]*aria-current=\"page\"[^>]*>([^<]+)</a>", page) == ["History"]
    for section in ("Compare", "History", "Prompts", "Combinations"):
        assert f">{section}</a>" in page


def test_a_page_begins_with_a_way_past_its_bar(page):
    body = page[page.index("<body") :]
    assert re.search(r"<a[^>]*>", body).group() == '<a class="skip" href="#main">'
    assert '<main id="main" tabindex="-1">' in page


def test_htmx_sends_the_token_and_loads_no_extension_but_sse(page):
    assert re.search(r"<body hx-headers:inherited='\{\"X-CSRFToken\": \"\w{64}\"\}'>", page)
    assert """<meta name="htmx-config" content='{"extensions": "sse"}'>""" in page


def test_on_the_simulator_the_badge_leads_to_pasting_a_key(page):
    badge = re.search(r'<a class="badge"[^>]*>Simulator</a>', page).group()
    assert 'href="/connections/new/"' in badge


def test_a_real_connection_is_named(client, owner):
    Connection.objects.create(
        team=owner.team, author=owner.user, name="Production <key>", kind="key", base_url="https://api.anthropic.com"
    )
    page = client.get("/history/").content.decode()
    assert "Production &lt;key&gt;</a>" in page
    assert ">Simulator</a>" not in page


def test_an_address_that_leads_nowhere_says_where_to_look(client, owner):
    page = client.get("/<script>alert(1)</script>/")
    assert page.status_code == 404
    assert "Look in the history" in page.content.decode()
    assert "<script>alert" not in page.content.decode()


def test_a_stranger_on_the_network_is_told_why_and_sees_no_bar(db):
    page = Client(headers={"host": "localhost"}, REMOTE_ADDR="192.0.2.7").get("/")
    assert page.status_code == 403
    assert "it came from another machine" in page.content.decode()
    # nothing that would be refused like the page itself
    assert not re.search(r"<nav|<link|<script|<a ", page.content.decode())


def test_a_form_without_its_token_says_to_reload(strict_client, owner):
    page = strict_client.post("/comparisons/", {})
    assert page.status_code == 403
    assert "Go back, reload the page" in page.content.decode()


def test_htmx_is_answered_with_a_line_above_the_page_and_never_with_a_page(strict_client, client, owner):
    by_htmx = RequestFactory().get("/")
    by_htmx.htmx = True
    answers = {
        "That is gone": client.get("/comparisons/nothing/lanes/", headers={"HX-Request": "true"}),
        "This page is too old to act": strict_client.post("/drafts/", headers={"HX-Request": "true"}),
        "That is too large": bad_request(by_htmx, RequestDataTooBig()),
        "Not understood": bad_request(by_htmx, BadRequest()),
        "This needs another role": forbidden(by_htmx),
        "Something broke in the console": server_error(by_htmx),
    }
    assert [answer.status_code for answer in answers.values()] == [404, 403, 413, 400, 403, 500]
    for title, answer in answers.items():
        line = answer.content.decode()
        assert title in line
        assert '<hx-partial hx-target="#trouble"' in line
        assert "<main" not in line
        assert answer.headers["HX-Reswap"] == "none"


def test_the_page_for_a_fault_of_the_console_needs_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        page = server_error(RequestFactory().get("/"))
    assert page.status_code == 500
    assert "What you composed is kept" in page.content.decode()


def test_the_reason_of_a_refused_token_is_not_the_readers_business():
    page = csrf_failure(RequestFactory().get("/"), "CSRF cookie not set.").content.decode()
    assert "cookie not set" not in page
