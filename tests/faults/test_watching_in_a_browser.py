"""Faults between a run and those who watch it: a real browser, a real wire that is cut, a far end that waits for the test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser import watched_page
from tests.canaries import everything_stored
from tests.chaos.client import Browser as Reader
from tests.faults.stage import Stage, wait_until
from tests.faults.tap import WORDS, said

pytestmark = pytest.mark.browser

# Headless tabs are all in sight. This stands in for a window that shows one of them: what the page sees is the same.
SIGHT = """if (location.protocol === "http:") {
Object.defineProperty(Document.prototype, "hidden", {get() { return sessionStorage.getItem("hidden") === "yes" }});
Object.defineProperty(Document.prototype, "visibilityState", {get() { return this.hidden ? "hidden" : "visible" }});
}"""
BEHIND = (
    'if (location.protocol === "http:" && !sessionStorage.getItem("hidden")) sessionStorage.setItem("hidden", "yes");'
)
MOVE = """(hidden) => {
    sessionStorage.setItem("hidden", hidden); document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNT = """() => { window.messages = 0;
    document.addEventListener("htmx:sse:after:message", () => window.messages++); }"""
# Out of sight as soon as the stream has been asked for; on `window`, after all listeners of the page.
GOES_AS = """addEventListener("EVENT", ({target}) => {
    if (target.id !== "live" || sessionStorage.getItem("went")) return;
    sessionStorage.setItem("went", "yes");
    (MOVE)("yes");
});""".replace("MOVE", MOVE)
LIVE = "/live/"


@pytest.fixture
def page(browser: Browser, stage: Stage) -> Iterator[Page]:
    """A page that reaches the console over the wire. It complains of requests that found the console away."""
    with watched_page(browser, stage.relay.url, allow=("net::ERR", "error: htmx: htmx:")) as page:
        yield page


def text(page: Page, *, column: str = "A") -> Locator:
    """The words of a lane, while they come."""
    return page.locator(f'.lane[data-letter="{column}"] .block-text').last


def lane(page: Page, *, column: str = "A") -> Locator:
    return page.locator(f'.lane[data-letter="{column}"]')


def look(page: Page) -> None:
    page.evaluate(MOVE, "no")


def look_away(page: Page) -> None:
    page.evaluate(MOVE, "yes")


def told(stage: Stage, path: str, count: int) -> None:
    """Wait until the console itself shows so many words to whoever comes now."""
    reader = Reader(stage.console, path.split("/")[2]).wait_until_open()
    wait_until(lambda: said(count) in reader.watcher.texts.values(), f"{count} words")
    reader.leave()


def is_stored(stage: Stage, word: str) -> bool:
    return any(word.encode() in value for _, value in everything_stored(stage.console.data / "betaconsole.sqlite3"))


def test_b1_a_tab_that_is_closed_ends_nothing_and_its_address_shows_the_whole_answer(stage: Stage, page: Page) -> None:
    path = stage.start("closed")
    stage.tap.let("closed", 5)
    page.goto(path)
    expect(text(page)).to_have_text(said(5), use_inner_text=False)
    other = page.context.new_page()
    page.close()
    wait_until(lambda: not stage.relay.open_now(LIVE), "the stream of the closed tab has ended")
    # The console finds out when it writes: so there is something to write, again and again, before the answer ends.
    for count in (20, 40, 60, 80):
        stage.tap.let("closed", count)
        told(stage, path, count)
    assert stage.states(path) == ["streaming"]
    stage.tap.let("closed")
    wait_until(lambda: stage.states(path) == ["succeeded"], "the run has ended")
    other.goto(path)
    expect(lane(other)).to_have_attribute("data-state", "succeeded")
    expect(lane(other).locator(".prose")).to_contain_text(f"w{len(WORDS) - 1}")
    assert stage.tap.asked.count("closed") == 1


def test_b2_a_wire_that_was_cut_loses_and_doubles_nothing(stage: Stage, page: Page) -> None:
    path = stage.start("cut")
    stage.tap.let("cut", 3)
    page.goto(path)
    expect(text(page)).to_have_text(said(3))
    stage.tap.let("cut", 7)
    expect(text(page)).to_have_text(said(7))
    stage.relay.cut()
    stage.tap.let("cut", 190)
    told(stage, path, 190)
    expect(page.locator("#lost")).to_contain_text("trying again")
    expect(text(page)).to_have_text(said(7))
    stage.relay.mend()
    expect(text(page)).to_have_text(said(190))
    expect(page.locator("#lost")).to_be_hidden()
    first, *_, again = stage.relay.asked(path + "live/")
    assert "last-event-id:" not in first.lower()
    assert "last-event-id:" in again.lower()
    stage.tap.let("cut", 200)
    expect(text(page)).to_have_text(said(200))
    stage.tap.let("cut")
    expect(lane(page)).to_have_attribute("data-state", "succeeded")


def test_b6_back_and_reload_send_nothing_again_and_take_up_the_stream(stage: Stage, page: Page) -> None:
    path = stage.start("back")
    stage.tap.let("back", 3)
    page.goto(path)
    expect(text(page)).to_have_text(said(3))
    page.goto("/history/")
    stage.tap.let("back", 30)
    page.go_back()
    expect(text(page)).to_have_text(said(30))
    stage.tap.let("back", 60)
    expect(text(page)).to_have_text(said(60))
    page.reload()
    expect(text(page)).to_have_text(said(60))
    stage.tap.let("back", 90)
    expect(text(page)).to_have_text(said(90))
    stage.tap.let("back")
    expect(lane(page)).to_have_attribute("data-state", "succeeded")
    assert stage.tap.asked.count("back") == 1


def test_b7_ten_tabs_share_the_six_connections_that_a_browser_keeps(stage: Stage, page: Page) -> None:
    context: BrowserContext = page.context
    context.add_init_script(SIGHT)
    path = stage.start("tabs")
    stage.tap.let("tabs", 4)
    page.goto(path)
    expect(text(page)).to_have_text(said(4))
    tabs = [page]
    for _ in range(4):  # looked at one after the other
        look_away(tabs[-1])
        tabs.append(context.new_page())
        tabs[-1].goto(path)
        expect(text(tabs[-1])).to_have_text(said(4))
    context.add_init_script(BEHIND)
    for _ in range(4):  # opened behind the one that is looked at
        tabs.append(context.new_page())
        tabs[-1].goto(path)
    tabs.append(context.new_page())
    tabs[-1].goto("/history/")
    assert len(tabs) == 10
    wait_until(lambda: stage.relay.open_now(LIVE) == 1, "only the tab that is looked at watches")
    stage.tap.let("tabs", 80)
    expect(text(tabs[4])).to_have_text(said(80))
    look_away(tabs[4])
    for tab in (tabs[0], tabs[6]):
        look(tab)
        expect(text(tab)).to_have_text(said(80))
        look_away(tab)
    stage.tap.let("tabs")


def test_b8_a_tab_out_of_sight_lets_go_of_its_stream_and_comes_back_with_one_picture(stage: Stage, page: Page) -> None:
    page.context.add_init_script(SIGHT)
    path = stage.start("hidden")
    stage.tap.let("hidden", 2)
    page.goto(path)
    expect(text(page)).to_have_text(said(2))
    look_away(page)
    wait_until(lambda: not stage.relay.open_now(LIVE), "the hidden tab's stream has ended")
    page.evaluate(COUNT)
    stage.tap.let("hidden", 390)
    told(stage, path, 390)
    assert page.evaluate("messages") == 0
    look(page)
    expect(text(page)).to_have_text(said(390))
    assert 1 <= page.evaluate("messages") <= 5
    stage.tap.let("hidden")
    expect(lane(page)).to_have_attribute("data-state", "succeeded")


def test_b8_a_tab_that_goes_out_of_sight_while_its_stream_is_opened_lets_go_of_it(stage: Stage, page: Page) -> None:
    page.context.add_init_script(SIGHT)
    page.context.add_init_script(GOES_AS.replace("EVENT", "htmx:before:request"))
    path = stage.start("leaving")
    stage.tap.let("leaving", 2)
    page.goto(path)
    wait_until(lambda: stage.relay.asked(path + "live/"), "the stream was asked for")
    wait_until(lambda: not stage.relay.open_now(LIVE), "nobody looks, nobody watches")
    stage.tap.let("leaving", 40)
    told(stage, path, 40)
    look(page)
    expect(text(page)).to_have_text(said(40))
    stage.tap.let("leaving")


def test_b8_a_tab_that_goes_out_of_sight_while_a_cut_wire_is_mended_lets_go_of_it(stage: Stage, page: Page) -> None:
    page.context.add_init_script(SIGHT)
    path = stage.start("mending")
    stage.tap.let("mending", 2)
    page.goto(path)
    expect(text(page)).to_have_text(said(2))
    stage.tap.let("mending", 3)
    expect(text(page)).to_have_text(said(3))
    page.evaluate("(code) => { " + GOES_AS.replace("EVENT", "htmx:sse:before:connection") + " }")
    stage.relay.cut()
    stage.relay.mend()
    wait_until(lambda: len(stage.relay.asked(path + "live/")) > 1, "the stream was asked for again")
    wait_until(lambda: not stage.relay.open_now(LIVE), "nobody looks, nobody watches")
    stage.tap.let("mending", 40)
    told(stage, path, 40)
    look(page)
    expect(text(page)).to_have_text(said(40))
    stage.tap.let("mending")


def test_words_that_come_while_the_pointer_is_down_are_all_shown_once_it_is_up(stage: Stage, page: Page) -> None:
    path = stage.start("held")
    stage.tap.let("held", 2)
    page.goto(path)
    expect(text(page)).to_have_text(said(2))
    page.get_by_role("button", name="Stop this column").hover()
    page.mouse.down()
    for count in (20, 40):
        stage.tap.let("held", count)
        told(stage, path, count)
    page.mouse.move(1, 1)
    page.mouse.up()
    expect(text(page)).to_have_text(said(40))
    stage.tap.let("held")
    expect(lane(page)).to_have_attribute("data-state", "succeeded")


def test_b19_attributes_of_htmx_in_an_answer_ask_for_nothing(stage: Stage, page: Page) -> None:
    path = stage.start("attributes")
    stage.tap.let("attributes", 15)
    page.goto(path)
    expect(text(page)).to_have_text(said(15))
    inert = page.locator("[hx-ignore]").filter(has=page.locator(".block-text"))
    made = page.locator("[hx-get='/evil'], img[src='x'], [onerror]")
    expect(inert).not_to_have_count(0)
    expect(made).to_have_count(0)
    stage.tap.let("attributes")
    expect(lane(page)).to_have_attribute("data-state", "succeeded")
    expect(lane(page).locator("[hx-ignore] .prose")).to_contain_text("<img src=x hx-get=/evil")
    expect(made).to_have_count(0)
    assert stage.relay.asked("evil") == []


def test_b37_many_readers_of_one_run_are_all_told_all_of_it(stage: Stage) -> None:
    path = stage.start("many", columns=2)
    stage.tap.let("many", 3)
    readers = [Reader(stage.console, path.split("/")[2]).wait_until_open() for _ in range(40)]
    stage.tap.let("many", 200)
    for reader in readers:
        wait_until(lambda: list(reader.watcher.texts.values()) == [said(200)] * 2, "200 words in both lanes")  # noqa: B023
    stage.tap.let("many")
    assert all("finished" in reader.wait_until_ended().watcher.events for reader in readers)
    assert stage.tap.asked.count("many") == 2


def test_b4_a_console_that_dies_and_comes_back_says_so_on_the_page_that_watched(stage: Stage, page: Page) -> None:
    path = stage.start("killed")
    stage.tap.let("killed", 11)
    page.goto(path)
    expect(text(page)).to_have_text(said(11))
    wait_until(lambda: is_stored(stage, "w9 "), "the words are stored")
    stage.console.kill()
    expect(page.locator("#lost")).to_contain_text("trying again")
    stage.restart()
    expect(lane(page)).to_have_attribute("data-state", "interrupted")
    expect(lane(page)).to_contain_text("w9")
    expect(page.locator("#lost")).to_be_hidden()
    assert stage.tap.asked.count("killed") == 1
