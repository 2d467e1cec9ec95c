"""Playing a recorded stream again in its lane. The browser's clock stands still until the test moves it."""

import pytest
from playwright.sync_api import expect

from tests.browser import accessibility_problems

pytestmark = pytest.mark.browser
# Longer than any answer of the quick simulator, and so short that two of them are no timeout of a request.
STEP_S = 20


def test_a_lane_plays_its_stream_again_and_comes_back(live_console, page):
    page.goto("/")
    page.locator("form[action^='/examples/'] button").first.click()
    page.wait_for_url("**/comparisons/*/")
    expect(page.locator(".lane [data-replay]")).to_have_count(2, timeout=60_000)
    expect(page.locator("#comparison-state")).to_have_attribute("data-running", "no", timeout=60_000)
    page.emulate_media(reduced_motion="no-preference")
    page.clock.install(time=0)
    page.reload()
    lane = page.locator(".lane:has([data-replay])").first
    own = lane.locator(".lane-body > .conversation")
    answer = own.locator(".prose").last.inner_text().split()[:4]
    page.wait_for_load_state("networkidle")
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + STEP_S)

    lane.locator("[data-replay]").click()
    replay = lane.locator(".replay")
    expect(replay.locator(".replay-clock")).to_contain_text("0.0 s of")
    expect(replay.locator(".block")).to_have_count(0)
    expect(own).to_be_hidden()
    expect(page.locator("#said")).to_have_text("Replay began.")

    replay.get_by_role("button", name="4×").click()
    expect(replay.get_by_role("button", name="4×")).to_have_attribute("aria-pressed", "true")
    page.clock.fast_forward(STEP_S * 1000)
    expect(page.locator("#said")).to_have_text("Replay ended.")
    expect(replay.locator(".block-text").last).to_contain_text(" ".join(answer))
    page.clock.resume()
    assert accessibility_problems(page) == []
    replay.get_by_role("button", name="Close").click()
    expect(own).to_be_visible()
    expect(lane.locator("[data-replay]")).to_be_focused()
