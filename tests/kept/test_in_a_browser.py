"""The library in a real browser, from the composer and back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems

pytestmark = pytest.mark.browser
THINKING = "interleaved-thinking-2025-05-14"
USER = "Message 1, user"


def begin(page: Page) -> None:
    page.goto("/")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Begin with an empty one").click()
    page.wait_for_url(re.compile("draft="))


def test_a_prompt_with_cases_is_saved_changed_and_compared_with_what_was_saved(page):
    begin(page)
    page.get_by_label(USER).fill("Rivers of {{country}}")
    page.get_by_label("Case 1, country").fill("France")
    page.get_by_label("Case 2, country").fill("Peru")
    expect(page.get_by_label("Case 3, country")).to_be_visible()
    expect(page.get_by_label("Case 2, country")).to_be_focused()
    expect(page.get_by_role("button", name=re.compile("^Run 4 requests"))).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_label("Name", exact=True).fill("Rivers in a browser")
    page.locator("#save").get_by_label("Note").fill("As asked")
    page.locator("#save").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Saved as Rivers in a browser · v1")
    assert accessibility_problems(page) == []
    page.get_by_label(USER).fill("Lakes of {{country}}")
    expect(page.locator("#prompt_state")).to_contain_text("v1, changed")
    page.get_by_role("link", name="what changed").click()
    expect(page.locator(".word-diff ins")).to_have_text("Lakes")
    expect(page.locator(".word-diff del")).to_have_text("Rivers")
    page.get_by_role("link", name="Rivers in a browser").click()
    expect(page.get_by_label("Case 2, country")).to_have_value("Peru")
    assert accessibility_problems(page) == []


def test_a_combination_is_taken_from_the_palette_with_the_keyboard(page):
    page.goto("/combinations/new/")
    page.get_by_label("Name").fill("Thinks in between")
    page.get_by_label(re.compile("^Betas")).fill(THINKING)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thinks in between")
    page.get_by_label("Add betas").fill("made-up-2030-01-01")
    page.get_by_label("Add betas").press("Enter")
    expect(page.locator("#edit").get_by_role("status")).to_contain_text("Not saved yet")
    page.get_by_role("button", name="Take made-up-2030-01-01 out").click()
    page.get_by_label(re.compile("^Changes to the body")).fill('{"temperature": 1}')
    page.get_by_label("What is new in v2").fill("Needs it")
    page.get_by_label("What is new in v2").press("Enter")
    expect(page.get_by_role("navigation", name="Versions")).to_contain_text("v2 Needs it")
    assert accessibility_problems(page) == []
    begin(page)
    page.locator("body").press("c")
    found = page.locator("#palette").get_by_role("button", name=re.compile("Thinks in between"))
    expect(found).to_be_visible()
    expect(page.get_by_label("Search saved combinations")).to_be_focused()
    page.keyboard.type("thinks in")
    page.keyboard.press("ArrowDown")
    expect(found).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label(f"{THINKING} in column B")).to_be_checked()
    expect(page.get_by_label(f"{THINKING} in column A")).not_to_be_checked()
    expect(page.locator("#palette")).to_be_hidden()


def test_a_list_narrows_while_it_is_searched(page):
    for name in ("Findable pair", "Other pair"):
        page.goto("/combinations/new/")
        page.get_by_label("Name").fill(name)
        page.get_by_label(re.compile("^Betas")).fill(THINKING)
        page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/combinations/")
    page.keyboard.press("/")
    page.keyboard.type("findable")
    expect(page.get_by_role("link", name="Other pair")).to_have_count(0)
    expect(page.get_by_role("link", name="Findable pair")).to_be_visible()
    expect(page.get_by_label("Search")).to_be_focused()
