"""A key is pasted, tried, given a budget and put away, in a real browser."""

import pytest
from playwright.sync_api import Error, Response, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import running
from tests.upstream import Peer, Upstream

pytestmark = pytest.mark.browser


KEY = "sk-ant-browser-0123456789abcd"


def source_of(answer: Response) -> str:
    """What "view source" shows of a page, or of anything else that was asked for."""
    try:
        return answer.text()
    except Error:  # a redirect has no body
        return ""


def models(peer: Peer) -> None:
    peer.read_request()
    body = b'{"data": [{"id": "claude-sonnet-5-5"}, {"id": "claude-of-tomorrow"}]}'
    peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(body))
    peer.send(b"anthropic-ratelimit-requests-limit: 50\r\nanthropic-ratelimit-requests-remaining: 49\r\n\r\n" + body)


def test_b39_a_key_is_pasted_tested_given_a_budget_and_never_seen_again(browser):
    with (
        Upstream(models) as upstream,
        running(BETACONSOLE_ALLOWED_BASE_URLS=upstream.url) as console,
        watched_page(browser, console.url, allow="422") as page,
    ):
        read: list[tuple[str, str]] = []
        page.on("response", lambda answer: read.append((answer.url, source_of(answer))))
        page.goto("/connections/new/")
        page.get_by_label("API key").fill("sk-ant")
        page.get_by_label("Dollars a day").fill("2.50")
        page.get_by_role("button", name="Seal it").click()
        expect(page.get_by_text("That is too short for an API key.")).to_be_visible()
        expect(page.get_by_label("API key")).to_have_value("")
        expect(page.get_by_label("API key")).to_have_attribute("autocomplete", "off")
        expect(page.get_by_label("API key")).to_have_attribute("type", "password")
        page.get_by_label("API key").fill(KEY)
        page.get_by_role("button", name="Seal it").click()
        page.get_by_role("table").get_by_role("link", name="Pasted key").click()
        page.get_by_role("button", name="Test connection").click()
        expect(page.get_by_text("lists 2 models")).to_be_visible()
        page.get_by_text("The models it lists").click()
        expect(page.get_by_text("not in the catalogue")).to_have_count(1)
        assert accessibility_problems(page) == []
        page.get_by_role("link", name="Edit", exact=True).click()
        expect(page.get_by_label("Dollars a day")).to_have_value("2.50")
        page.get_by_label("Name").fill("Production")
        page.get_by_label("Who may send on it").select_option("Admins and owners")
        assert accessibility_problems(page) == []
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Production")).to_be_visible()
        expect(page.get_by_text("admins and owners")).to_be_visible()
        expect(page.get_by_role("row", name="Today")).to_contain_text("$2.50")
        page.get_by_role("button", name="Archive").click()
        expect(page.get_by_text("Nothing is sent on it since just now.")).to_be_visible()
    assert read
    assert [path for path, source in read if KEY in source] == []
