"""What differs between two columns, in a real browser: the line at the foot of a lane, the tabs below, the other exchange."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems

pytestmark = pytest.mark.browser
ASKED = "Tell me about harbours. [[simulator: ttft_ms=5; tps=2000; tokens=150]]"
BETA = "context-1m-2025-08-07"


def ran(page: Page) -> None:
    """A finished comparison of two columns, B with a beta."""
    page.goto("/")
    page.locator("#prompt summary").click()
    page.get_by_role("button", name="Begin with an empty one").click()
    page.wait_for_url(re.compile(r"draft="))
    page.get_by_label("Message 1, user").fill(ASKED)
    page.get_by_role("textbox", name="Add a beta").fill(BETA)
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name=f"{BETA} in column B").check()
    expect(page.get_by_role("list", name="Header lines as they will be sent")).to_contain_text(re.compile("context-1m"))
    page.get_by_role("button", name=re.compile(r"^Run \d+ request")).click()
    page.wait_for_url(re.compile(r"/comparisons/\w+/"))


def test_a_finished_pair_leads_to_what_differs_and_both_sides_scroll_as_one(page: Page) -> None:
    ran(page)
    gist = page.locator('.lane[data-letter="B"] .lane-gist')
    expect(gist).to_contain_text(re.compile("vs A: .*words"))
    gist.get_by_role("link").click()
    tabs = page.locator("#evidence")
    expect(tabs.get_by_label("Column", exact=True)).to_have_value("B")
    tabs.get_by_role("link", name=re.compile("Whole lines")).click()
    halves = tabs.locator("[data-scrolls]")
    expect(halves).to_have_count(2)
    halves.first.evaluate("half => half.scrollLeft = 40")
    expect(halves.last).to_have_js_property("scrollLeft", 40)
    tabs.get_by_label("against").select_option("B")
    expect(tabs.get_by_text("Word for word the same.")).to_be_visible()
    expect(tabs.locator("[data-scrolls]")).to_have_count(2)
    tabs.get_by_role("link", name="Requests").click()
    expect(tabs.get_by_text("Byte for byte the same request.")).to_be_visible()
    tabs.get_by_label("against").select_option("A")
    tabs.get_by_text("Python", exact=True).click()
    expect(tabs.locator(".panel:visible")).to_contain_text(re.compile(rf'betas=\[\s*\S*\s*"{BETA}"'))
    assert accessibility_problems(page) == []
    page.locator('.lane[data-letter="B"]').get_by_role("link", name="Request and response").click()
    page.get_by_role("link", name="Compare with A").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What differs between two exchanges")
    page.locator("#evidence").get_by_role("link", name="Headers").click()
    expect(page.locator("#evidence").get_by_text("request-id", exact=True)).to_be_visible()
    assert accessibility_problems(page) == []
