"""Input tokens and cost before Run, in a real browser: counted, seen, and estimated again once the prompt is edited."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems, watched_page

from .test_composer_in_a_browser import USER, add, begin, saved

pytestmark = pytest.mark.browser


def row(page: Page, name: str) -> list[str]:
    return page.locator("#costs tr", has_text=name).locator("td").all_inner_texts()


def count(page: Page) -> None:
    page.get_by_role("button", name="Count tokens").click()
    expect(page.get_by_role("button", name="Count tokens")).to_have_count(0)


def test_tokens_are_counted_shown_and_estimated_again_after_an_edit(page):
    begin(page)
    page.get_by_label(USER).fill("Name three rivers of France.")
    add(page, "made-up-2020-01-01")
    count(page)
    a, b = row(page, "Input tokens")
    assert a.isdecimal()
    assert b == f"{a}*"
    expect(page.locator("#costs")).to_contain_text("B count_tokens refuses made-up-2020-01-01: * is counted without.")
    expect(page.locator("#at_most")).to_have_text(re.compile(r"At most \$0\.0\d+, simulated"))
    page.get_by_label(USER).press("End")
    page.keyboard.type(" Name them in the order of their length.")
    expect(page.locator("#costs")).to_contain_text("edited since they were counted")
    saved(page)
    assert all(re.fullmatch(r"≈ \d+", cell) for cell in row(page, "Input tokens"))
    expect(page.locator("#at_most")).to_have_text(re.compile(r"At most about \$"))
    page.locator("#undo-button").click()
    expect(page.get_by_role("button", name="Count tokens")).to_have_count(0)
    assert row(page, "Input tokens") == [a, b]


def test_costs_fit_a_phone_and_many_columns(browser, live_console):
    with watched_page(browser, live_console.url, width=390, scheme="dark") as page:
        begin(page)
        for columns in range(3, 7):
            page.get_by_role("button", name="+ column").click()
            expect(page.locator("#costs tr", has_text="Cost at most").locator("td")).to_have_count(columns)
        page.get_by_label(USER).fill("Say hello.")
        count(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert accessibility_problems(page) == []
