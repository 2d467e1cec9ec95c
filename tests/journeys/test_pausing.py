"""Pausing a long run in a browser, going on, running more of it and stopping it, while somebody else watches."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import Console, running
from tests.environment import CHECKOUT, clean_environment

pytestmark = pytest.mark.browser
BODY = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 300,
    "messages": [{"role": "user", "content": "Tell me of refunds."}],
}
REPEATS = 80  # of two columns: more than twice what the simulator's connection lets run at once


@pytest.fixture(scope="module")
def live_console() -> Iterator[Console]:
    """Slow: what was asked for does not end while the test looks at it."""
    with running(BETACONSOLE_SIMULATOR_SPEED="0.1") as console:
        yield console


def paused(console: Console) -> str:
    """The address of a comparison that was paused right after it was asked for."""
    command = [sys.executable, str(CHECKOUT / "manage.py"), "token", "journeys"]
    environment = {**clean_environment(), "BETACONSOLE_DATA": str(console.data)}
    made = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True)
    headers = {"authorization": f"Bearer {made.stdout.strip()}"}
    asked = {"connection": "simulator", "body": BODY, "variants": [{"betas": []}] * 2, "repeats": REPEATS}
    url = f"{console.url}/api/v1/comparisons"
    comparison = requests.post(url, json=asked, headers=headers, timeout=40).json()["id"]
    assert requests.post(f"{url}/{comparison}/pause", headers=headers, timeout=40).json()["paused"]
    return f"/comparisons/{comparison}/"


def test_a_long_run_is_resumed_added_to_and_stopped_before_everybodys_eyes(
    browser: Browser, live_console: Console
) -> None:
    address = paused(live_console)
    with (
        watched_page(browser, live_console.url) as own,
        watched_page(browser, live_console.url, width=390, scheme="dark") as others,
    ):
        for page in (own, others):
            page.goto(address)
            expect(page.locator("#comparison-state")).to_contain_text("paused at")
            expect(page.locator(".progress-bar")).to_be_visible()
            assert accessibility_problems(page) == []
        own.keyboard.press("Control+Enter")
        for page in (own, others):
            expect(page.locator("#comparison-state")).to_contain_text(f"of {REPEATS * 2}")
            expect(page.get_by_role("button", name="Pause")).to_be_visible()
        own.get_by_label("How many more repeats").fill("3")
        own.get_by_role("button", name="Run more").click()
        for page in (own, others):
            expect(page.locator("#comparison-state")).to_contain_text(f"of {(REPEATS + 3) * 2}")
        own.keyboard.press("Control+Enter")
        for page in (own, others):
            expect(page.locator("#comparison-state")).to_contain_text("stopped")
            expect(page.locator("#comparison-progress")).to_contain_text(f"0 of {(REPEATS + 3) * 2} count")
