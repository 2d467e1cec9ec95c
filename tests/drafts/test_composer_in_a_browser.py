"""The composer in a real browser: what only its script and htmx can break."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility_problems, watched_page

from .desk import CONTEXT, THINKING

pytestmark = pytest.mark.browser
COUNTED = "thinking-token-count-2026-05-13"
USER = "Message 1, user"


def begin(page: Page) -> None:
    """A new, empty draft."""
    page.goto("/")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Begin with an empty one").click()
    page.wait_for_url(re.compile("draft="))


def add(page: Page, *betas: str) -> None:
    for beta in betas:
        page.get_by_label("Add a beta").fill(beta)
        page.keyboard.press("Enter")
        expect(page.get_by_label(f"{beta} in column B")).to_be_checked()


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def open_json(page: Page) -> None:
    page.locator("#body").get_by_role("button", name="JSON", exact=True).click()
    expect(page.locator("#json-text")).to_be_visible()


def test_ticks_faster_than_the_server_answers_are_all_kept(page):
    begin(page)
    add(page, THINKING, CONTEXT, COUNTED)
    for box in page.locator(".beta-matrix input").all():
        box.click()
    saved(page)
    boxes = page.locator(".beta-matrix input")
    shown = [box.is_checked() for box in boxes.all()]
    page.reload()
    assert [box.is_checked() for box in boxes.all()] == shown == [True, False] * 3


def test_presses_of_a_button_that_each_answer_replaces_all_count(page):
    begin(page)
    more = page.get_by_role("button", name="+ column")
    more.evaluate("button => { for (let presses = 0; presses < 4; presses += 1) button.click(); }")
    saved(page)
    expect(page.locator("#matrix .letter-button")).to_have_text(list("ABCDEF"))


def test_a_press_counts_though_the_field_that_was_left_has_its_answer_while_the_pointer_is_down(page):
    begin(page)
    page.get_by_label(USER).fill("Say hello.")
    saved(page)
    page.set_viewport_size({"width": 1440, "height": 2000})  # so that nothing scrolls
    count = page.get_by_role("button", name="Count tokens")
    count.hover()
    page.get_by_label(USER).press("End")
    page.keyboard.type("!")
    page.mouse.down()
    page.wait_for_timeout(600)  # what would be drawn were drawn by now
    page.mouse.up()
    expect(count).to_have_count(0)
    expect(page.get_by_label(USER)).to_have_value("Say hello.!")
    saved(page)


def test_what_was_typed_a_moment_ago_is_sent_by_ctrl_enter(page):
    begin(page)
    page.get_by_label(USER).fill("Say hello")
    page.get_by_label(USER).press("End")
    page.keyboard.type(" twice, and")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.get_by_label(USER)).to_have_value("Say hello twice, and")


def test_a_click_on_run_right_after_typing_is_not_lost(page):
    begin(page)
    page.get_by_label(USER).fill("Say")
    page.keyboard.type(" it now")
    page.get_by_role("button", name=re.compile("^Run 2 requests")).click()
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Say it now")


def test_cases_are_typed_from_cell_to_cell_without_waiting(page):
    begin(page)
    page.get_by_label(USER).fill("Rivers of {{country}} in {{year}}")
    page.get_by_label("Name of case 1").click()
    for number, row in enumerate((("Ann", "Peru", "1990"), ("Bo", "Mali", "2000")), start=1):
        for text in row:
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        expect(page.get_by_label(f"Name of case {number + 1}")).to_be_visible()
        page.get_by_label(f"Name of case {number + 1}").focus()
    saved(page)
    page.reload()
    cells = page.locator(".case-cells :is(input, textarea)")
    assert [cell.input_value() for cell in cells.all()] == ["Ann", "Peru", "1990", "Bo", "Mali", "2000", "", "", ""]


def test_a_known_beta_is_found_by_words_and_its_example_goes_with_its_tick(page):
    begin(page)
    page.get_by_label("Add a beta").fill("clears old tool")
    page.locator("#hits").get_by_role("button", name=re.compile(CONTEXT)).click()
    page.get_by_role("button", name=re.compile("^\\+ in B")).click()
    changes = page.get_by_role("button", name=re.compile("^Changes to the body in column B"))
    expect(changes).to_have_text("+1")
    page.get_by_label(f"{CONTEXT} in column B").uncheck()
    expect(changes).to_have_text("·")
    expect(page.locator(".lines li").nth(1)).to_contain_text("no anthropic-beta header")


def test_a_mistake_in_the_json_is_placed_kept_and_undone(page):
    begin(page)
    open_json(page)
    before = page.locator("#json-text").input_value()
    page.locator("#json-text").fill('{\n  "model": "m",\n  oops\n}')
    expect(page.locator("#mistake")).to_contain_text("Line 3, column 3")
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.locator("#body")).to_contain_text("There is no form to show")
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("#json-text")).to_be_focused()
    assert page.evaluate("document.activeElement.value.slice(document.activeElement.selectionStart)") == "oops\n}"
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.locator("#json-text")).to_have_value(before)


def test_form_and_json_show_one_document(page):
    begin(page)
    page.get_by_label("System").fill("Be brief.")
    open_json(page)
    text = page.locator("#json-text").input_value()
    assert '"system": "Be brief."' in text
    page.locator("#json-text").fill(text.replace("Be brief.", "Be long.\\nVery."))
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_label("System")).to_have_value("Be long.\nVery.")


def test_a_request_is_pasted_and_what_was_dropped_is_named(page):
    begin(page)
    page.get_by_role("button", name="Paste a request").click()
    page.get_by_label("Paste a request").fill(
        f"curl https://api.anthropic.com/v1/messages -H 'x-api-key: sk-ant-api03-abcdefghijkl' -H 'anthropic-beta: {THINKING}' "
        "-d '{\"model\": \"claude-sonnet-4-6\", \"max_tokens\": 5, \"messages\": [{\"role\": \"user\", \"content\": \"Pasted\"}]}'"
    )  # fmt: skip
    page.get_by_role("button", name="Read it").click()
    expect(page.locator("#notice")).to_contain_text("There was an x-api-key header in it. It was dropped.")
    expect(page.locator("#paste")).to_be_hidden()
    expect(page.get_by_label(USER)).to_have_value("Pasted")
    expect(page.get_by_label(f"{THINKING} in column A")).to_be_checked()


def test_a_second_tab_is_noticed_and_what_was_typed_is_kept(browser, live_console):
    with watched_page(browser, live_console.url, allow="409") as page:
        begin(page)
        other = page.context.new_page()
        other.goto(page.url)
        other.get_by_label(USER).fill("From the other tab")
        saved(other)
        page.get_by_label(USER).fill("A long thought")
        expect(page.locator("#conflict")).to_contain_text("changed in another tab")
        expect(page.locator("#saved")).to_have_text("Not saved")
        page.get_by_role("button", name="Reload the composer").click()
        expect(page.get_by_label(USER)).to_have_value("From the other tab")
        expect(page.get_by_label("What you typed")).to_have_value("A long thought")
        page.get_by_role("button", name="Close this").click()
        page.get_by_label(USER).fill("Both thoughts")
        saved(page)


def test_run_waits_for_a_field_that_was_refused(browser, live_console):
    with watched_page(browser, live_console.url, allow="422") as page:
        begin(page)
        page.get_by_label("Repeats").fill("101")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#problem-repeats")).to_contain_text("1 to 100")
        expect(page.get_by_label("Repeats")).to_be_focused()
        page.get_by_label("Repeats").fill("2")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile("/comparisons/"))


def test_an_edit_that_the_server_never_got_is_said_and_sent_before_run(browser, live_console):
    with watched_page(browser, live_console.url, allow="Failed to") as page:
        begin(page)
        page.route("**/text/", lambda route: route.abort())
        page.get_by_label(USER).fill("Not lost")
        expect(page.locator("#saved")).to_have_text("Not saved")
        page.unroute("**/text/")
        page.get_by_role("button", name=re.compile("^Run")).click()
        page.wait_for_url(re.compile("/comparisons/"))
        expect(page.get_by_label(USER)).to_have_value("Not lost")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_every_part_of_the_composer_is_accessible_and_fits_the_screen(browser, live_console, width, scheme):
    with watched_page(browser, live_console.url, width=width, scheme=scheme) as page:
        begin(page)
        add(page, THINKING, CONTEXT)
        page.get_by_role("button", name="+ column").click()
        page.get_by_role("button", name=re.compile("^Settings of column B")).click()
        expect(page.locator("section#column")).to_be_focused()
        page.get_by_label("Add a beta").fill("thinking")
        expect(page.locator("#hits li").first).to_be_visible()
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        open_json(page)
        page.get_by_role("button", name="Paste a request").click()
        assert accessibility_problems(page) == []


def test_a_phone_shows_the_whole_name_of_a_model(browser, live_console):
    with watched_page(browser, live_console.url, width=390) as page:
        begin(page)
        model = page.get_by_label("Model", exact=True)
        model.fill("claude-haiku-4-5-20251001")
        assert model.evaluate("(field) => field.scrollWidth <= field.clientWidth")
        saved(page)
