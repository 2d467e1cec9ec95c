"""From a run of several repeats to its verdict, its dots and its decision record, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems

pytestmark = pytest.mark.browser
WORKED_OUT_MS = 60_000  # the process that has scipy starts first


def run_twice_over(page: Page) -> None:
    page.goto("/")
    page.locator("#prompt summary").click()
    page.get_by_role("button", name="Begin with an empty one").click()
    page.wait_for_url(re.compile(r"draft="))
    page.get_by_label("Message 1, user").fill("Say a word about harbours.")
    page.get_by_role("textbox", name="Add a beta").fill("context-1m-2025-08-07")
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name="context-1m-2025-08-07 in column B")).to_be_visible()
    page.get_by_label("Repeats").fill("3")
    page.get_by_label("Repeats").press("Tab")
    page.get_by_role("button", name=re.compile(r"^Run 6 requests")).click()
    page.wait_for_url(re.compile(r"/comparisons/\w+/"))


def title_of(page: Page) -> str:
    """What the dot says that the keyboard is on."""
    return page.evaluate("document.activeElement.querySelector('title').textContent")


def test_several_runs_end_in_a_verdict_whose_dots_open_them_and_in_a_record(page: Page) -> None:
    run_twice_over(page)
    expect(page.locator("#verdict")).to_contain_text("All 6 cells count", timeout=WORKED_OUT_MS)
    expect(page.locator("#evidence")).to_contain_text("mean of 3")
    assert accessibility_problems(page) == []

    drawing = page.locator("svg[data-dots]").first
    drawing.locator("a[tabindex='0']").focus()
    first = title_of(page)
    page.keyboard.press("ArrowRight")
    second = title_of(page)
    page.keyboard.press("ArrowDown")
    below = title_of(page)
    assert first.startswith("A, repeat ")
    assert second.startswith("A, repeat ")
    assert first != second
    assert below.startswith("B, repeat ")
    expect(drawing.locator("a[tabindex='0']")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/exchanges/\w+/"))
    page.go_back()

    page.get_by_role("link", name="Print").click()
    expect(page.get_by_role("heading", name="Turn it on")).to_be_visible()
    assert accessibility_problems(page) == []
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(media="screen")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
