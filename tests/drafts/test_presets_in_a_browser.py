"""A plan that isolates the cause, from the menu to the lanes, with the keyboard alone where it matters."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems

from .desk import CONTEXT, THINKING
from .test_composer_in_a_browser import USER, add, begin, saved

pytestmark = pytest.mark.browser


def test_leave_one_out_is_filled_taken_back_filled_with_controls_and_run(page: Page) -> None:
    begin(page)
    page.get_by_label(USER).fill("Say hello.")
    add(page, THINKING, CONTEXT)
    saved(page)
    presets = page.get_by_role("button", name=re.compile("^Presets"))
    presets.focus()
    page.keyboard.press("Enter")
    menu = page.locator("#presets")
    leave_one_out = menu.get_by_role("button", name=re.compile("^Leave one out 4 columns"))
    expect(leave_one_out).to_be_visible()
    assert accessibility_problems(page) == []
    leave_one_out.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_hidden()
    expect(page.locator("#plan")).to_contain_text("All, then all but each, then none.")
    expect(page.locator(".matrix-frame")).to_be_focused()
    expect(page.locator("#count")).to_have_text("4 requests")
    page.locator("#undo-button").click()
    expect(page.locator("#count")).to_have_text("2 requests")
    for name in ("Leave one out", "Controls"):
        presets.click()
        menu.get_by_role("button", name=re.compile(f"^{name}")).click()
        expect(menu).to_be_hidden()
    expect(page.locator("#count")).to_have_text("6 requests")
    expect(page.locator("#plan")).to_contain_text("F is a control: it asks the same as A and must show no difference.")
    page.get_by_role("button", name=re.compile("^Run 6 requests")).click()
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.locator("#lane-4-pill")).to_have_text("400 refused", timeout=60_000)
    expect(page.locator("#lane-5-label")).to_contain_text("twin of A")
    expect(page.locator(".page-head")).to_contain_text("leave one out")
