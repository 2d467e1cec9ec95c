"""The main job in a real browser: compose, tick, run, watch, reload, look inside."""

import json
import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import Console

pytestmark = pytest.mark.browser

SLOW = "Tell me about harbours. [[simulator: ttft_ms=150; tps=45; tokens=150]]"
BETA = "context-1m-2025-08-07"
LOOKS = [(1440, "light"), (390, "dark")]


def fresh_draft(page: Page) -> None:
    """A new draft in the composer."""
    page.goto("/")
    page.locator("#prompt summary").click()
    page.get_by_role("button", name="Begin with an empty one").click()
    page.wait_for_url(re.compile(r"draft="))


def write_prompt(page: Page, text: str) -> None:
    page.get_by_label("Message 1, user").fill(text)


def add_beta(page: Page, name: str) -> None:
    page.get_by_role("textbox", name="Add a beta").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name=f"{name} in column B")).to_be_visible()


def lane(page: Page, letter: str) -> Locator:
    return page.locator(f'.lane[data-letter="{letter}"]')


def run(page: Page) -> str:
    """Press Run; the id of the comparison."""
    page.get_by_role("button", name=re.compile(r"^Run \d+ request")).click()
    return comparison_shown(page)


def try_it(page: Page) -> str:
    """Run the example with the wrong header in one click; the id of the comparison."""
    page.get_by_role("button", name="Try it").nth(1).click()
    return comparison_shown(page)


def comparison_shown(page: Page) -> str:
    # Not wait_for_url, which ends where a second press took the place of the first one's answer.
    expect(page).to_have_url(re.compile(r"/comparisons/\w+/"))
    return page.url.rstrip("/").rsplit("/", 1)[1].split("?")[0]


def words(text: str) -> list[str]:
    """The words alone: Markdown's marks and the numbers of its lists are drawn, not written."""
    return re.findall(r"[^\W\d_]+", text)


def test_from_a_prompt_to_two_final_cards_with_a_reload_in_the_middle(page: Page) -> None:
    fresh_draft(page)
    write_prompt(page, SLOW)
    add_beta(page, BETA)
    page.get_by_role("checkbox", name=f"{BETA} in column B").check()
    expect(page.get_by_role("list", name="Header lines as they will be sent")).to_contain_text(re.compile("context-1m"))
    run(page)
    first = lane(page, "A").locator(".block-text").last
    expect(first).to_have_text(re.compile(r"\w+ \w+ \w+"))
    seen = first.inner_text()
    page.reload()
    expect(lane(page, "A")).to_have_attribute("data-state", re.compile("streaming|succeeded"))
    expect(lane(page, "A").locator(".block-text, .prose").last).to_contain_text(seen[:40])
    expect(lane(page, "A")).to_have_attribute("data-state", "succeeded")
    expect(lane(page, "B")).to_have_attribute("data-state", "succeeded")
    expect(lane(page, "B").locator("mark")).to_have_text(re.compile("context-1m"))
    shown = words(lane(page, "B").locator(".prose").inner_text())
    lane(page, "B").get_by_role("link", name="Request and response").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    with page.expect_download() as got:
        page.get_by_role("link", name=re.compile("download", re.I)).last.click()
    stream = got.value.path().read_text()
    deltas = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    text = "".join(one["delta"].get("text", "") for one in deltas if one["type"] == "content_block_delta")
    assert shown == words(text)
    assert len(shown) > 50


def test_a_second_browser_sees_the_same_run_live(page: Page, browser: Browser, live_console: Console) -> None:
    fresh_draft(page)
    write_prompt(page, SLOW)
    run(page)
    with watched_page(browser, live_console.url) as other:
        other.goto(page.url)
        expect(lane(other, "A")).to_have_attribute("data-state", "streaming")
        expect(lane(other, "A")).to_have_attribute("data-state", "succeeded")
        expect(lane(page, "A")).to_have_attribute("data-state", "succeeded")
        assert lane(other, "A").locator(".prose").inner_text() == lane(page, "A").locator(".prose").inner_text()


def test_a_refused_beta_is_named_and_answered_with_a_column_without_it(page: Page) -> None:
    page.goto("/")
    try_it(page)
    refused = lane(page, "B")
    expect(refused).to_contain_text("Unsupported beta header: interleaved-thinking-2025-04-14")
    expect(refused).to_contain_text("invalid_request_error")
    expect(refused.locator("mark")).to_have_text(re.compile("2025-04-14"))
    cell = page.get_by_role("checkbox", name="interleaved-thinking-2025-04-14 in column B")
    expect(cell).to_have_attribute("aria-description", "refused in the run beside it")
    refused.get_by_role("button", name="Add a column without it").click()
    expect(lane(page, "D")).to_have_attribute("data-state", "succeeded")
    expect(lane(page, "D")).to_contain_text("no anthropic-beta header")
    expect(lane(page, "B")).to_contain_text("Unsupported beta header")


