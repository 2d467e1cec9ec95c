"""The pages of the catalogue in a real browser: search as one types, a try with one click, and how they look to axe."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import Console

pytestmark = pytest.mark.browser
CONTEXT = "context-management-2025-06-27"
LOOKS = [(1440, "light"), (390, "dark")]


def rows(page: Page):
    return page.get_by_role("group", name="Known betas").locator("tbody tr")


def test_the_list_narrows_as_one_types_and_chooses(page: Page):
    page.goto("/betas/")
    expect(rows(page)).to_have_count(85)
    page.keyboard.press("/")
    page.keyboard.type("compaction")
    expect(rows(page).first).to_contain_text("compact-")
    expect(page.get_by_text(CONTEXT, exact=True)).to_have_count(0)
    assert "q=compaction" in page.url
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("compaction")
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Status").select_option("Retired")
    expect(page.locator("#rows .tag", has_text="Active")).to_have_count(0)
    expect(rows(page).first).to_contain_text("Retired")
    page.get_by_role("searchbox").fill("no such beta")
    expect(page.get_by_role("heading", name="No beta of the catalogue matches")).to_be_visible()


def test_a_beta_is_tried_in_one_click_and_run_in_another(page: Page):
    page.goto("/betas/")
    page.get_by_role("button", name=f"Try it: {CONTEXT}").first.click()
    expect(page.get_by_role("group", name="Column B").or_(page.locator("#matrix"))).not_to_have_count(0)
    page.locator("[data-key='run']").first.click()
    page.wait_for_url("**/comparisons/*/")
    expect(page.locator("main")).to_contain_text("2 done")
    page.goto("/betas/")
    expect(page.get_by_role("group", name="What this team has sent")).to_contain_text(CONTEXT)
    page.get_by_role("group", name="What this team has sent").get_by_role("link", name=CONTEXT).click()
    expect(page.locator("#used tbody tr")).not_to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_hold_nothing_that_axe_finds_serious(
    width: int, scheme: str, browser: Browser, live_console: Console
):
    with watched_page(browser, live_console.url, width=width, scheme=scheme) as page:
        for path in (
            "/betas/?status=retired",
            "/betas/?q=zzz",
            f"/betas/{CONTEXT}/",
            "/betas/made-up/",
            "/betas/check/",
        ):
            page.goto(path)
            assert accessibility_problems(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.get_by_label("A header line").fill(f"anthropic-beta: {CONTEXT}, made-up-name, Upper, claude-code-20250219")
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.get_by_text("4 names")).to_be_visible()
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_cannot_be_copied_is_shown_and_selected(page: Page):
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false;")
    page.goto(f"/betas/{CONTEXT}/")
    expect(page.get_by_label("For support")).to_be_hidden()
    page.get_by_role("button", name="Copy for support").click()
    expect(page.get_by_label("For support")).to_be_visible()
    expect(page.get_by_role("button", name="Select and copy by hand")).to_be_visible()
    assert page.evaluate("getSelection().toString()").startswith(f"beta: {CONTEXT}")
