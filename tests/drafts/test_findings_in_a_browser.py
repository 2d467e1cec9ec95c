"""Known before sending, in a real browser: findings come and go while composing, and Run asks once."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems, watched_page

from .desk import CONTEXT
from .test_composer_in_a_browser import USER, add, begin, open_json, saved

pytestmark = pytest.mark.browser
MANAGED = {
    "model": "claude-opus-5-5",
    "max_tokens": 256,
    "messages": [{"role": "user", "content": "Say hello."}],
    "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
}


def type_json(page: Page, body: object) -> None:
    open_json(page)
    page.locator("textarea[name=body]").fill(json.dumps(body, indent=2))
    saved(page)


def press_run(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Run 2 requests")).click()


def test_a_field_without_its_header_is_told_by_column_and_mended_with_one_press(page):
    begin(page)
    type_json(page, MANAGED)
    findings = page.get_by_role("region", name="Before you run")
    expect(findings).to_contain_text(f"context_management is refused without {CONTEXT}.")
    expect(findings).to_contain_text("In all columns")
    expect(page.get_by_role("link", name="1 error")).to_be_visible()
    findings.get_by_role("button", name="Add context-management").click()
    for letter in "AB":
        expect(page.get_by_label(f"{CONTEXT} in column {letter}")).to_be_checked()
    expect(findings).not_to_contain_text("is refused without")
    expect(page.get_by_role("link", name="1 error")).not_to_be_visible()


def test_run_asks_once_and_sends_anyway(page):
    begin(page)
    type_json(page, MANAGED)
    press_run(page)
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("1 thing the API will refuse")
    assert accessibility_problems(page) == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).not_to_be_visible()
    press_run(page)
    dialog.get_by_role("button", name="Send anyway").click()
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.get_by_role("rowheader", name=re.compile("^A "))).to_be_visible()
    press_run(page)
    page.wait_for_url(re.compile("/comparisons/"))
    expect(dialog).not_to_be_visible()


def test_a_slip_put_right_just_before_run_is_not_asked_about(page):
    begin(page)
    type_json(page, MANAGED)
    right = {name: value for name, value in MANAGED.items() if name != "context_management"}
    page.locator("textarea[name=body]").fill(json.dumps(right))
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile("/comparisons/"))


def test_a_header_that_does_nothing_offers_its_example(page):
    begin(page)
    page.get_by_label(USER).fill("Say hello.")
    add(page, CONTEXT)
    findings = page.get_by_role("region", name="Before you run")
    expect(findings).to_contain_text("changes nothing here: the body has no context_management.")
    findings.get_by_role("button", name="Insert example").click()
    expect(findings).not_to_be_visible()
    assert accessibility_problems(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_many_findings_fit_a_phone_and_can_be_read_by_everybody(browser, live_console, scheme):
    wrong = {**MANAGED, "temperature": 1, "effort": "low", "max_tokens": 900_000, "tool_choice": {"type": "any"}}
    with watched_page(browser, live_console.url, width=390, height=844, scheme=scheme) as page:
        begin(page)
        type_json(page, wrong)
        expect(page.get_by_role("link", name=re.compile("errors"))).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert accessibility_problems(page) == []
