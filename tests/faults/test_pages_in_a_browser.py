"""Browsers that are odd, blocked, or on somebody else's page: what the console's pages still do, and what they never allow."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import watched_page
from tests.faults.stage import Stage, wait_until
from tests.faults.tap import said
from tests.upstream import Peer, Upstream, answer

pytestmark = pytest.mark.browser
SKEWED = """const Right = Date;
globalThis.Date = class extends Right {
    constructor(...given) { given.length ? super(...given) : super(Date.now()); }
    static now() { return Right.now() + SKEW_MS; }
};"""
YEAR_MS = 365 * 24 * 3_600_000
TIMES = "times => times.map((one) => [one.dateTime, one.innerText.replace(/\\d+ (second|minute)s?/, 'n $1')])"
# What a page elsewhere can try against a console that its reader is signed in to.
ATTEMPTS = """async (console_url) => {
    const outcome = async (trial) => { try { return await trial(); } catch (error) { return "refused"; } };
    const loaded = (tag, path) => new Promise((done) => {
        const one = Object.assign(document.createElement(tag), {src: console_url + path});
        one.onload = () => done("loaded");
        one.onerror = () => done("refused");
        document.body.append(one);
    });
    return {
        read: await outcome(async () => (await fetch(console_url + "/", {credentials: "include"})).text()),
        opaque: await outcome(async () => (await fetch(console_url + "/", {credentials: "include", mode: "no-cors"})).type),
        stream: await outcome(async () => (await fetch(console_url + LIVE, {mode: "no-cors"})).type),
        script: await loaded("script", "/history/"),
        json: await loaded("script", "/api/v1/openapi.json"),
        image: await loaded("img", "/static/favicon.svg"),
    };
}"""


@contextmanager
def elsewhere(html: str) -> Iterator[str]:
    """A site of somebody else's that shows this; its address."""

    def serve(peer: Peer) -> None:
        path = peer.read_request().line.split(" ")[1]
        peer.send(answer(html.encode() if path == "/" else b"", content_type="text/html"))

    with Upstream(serve) as site:
        yield site.url.replace("127.0.0.1", "localhost") + "/"


def framed_in(page: Page) -> str:
    """The address that the frame of a page shows. Playwright hears of it only while it is asked something."""
    page.wait_for_timeout(1)
    return page.frames[-1].url


def test_b30_a_page_elsewhere_frames_nothing_reads_nothing_and_changes_nothing(browser: Browser, stage: Stage) -> None:
    path = stage.start("elsewhere")
    console = stage.console.url
    _, before = stage.call("GET", "/comparisons")
    form = f'<form method=post action="{console}/examples/wrong-header/run/"><button>Win</button></form>'
    context = browser.new_context()
    try:
        own = context.new_page()
        own.goto(console + "/")  # the reader has been there, with cookies and all
        page = context.new_page()
        with elsewhere(f"<iframe src={console}{path}></iframe>{form}") as site:
            page.goto(site)
            wait_until(lambda: framed_in(page).startswith("chrome-error:"), "no frame")
            tried = page.evaluate(ATTEMPTS.replace("LIVE", json.dumps(path + "live/")), console)
            assert set(tried.values()) == {"refused"}, tried
            with context.expect_page() as opened:
                page.evaluate("(url) => { window.won = window.open(url); }", console + "/")
            opened.value.wait_for_load_state()
            assert opened.value.evaluate("window.opener") is None
            page.get_by_role("button", name="Win").click()
            expect(page.get_by_text("Go back, reload the page")).to_be_visible()
    finally:
        context.close()
        stage.tap.let("elsewhere")
    assert stage.call("GET", "/comparisons")[1] == before


@pytest.mark.parametrize("skew_ms", [YEAR_MS, -YEAR_MS])
def test_b34_a_browser_whose_clock_is_wrong_shows_the_consoles_times(
    browser: Browser, stage: Stage, skew_ms: int
) -> None:
    with watched_page(browser, stage.relay.url) as page:
        page.context.add_init_script(SKEWED.replace("SKEW_MS", str(skew_ms)))
        page.goto("/")
        page.get_by_role("button", name="Try it").first.click()
        page.wait_for_url(re.compile("/comparisons/"))
        expect(page.locator('.lane[data-state="succeeded"]').first).to_be_visible()
        assert abs(page.evaluate("Date.now()") / 1000 - datetime.now(UTC).timestamp()) > YEAR_MS / 2000
        exchange = page.get_by_role("link", name="Request and response").first.get_attribute("href")
        shown = []
        for address in (page.url, "/history/", exchange or "", "/connections/"):
            page.goto(address)
            shown += page.locator("time").evaluate_all(TIMES)
    assert shown
    now = datetime.now(UTC)
    assert [when for when, _ in shown if abs((now - datetime.fromisoformat(when)).total_seconds()) > 3600] == []
    assert [words for _, words in shown if re.search(r"year|20(25|27)|day", words)] == []


def test_b35_without_scripts_a_run_can_be_started_and_looked_at_again(browser: Browser, stage: Stage) -> None:
    path = stage.start("plain")
    stage.tap.let("plain", 3)
    with watched_page(browser, stage.relay.url, scripts=False) as page:
        wait_until(lambda: said(3).strip() in shown_after(page, path), "the first words")
        stage.tap.let("plain")
        wait_until(lambda: stage.states(path) == ["succeeded"], "the run has ended")
        page.get_by_role("link", name="Look again").click()
        expect(page.locator(".lane")).to_have_attribute("data-state", "succeeded")
        expect(page.get_by_role("link", name="Look again")).to_have_count(0)
        page.goto("/")
        page.get_by_role("button", name="Try it").first.click()
        page.wait_for_url(re.compile("/comparisons/"))
        expect(page.locator(".lane").first).to_be_visible()
        assert page.locator("meta[http-equiv]").count() == 0


def shown_after(page: Page, path: str) -> str:
    page.goto(path)
    return page.locator(".lane .block-text").last.inner_text() if page.locator(".lane .block-text").count() else ""


def test_a_page_says_that_the_console_does_not_answer_until_it_does(browser: Browser, stage: Stage) -> None:
    with watched_page(browser, stage.console.url, allow=("Failed to fetch", "Failed to load resource")) as page:
        page.goto("/history/")
        trouble, asked = page.locator("#trouble"), page.get_by_role("searchbox")
        page.context.set_offline(True)
        asked.fill("triage")
        expect(trouble.get_by_role("alert")).to_contain_text("The console does not answer.")
        page.context.set_offline(False)
        asked.fill("triage again")
        expect(trouble).to_be_empty()


def test_what_was_typed_while_the_console_was_away_is_saved_when_it_is_back(browser: Browser, stage: Stage) -> None:
    with watched_page(browser, stage.relay.url, allow=("Failed to fetch", "Failed to load resource")) as page:
        page.goto("/")
        stage.relay.cut()
        page.get_by_label("Message 1, user").fill("typed in a tunnel")
        expect(page.locator("#saved")).to_have_text("Not saved")
        stage.relay.mend()
        expect(page.locator("#saved")).to_have_text("Saved")
        expect(page.locator("#trouble")).to_be_empty()
        page.reload()
        expect(page.get_by_label("Message 1, user")).to_have_value("typed in a tunnel")
