"""The history as a person uses it: typing filters, moving by keyboard, opening rows, choosing what to compare."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser import accessibility_problems
from tests.console import Console
from tests.environment import clean_environment


@pytest.fixture(scope="module")
def console(live_console: Console) -> Console:
    command = [sys.executable, "manage.py", "seed", "--exchanges", "120"]
    subprocess.run(
        command,
        env={**clean_environment(), "BETACONSOLE_DATA": str(live_console.data)},
        check=True,
        capture_output=True,
    )
    return live_console


def test_filters_are_typed_rows_walked_by_keyboard_and_exchanges_compared(console, page):
    page.goto("/history/")
    titles = page.locator("[data-row] th > a")
    count = titles.count()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(titles.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(titles.nth(0)).to_be_focused()
    page.keyboard.press("e")
    boxes = page.locator("[data-choose]")
    boxes.first.check()
    page.locator("#q").fill("beta:nosuch")
    expect(page.get_by_text("Nothing was sent yet with the beta “nosuch”.")).to_be_visible()
    page.locator("#q").fill("beta:context-1m")
    expect(page.get_by_text("Nothing was sent yet")).to_be_hidden()
    assert 0 < titles.count() < count
    expect(page.locator(".menu > summary").first).to_have_text("Beta · 1 ▾")
    page.locator(".opener").last.click()
    boxes.last.check()
    expect(page.locator("#chosen")).to_contain_text("2 chosen")
    page.locator("#chosen button", has_text="Compare as columns").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 exchanges side by side")
    assert not accessibility_problems(page)
    page.get_by_role("button", name="Open as columns to run").click()
    expect(page.locator("#matrix")).to_contain_text("context-1m")


def test_a_deleted_row_comes_back_in_place(console, page):
    page.goto("/history/")
    title = page.locator("[data-row] th > a").first.inner_text()
    page.locator(".opener").first.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-row] th > a").first).to_have_text(title)
