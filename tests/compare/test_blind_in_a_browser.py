"""Judging by keyboard, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems

pytestmark = pytest.mark.browser


def test_a_pair_is_judged_by_keys_and_the_vote_taken_back(page: Page) -> None:
    page.goto("/")
    page.locator("form[action^='/examples/'] button").first.click()
    page.wait_for_url("**/comparisons/*/")
    expect(page.locator("#comparison-state")).to_have_attribute("data-running", "no")
    page.reload()
    page.get_by_role("link", name="Figures").click()
    page.get_by_role("link", name="Judge blind").click()
    expect(page.get_by_role("heading", name="Which answer is better?")).to_be_visible()
    judged = page.locator(".page-head .badge")
    count = int(judged.inner_text().split()[2])  # `0 of 3 judged`
    assert accessibility_problems(page) == []

    for done in range(count):
        expect(judged).to_contain_text(f"{done} of {count} judged")
        page.wait_for_load_state()  # the keys are there
        page.keyboard.press("0")
    expect(page.get_by_role("heading", name="Judged blind: B against A")).to_be_visible()
    expect(page.get_by_role("row", name=f"You 0 0 {count}")).to_be_visible()
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="Undo the last vote").click()
    expect(judged).to_contain_text(f"{count - 1} of {count} judged")
