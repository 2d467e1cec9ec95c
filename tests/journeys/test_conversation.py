"""Conversations in a real browser: tools that answer, a person who answers, a next message for every column."""

import re
import subprocess
import sys
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from betaconsole.catalogue.examples import INTERLEAVED, examples
from tests.browser import accessibility_problems, watched_page
from tests.console import Console
from tests.environment import CHECKOUT, clean_environment
from tests.journeys.test_main_job import comparison_shown, lane

pytestmark = pytest.mark.browser
LOOKS = [(1440, "light"), (390, "dark")]
EXAMPLE = examples()[0]
RESULT = '{"rule": "Within 30 days"}'


@pytest.fixture(scope="module")
def api(live_console: Console) -> requests.Session:
    """The JSON API of the live console."""
    command = [sys.executable, str(CHECKOUT / "manage.py"), "token", "journeys"]
    environment = {**clean_environment(), "BETACONSOLE_DATA": str(live_console.data)}
    made = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True)
    session = requests.Session()
    session.headers["authorization"] = f"Bearer {made.stdout.strip()}"
    return session


def asked(api: requests.Session, console: Console, **values: Any) -> str:
    """The address of a comparison of the example's two columns, run through the API; without stubs for its second tool."""
    usual: dict[str, Any] = {
        "title": "Does thinking between the calls of two tools change the answer?",
        "connection": "simulator",
        "body": EXAMPLE.body,
        "variants": [{"label": "Baseline", "betas": []}, {"label": "With thinking", "betas": [INTERLEAVED]}],
        "tool_stubs": [EXAMPLE.tool_stubs[0]],
    }
    answer = api.post(f"{console.url}/api/v1/comparisons", json={**usual, **values}, timeout=20)
    assert answer.status_code in (200, 201, 202), answer.text
    return f"/comparisons/{answer.json()['id']}/"


def end_of(page: Page, letter: str, state: str = "succeeded", *, turn: int) -> None:
    """The column shows this turn, in this state."""
    expect(lane(page, letter).locator(".turn-mark").last).to_have_text(re.compile(rf"turn {turn}", re.I))
    expect(lane(page, letter)).to_have_attribute("data-state", state)


