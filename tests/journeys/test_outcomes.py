"""What came of each beta, in a real browser: chips while an example runs, what bears them out, and the way to compare elsewhere."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import Console

pytestmark = pytest.mark.browser
LOOKS = [(1440, "light"), (390, "dark")]


def try_it(page: Page, slug: str) -> None:
    page.goto("/")
    page.locator(f'form[action="/examples/{slug}/run/"] button').first.click()
    page.wait_for_url(re.compile(r"/comparisons/\w+/"))


def chips(page: Page, letter: str) -> Locator:
    return page.locator(f'.lane[data-letter="{letter}"] .beta-chip')


def test_the_first_example_shows_its_effect_without_a_reload(page: Page) -> None:
    try_it(page, "thinking-between-tools")
    expect(chips(page, "B")).to_have_text(
        re.compile("✓ effective in 3 of 3: thinking block after a tool result; in 2 of 3 turns")
    )
    expect(chips(page, "A")).to_have_count(0)
    chips(page, "B").locator("summary").click()
    expect(chips(page, "B").locator(".beta-line")).to_contain_text("the baseline has none there")


def test_a_wrong_header_is_told_from_one_that_does_nothing(page: Page) -> None:
    try_it(page, "wrong-header")
    expect(chips(page, "A")).to_contain_text("✓ effective")
    expect(chips(page, "B")).to_contain_text("✕ refused as unknown")
    expect(chips(page, "C")).to_contain_text("○ accepted, no visible effect: retired")


def test_the_matrix_of_many_columns_says_what_each_header_did(page: Page) -> None:
    try_it(page, "six-headers")
    row = page.locator("#sent-betas tbody tr")
    expect(row.filter(has_text="interleaved-thinking").locator(".did")).to_have_text("✓ effective")
    expect(row.filter(has_text="prompt-caching").locator(".did")).to_have_text("no longer needed")
    expect(row.filter(has_text="token-efficient").locator(".did")).to_have_text("retired")


def test_a_beta_that_acts_elsewhere_leads_there(page: Page) -> None:
    page.goto("/")
    page.locator("#prompt summary").click()
    page.get_by_role("button", name="Begin with an empty one").click()
    page.wait_for_url(re.compile(r"draft="))
    page.get_by_label("Message 1, user").fill("[[simulator: tps=inf ttft_ms=1]] Hello")
    page.get_by_role("textbox", name="Add a beta").fill("files-api-2025-04-14")
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="files-api-2025-04-14 in column B").check()
    page.get_by_role("button", name=re.compile(r"^Run \d+ request")).click()
    page.wait_for_url(re.compile(r"/comparisons/\w+/"))
    expect(page.locator("#comparison-state")).to_contain_text("2 done")
    page.reload()  # the last news may still be drawing the chips anew, closed
    chips(page, "B").locator("summary").click()
    page.get_by_role("button", name="Compare there").click()
    page.wait_for_url(re.compile(r"draft="))
    expect(page.locator(".composer")).to_contain_text("GET /v1/files")
    page.get_by_role("button", name=re.compile(r"^Run \d+ request")).click()
    page.wait_for_url(re.compile(r"/comparisons/\w+/"))
    expect(chips(page, "B")).to_contain_text("◷ accepted, pins an older response shape: has_more, first_id and last_id")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_nobody_is_shut_out(browser: Browser, live_console: Console, width: int, scheme: str) -> None:
    with watched_page(browser, live_console.url, width=width, scheme=scheme) as page:
        try_it(page, "wrong-header")
        expect(chips(page, "C")).to_be_attached()
        for chip in chips(page, "C").all():
            chip.locator("summary").click()
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto(page.locator('.lane[data-letter="C"] a[href^="/exchanges/"]').first.get_attribute("href") or "")
        expect(page.locator(".beta-outcome")).to_have_count(1)
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