def test_one_column_can_be_stopped_and_keeps_what_it_had(page: Page) -> None:
    fresh_draft(page)
    write_prompt(page, "Tell me about harbours. [[simulator: ttft_ms=50; tps=10; tokens=600]]")
    run(page)
    expect(lane(page, "A").locator(".block-text").last).to_have_text(re.compile(r"\w+ \w+"))
    lane(page, "A").get_by_role("button", name="Stop this column").click()
    expect(lane(page, "A")).to_have_attribute("data-state", "cancelled")
    expect(lane(page, "A")).to_contain_text("The API may still bill")
    expect(lane(page, "B")).to_have_attribute("data-state", "streaming")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(lane(page, "B")).to_have_attribute("data-state", "cancelled")


def test_the_keyboard_runs_and_a_draft_survives_a_reload(page: Page) -> None:
    fresh_draft(page)
    write_prompt(page, "Say hello.")
    add_beta(page, BETA)
    page.get_by_role("checkbox", name=f"{BETA} in column B").check()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("checkbox", name=f"{BETA} in column B")).to_be_checked()
    expect(page.get_by_label("Message 1, user")).to_have_value("Say hello.")
    page.get_by_label("Message 1, user").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile("/comparisons/"))
    expect(lane(page, "B")).to_have_attribute("data-state", "succeeded")


def test_b5_pressing_run_twice_sends_once(page: Page) -> None:
    run_button = re.compile(r"^Run \d+ request")
    for asked, press in (("Pressed twice", double_click), ("Entered and clicked", enter_and_click)):
        fresh_draft(page)
        write_prompt(page, asked)
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        press(page, page.get_by_role("button", name=run_button))
        comparison_shown(page)
    fresh_draft(page)
    write_prompt(page, "Pressed in two tabs")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    twin = page.context.new_page()
    twin.goto(page.url)
    token = page.locator("#sending [name='client_token']").input_value()
    twin.locator("#sending [name='client_token']").evaluate("(field, token) => { field.value = token; }", token)
    ids = set()
    for tab in (page, twin):  # a tab that was duplicated holds the token of the other
        tab.get_by_role("button", name=run_button).click()
        ids.add(comparison_shown(tab))
    assert len(ids) == 1
    page.goto("/history/")
    for asked in ("Pressed twice", "Entered and clicked", "Pressed in two tabs"):
        expect(page.get_by_role("link", name=asked)).to_have_count(1)


def double_click(page: Page, button: Locator) -> None:
    button.dblclick()


def enter_and_click(page: Page, button: Locator) -> None:
    page.get_by_label("Message 1, user").focus()
    # Both before the answer to either: what a hurried hand does, faster than any hand.
    button.evaluate("""(button) => {
        const press = {key: "Enter", ctrlKey: true, bubbles: true, cancelable: true};
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", press));
        button.click();
    }""")


def test_a_second_tab_is_told_that_the_draft_moved(browser: Browser, live_console: Console) -> None:
    with watched_page(browser, live_console.url, allow="409") as page:
        fresh_draft(page)
        other = page.context.new_page()
        other.goto(page.url)
        add_beta(page, BETA)
        other.get_by_label("Max tokens").fill("77")
        other.get_by_label("Max tokens").blur()
        reload = re.compile("Reload")
        expect(other.get_by_role("link", name=reload).or_(other.get_by_role("button", name=reload))).to_be_visible()
        expect(other.get_by_label("Max tokens")).to_have_value("77")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_free_of_serious_accessibility_problems(
    browser: Browser, live_console: Console, width: int, scheme: str
) -> None:
    with watched_page(browser, live_console.url, width=width, scheme=scheme, allow="404") as page:
        page.goto("/")
        comparison = try_it(page)
        expect(lane(page, "C")).to_have_attribute("data-state", "succeeded")
        exchange = lane(page, "A").get_by_role("link", name="Request and response").get_attribute("href") or ""
        for path in ("/", f"/comparisons/{comparison}/", exchange, "/history/", "/prompts/", "/combinations/",
                     "/connections/", "/connections/new/", "/api/docs", "/nothing/here/"):  # fmt: skip
            answer = page.goto(path)
            assert answer is not None
            assert answer.status < 500, path
            assert accessibility_problems(page) == [], path
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{path} is {overflow} px too wide"


def test_what_a_lane_shows_is_at_every_moment_the_beginning_of_the_answer(page: Page) -> None:
    fresh_draft(page)
    write_prompt(page, "Tell me about harbours. [[simulator: ttft_ms=0; tps=60; tokens=90]]")
    run(page)
    seen: list[tuple[str, list[str]]] = []
    for _ in range(40):
        state = lane(page, "A").get_attribute("data-state") or ""
        seen.append((state, words(lane(page, "A").locator(".blocks").inner_text())))
        if state == "succeeded":
            break
        page.wait_for_timeout(80)
    expect(lane(page, "A")).to_have_attribute("data-state", "succeeded")
    whole = words(lane(page, "A").locator(".blocks").inner_text())
    # The last word of a growing text may be cut anywhere.
    assert [shown for _, shown in seen if shown[:-1] != whole[: len(shown) - 1] and shown] == []
    assert any(state == "streaming" and len(shown) > 3 for state, shown in seen)