def test_the_example_runs_to_its_end_and_thinks_between_calls_in_one_column(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Try it").first.click()
    comparison_shown(page)
    expect(page.locator("#comparison-state")).to_contain_text("6 done")
    for letter, turns_with_thinking in (("A", [1]), ("B", [1, 2, 3])):
        end_of(page, letter, turn=3)
        turns = [
            *lane(page, letter).locator(".turn").all(),
            lane(page, letter).locator(f"#lane-{ord(letter) - 65}-blocks"),
        ]
        thinks = [number for number, turn in enumerate(turns, 1) if turn.locator('[data-type="thinking"]').count()]
        assert thinks == turns_with_thinking
        expect(lane(page, letter).locator(".result")).to_have_count(2)
        expect(lane(page, letter).locator(".result").first).to_contain_text('→ stub: {"status": "delivered"')
        expect(lane(page, letter).locator(".figures")).to_contain_text("Total, 3 turns")
    lane(page, "B").get_by_role("link", name="Turn 2").click()
    expect(page.get_by_text("turn 2 of 3")).to_be_visible()
    page.get_by_role("button", name="Continue from here").click()
    page.wait_for_url(re.compile("draft="))
    expect(page.get_by_role("button", name=re.compile("^Run 2 request"))).to_be_visible()


def test_a_waiting_cell_is_answered_in_one_tab_and_another_browser_sees_it_go_on(
    page: Page, browser: Browser, live_console: Console, api: requests.Session
) -> None:
    page.goto(asked(api, live_console))
    field = lane(page, "B").get_by_label("Result of")
    expect(field).to_be_visible()
    expect(lane(page, "B")).to_contain_text("No stub answers this call.")
    expect(page.get_by_role("link", name="2 waiting for a result")).to_be_visible()
    with watched_page(browser, live_console.url) as other:
        other.goto(page.url)
        expect(lane(other, "B").get_by_label("Result of")).to_be_visible()
        lane(other, "A").get_by_label("Result of").fill("half a sen")
        field.fill(RESULT)
        lane(page, "B").get_by_role("button", name="Send this result").press("Enter")
        end_of(page, "B", turn=3)
        expect(lane(page, "B")).to_be_focused()
        expect(lane(page, "B").locator(".result").last).to_contain_text(f"→ you: {RESULT}")
        end_of(other, "B", turn=3)
        # What the other one types is left alone, and so is the cursor.
        expect(lane(other, "A").get_by_label("Result of")).to_have_value("half a sen")
        expect(lane(other, "A").get_by_label("Result of")).to_be_focused()
        other.keyboard.type("tence")
        expect(lane(other, "A").get_by_label("Result of")).to_have_value("half a sentence")
    expect(page.get_by_role("link", name="waiting for a result in A")).to_be_visible()


def test_typing_survives_live_updates_of_the_other_lanes_and_a_saved_stub_answers_them(
    page: Page, live_console: Console, api: requests.Session
) -> None:
    slow = {"system": "You triage refund requests. [[simulator: tps=60; tokens=60]]"}
    variants = [
        {"label": "Quick", "betas": []},
        {"label": "Slow", "betas": [INTERLEAVED], "patch": slow},
    ]
    page.goto(asked(api, live_console, variants=variants, repeats=2))
    field = lane(page, "A").get_by_label("Result of").first
    expect(field).to_be_visible()
    field.click()
    for word in RESULT.split(" "):
        page.keyboard.type(f"{word} ", delay=40)
        page.wait_for_timeout(400)
    assert field.input_value().split() == RESULT.split()
    expect(page.locator("#comparison-state")).to_contain_text("4 waiting for a result")
    assert field.input_value().split() == RESULT.split()
    expect(lane(page, "A").locator(".dots-row")).to_contain_text("repeat 1 of 2")
    page.keyboard.press("Control+Enter")
    end_of(page, "A", turn=3)
    expect(lane(page, "A").locator(".dots-row")).to_contain_text("repeat 1 of 2")
    lane(page, "B").get_by_label("Result of").fill("30 days")
    lane(page, "B").get_by_role("button", name="Save as stub").click()
    end_of(page, "B", turn=3)
    expect(lane(page, "B").locator(".result").last).to_contain_text("→ stub: 30 days")


def test_a_refused_result_stays_in_its_field(browser: Browser, live_console: Console, api: requests.Session) -> None:
    calls = "Compare the weather in Paris, Berlin and Madrid."
    tool = {"name": "get_weather", "description": "The weather of a city",
            "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}  # fmt: skip
    body = {**EXAMPLE.body, "tools": [tool], "messages": [{"role": "user", "content": calls}]}
    stubs = [{"tool": "get_weather", "match": {"city": "Paris"}, "result": "18 °C"}]
    with watched_page(browser, live_console.url, allow="422") as page:
        page.goto(asked(api, live_console, body=body, tool_stubs=stubs))
        berlin = lane(page, "A").get_by_label("Berlin")
        expect(berlin).to_be_visible()
        expect(lane(page, "A").locator(".result")).to_contain_text("→ stub: 18 °C")
        # At rest no lane is drawn anew between press and answer.
        expect(page.locator("#live[hx-get]")).to_be_attached()
        berlin.fill("20 °C")
        lane(page, "A").get_by_label("Madrid").fill("   ")
        lane(page, "A").get_by_role("button", name="Send these results").click()
        expect(lane(page, "A")).to_contain_text("Type what the tool returned.")
        expect(berlin).to_have_value("20 °C")
        expect(lane(page, "A").get_by_label("Madrid")).to_be_focused()
        lane(page, "A").get_by_label("Madrid").fill("no station there")
        lane(page, "A").get_by_label("is an error").last.check()
        lane(page, "A").get_by_role("button", name="Send these results").click()
        expect(lane(page, "A").locator(".turn-mark").last).to_have_text(re.compile("turn 2", re.I))
        expect(lane(page, "A").locator('.result[data-tone="bad"]')).to_contain_text("→ you (error): no station there")
        assert accessibility_problems(page) == []


def test_a_next_message_goes_on_in_every_column_by_keyboard_without_a_reload(
    page: Page, live_console: Console, api: requests.Session
) -> None:
    page.goto(asked(api, live_console, tool_stubs=list(EXAMPLE.tool_stubs)))
    end_of(page, "A", turn=3)
    end_of(page, "B", turn=3)
    expect(page.locator("#comparison-state")).to_contain_text("2 done")
    page.evaluate("window.isSamePage = true")
    lane(page, "B").get_by_text("Continue…").focus()
    page.keyboard.press("Enter")
    expect(lane(page, "B").get_by_label("Next message")).to_be_focused()
    page.keyboard.type("And if it was a gift?")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(lane(page, "B").get_by_label("in all columns")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for letter in ("A", "B"):
        expect(lane(page, letter).locator(".asked")).to_contain_text("And if it was a gift?")
        expect(lane(page, letter).get_by_role("link", name="Turn 4")).to_be_visible()
        expect(lane(page, letter)).to_have_attribute("data-state", "succeeded")
    expect(page.locator("#comparison-state")).to_contain_text("2 done")
    assert page.evaluate("window.isSamePage")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_waiting_and_long_conversations_are_free_of_serious_accessibility_problems(
    browser: Browser, live_console: Console, api: requests.Session, width: int, scheme: str
) -> None:
    waiting = asked(api, live_console)
    with watched_page(browser, live_console.url, width=width, scheme=scheme) as page:
        page.goto(waiting)
        expect(lane(page, "B").get_by_label("Result of")).to_be_visible()
        assert accessibility_problems(page) == []
        page.goto(asked(api, live_console, tool_stubs=list(EXAMPLE.tool_stubs)))
        end_of(page, "A", turn=3)
        lane(page, "A").get_by_text("Continue…").click()
        assert accessibility_problems(page) == []
        address = lane(page, "A").locator(".turn-mark a").nth(1).get_attribute("href") or ""
        page.goto(address)
        assert accessibility_problems(page) == []
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0
