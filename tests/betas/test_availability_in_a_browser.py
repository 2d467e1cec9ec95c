"""Checks of availability in a real browser: from the button to the refusals, a page that ends by itself, and axe."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import Console

pytestmark = pytest.mark.browser
CONTEXT, UNHEARD_OF = "context-management-2025-06-27", "unheard-of-2026-01-01"
LOOKS = [(1440, "light"), (390, "dark")]


def checked(page: Page) -> None:
    """Ask about a known and an unheard-of name, and wait for the end."""
    page.goto("/betas/availability/")
    page.get_by_label("These names").check()
    expect(page.locator("#size")).to_have_text("No name is chosen yet.")
    page.get_by_label("Names, as a header line").fill(f"anthropic-beta: {CONTEXT},{UNHEARD_OF}")
    expect(page.locator("#size")).to_contain_text("at most")
    page.get_by_role("button", name="Check availability").click()
    page.wait_for_url("**/betas/availability/*/")
    expect(page.locator("#check .pill")).to_have_text("done")


def test_a_check_is_followed_to_its_end_and_tells_refusals_first(page: Page):
    page.goto("/betas/")
    expect(page.get_by_text("Nobody has asked yet")).to_be_visible()
    page.get_by_role("link", name="Check availability").first.click()
    expect(page.locator("#size")).to_contain_text("at most")
    page.get_by_label("These names").check()
    expect(page.locator("#size")).to_have_text("No name is chosen yet.")
    checked(page)
    groups = page.locator("#check section")
    expect(groups.first).to_contain_text("Refused as unknown")
    expect(groups.first).to_contain_text(UNHEARD_OF)
    expect(groups.last).to_contain_text(CONTEXT)
    expect(page.get_by_text("Both controls were answered as they must be")).to_be_visible()
    groups.first.get_by_role("link", name="See the exchange").click()
    expect(page.locator("main")).to_contain_text("Unexpected value")
    page.goto("/betas/")
    expect(page.locator("#rows").get_by_role("row", name=CONTEXT).first).to_contain_text("accepted")
    expect(page.get_by_role("link", name="Last check")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_hold_nothing_that_axe_finds_serious(
    width: int, scheme: str, browser: Browser, live_console: Console
):
    with watched_page(browser, live_console.url, width=width, scheme=scheme) as page:
        checked(page)
        for path in (page.url, "/betas/?answer=accepted", "/betas/availability/", f"/betas/{UNHEARD_OF}/"):
            page.goto(path)
            if path == "/betas/availability/":
                page.locator("details.schedule summary").first.click()
            assert accessibility_problems(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
