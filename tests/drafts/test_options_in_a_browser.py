"""Stubs, endpoints and ways to send in a real browser: from the composer to what came of it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems, watched_page

from .desk import THINKING
from .test_composer_in_a_browser import USER, add, begin, open_json, saved

pytestmark = pytest.mark.browser
QUESTION = "Order A-1043 arrived broken. What can you do for me?"


def add_tool(page: Page, name: str) -> None:
    expect(page.locator("section#tools")).to_be_visible()
    if not page.locator("#tool-name").is_visible():
        page.get_by_text("Add a tool", exact=True).click()
    page.locator("#tool-name").fill(name)
    page.get_by_role("button", name="Add the tool", exact=True).click()
    expect(page.get_by_role("group", name=f"Tool {name}")).to_be_visible()


def add_stub(page: Page, tool: str, answer: str) -> None:
    page.get_by_role("button", name=f"+ stub for {tool}").click()
    expect(page.locator(".stub[open]")).to_have_count(1)
    expect(page.locator(".stub[open]").get_by_label("When the input holds")).to_be_focused()
    page.locator(".stub[open]").get_by_label("Answer", exact=True).fill(answer)
    expect(page.locator(".stub[open] summary")).to_contain_text(answer[:20])
    saved(page)


def choose(page: Page, endpoint: str) -> None:
    page.get_by_role("button", name="Change the endpoint").click()
    expect(page.locator("section#endpoint")).to_be_focused()
    page.get_by_label("Endpoint", exact=True).select_option(endpoint)


def press_run(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Run 2 requests")).click()


def test_a_prompt_of_two_tools_runs_to_its_end_with_the_stubs_that_were_typed(page):
    begin(page)
    page.get_by_label("Model", exact=True).fill("claude-sonnet-4-6")
    page.get_by_label(USER).fill(QUESTION)
    page.get_by_role("button", name="+ tool").click()
    expect(page.locator("section#tools")).to_be_focused()
    for tool in ("lookup_order", "lookup_policy"):
        add_tool(page, tool)
        add_stub(page, tool, f'{{"{tool}": 8.0}}')
    expect(page.locator("#tools_chip")).to_have_text("2 tools, 2 stubs")
    press_run(page)
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.get_by_text(re.compile("turn 2", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_text('{"lookup_order": 8.0}').first).to_be_visible()
    expect(page.locator("#tools_chip")).to_have_text("2 tools, 2 stubs")


def test_a_match_with_a_mistake_holds_run_back_until_it_is_mended(browser, live_console):
    with watched_page(browser, live_console.url, allow="422") as page:
        begin(page)
        page.get_by_label(USER).fill(QUESTION)
        page.get_by_role("button", name="+ tool").click()
        add_tool(page, "lookup_order")
        add_stub(page, "lookup_order", "delivered")
        match = page.get_by_label("When the input holds")
        match.fill('{"order_id": }')
        expect(page.locator("#problem-stub-0-match")).to_contain_text("line 1, column 14")
        expect(page.locator("#saved")).to_have_text("Not saved")
        press_run(page)
        expect(match).to_be_focused()
        expect(match).to_have_value('{"order_id": }')
        match.fill('{"order_id": "A-1043"}')
        saved(page)
        page.get_by_label("Exactly this and nothing more").check()
        saved(page)
        expect(page.locator(".stub summary")).to_contain_text('exactly {"order_id":"A-1043"}')
        page.get_by_label("Result or error").select_option("error")
        expect(page.locator(".stub summary")).to_contain_text("error delivered")
        page.get_by_role("button", name=re.compile("^Undo")).click()
        expect(page.locator(".stub summary")).not_to_contain_text("error")
        expect(page.locator("section#tools")).to_be_visible()


def test_models_are_listed_and_the_prompt_comes_back(page):
    begin(page)
    page.get_by_label(USER).fill(QUESTION)
    saved(page)
    choose(page, "GET /v1/models")
    page.get_by_label("Query").fill("limit=2")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#body")).to_contain_text("This request has no body")
    expect(page.locator(".endpoint-line")).to_contain_text("GET /v1/models?limit=2")
    press_run(page)
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.get_by_text("display_name").first).to_be_visible()
    page.get_by_role("button", name="back to messages").click()
    expect(page.get_by_label(USER)).to_have_value(QUESTION)


def test_counting_tokens_takes_the_body_without_what_it_refuses(page):
    begin(page)
    page.get_by_label(USER).fill(QUESTION)
    saved(page)
    choose(page, "POST /v1/messages/count_tokens")
    page.get_by_role("button", name="Use it").click()
    page.get_by_role("button", name="Drop what it refuses").click()
    expect(page.locator("#findings")).not_to_contain_text("refuses")
    assert "max_tokens" not in page.locator("#json-text").input_value()
    press_run(page)
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.get_by_text("input_tokens").first).to_be_visible()


def test_a_delete_is_asked_about_once_and_cancelled_or_sent(page):
    begin(page)
    choose(page, "DELETE /v1/files/{id}")
    page.get_by_label("id", exact=True).fill("file_gone")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator(".endpoint-line")).to_contain_text("DELETE /v1/files/file_gone")
    press_run(page)
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("DELETE cannot be taken back")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    page.keyboard.press("Control+Enter")
    question.get_by_role("button", name="Send it").click()
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.get_by_text(re.compile("not.found", re.IGNORECASE)).first).to_be_visible()


def test_an_id_that_was_left_out_is_asked_for_where_it_is_typed(page):
    begin(page)
    choose(page, "GET /v1/models/{id}")
    expect(page.get_by_label("id", exact=True)).to_be_visible()
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#endpoint-id")).to_be_focused()
    page.get_by_label("id", exact=True).fill("claude-sonnet-4-6")
    page.keyboard.press("Enter")
    expect(page.locator(".endpoint-line")).to_contain_text("GET /v1/models/claude-sonnet-4-6")
    expect(page.get_by_role("button", name="Change the endpoint")).to_be_focused()


def test_what_is_sent_otherwise_than_usual_stands_beside_more(page):
    begin(page)
    more = page.locator("#more > summary")
    expect(more).to_have_text("More")
    more.click()
    page.get_by_label("as a Message Batch").check()
    expect(more).to_contain_text("as a Message Batch")
    page.get_by_label("Separate caches").check()
    expect(more).to_contain_text("separate caches")
    saved(page)
    page.reload()
    expect(more).to_contain_text("as a Message Batch")
    page.get_by_role("button", name=re.compile("^Undo turn separate caches on")).click()
    expect(more).not_to_contain_text("separate caches")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_open_panels_are_accessible_and_fit_the_screen(browser, live_console, width, scheme):
    with watched_page(browser, live_console.url, width=width, scheme=scheme) as page:
        begin(page)
        add(page, THINKING)
        page.get_by_role("button", name="+ tool").click()
        add_tool(page, "a_tool_with_quite_a_long_name_that_still_has_to_fit_the_panel")
        for number in range(3):
            add_stub(page, "a_tool_with", f'{{"number": {number}, "text": "{"long " * 20}"}}')
        page.get_by_role("button", name="Change the endpoint").click()
        page.get_by_label("Endpoint", exact=True).select_option("other")
        expect(page.get_by_label("Path")).to_be_visible()
        page.locator("#more > summary").click()
        page.get_by_role("button", name=re.compile("^Settings of column B")).click()
        page.get_by_text("Request headers", exact=True).click()
        page.get_by_label("anthropic-workspace-id").fill("wrkspc_01")
        expect(page.locator(".lines")).to_contain_text("anthropic-workspace-id: wrkspc_01")
        saved(page)
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        open_json(page)
        assert accessibility_problems(page) == []
