"""Deciding and discussing below the answers of a comparison, as a person does it."""

from playwright.sync_api import expect

from tests.browser import accessibility_problems


def test_what_is_said_below_a_comparison_is_changed_taken_back_and_decided_in_place(live_console, page):
    page.goto("/")
    page.locator("form[action^='/examples/'] button").first.click()
    page.wait_for_url("**/comparisons/*/")
    page.locator("#say-text").fill("Column B is *shorter*.")
    page.locator("#say button").click()
    comment = page.locator(".comment").first
    expect(comment.locator("em")).to_have_text("shorter")
    expect(comment.locator(".to-column")).to_have_attribute("data-letter", "B")
    expect(page.locator("#say-text")).to_have_value("")
    comment.get_by_role("link", name="Edit", exact=True).click()
    page.locator("#edit-text").fill("Column B is longer.")
    page.locator("#comments button", has_text="Save").click()
    expect(comment).to_contain_text("longer.")
    comment.get_by_role("button", name="Delete").click()
    expect(comment).to_contain_text("Deleted by")
    comment.get_by_role("button", name="Undo").click()
    expect(comment).to_contain_text("longer.")

    page.locator("#say-text").fill("typed and not yet said")
    page.locator("#decide summary", has_text="Decide").click()
    expect(page.locator("#decide input[value='adopt']")).to_be_disabled()
    page.locator("#reason").fill("Not on the real API yet.")
    page.locator("#decide button", has_text="Decide").click()
    expect(page.locator("#decide .decision")).to_contain_text("Wait ·")
    expect(page.locator("#say-text")).to_have_value("typed and not yet said")
    assert accessibility_problems(page) == []
