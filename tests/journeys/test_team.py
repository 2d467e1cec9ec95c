"""From solo to team in real browsers: the owner comes by the link from the terminal, a viewer by an invitation."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import Console, free_port, running

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery staple"


def fill_account(page: Page, name: str) -> None:
    page.get_by_label("E-mail").fill(f"{name.lower()}@example.com")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)


def run_example(page: Page) -> str:
    """Press Try it on the first example; the comparison's path."""
    page.get_by_role("button", name=re.compile("Try it")).first.click()
    page.wait_for_url(re.compile(r"/comparisons/"))
    return page.url.split("//", 1)[1].split("/", 1)[1]


def test_from_solo_to_a_team_of_two_who_see_each_others_runs_live(browser: Browser, tmp_path: Path):
    with running(tmp_path) as solo:
        with watched_page(browser, solo.url) as page:
            page.goto("/")
            kept = run_example(page)
        solo.stop()
    port = str(free_port())
    team = {"BETACONSOLE_MODE": "team", "BETACONSOLE_PUBLIC_URL": f"http://localhost:{port}", "PORT": port}
    with running(tmp_path, **team) as console:
        console.port = int(port)
        link = first_link(console)
        with watched_page(browser, f"http://localhost:{port}", allow="410") as ann:
            as_owner(ann, link, kept)
            come_back_with_a_passkey(ann)
            invitation = invite_viewer(ann)
            with watched_page(browser, f"http://localhost:{port}", allow="403") as bo:
                bo.goto(invitation)
                assert accessibility_problems(bo) == []
                fill_account(bo, "Bo")
                bo.get_by_role("button", name="Make it and join").click()
                expect(bo.get_by_role("heading", name="History")).to_be_visible()
                watch_each_other(ann, bo)


def first_link(console: Console) -> str:
    found = re.search(r"http://\S+/account/first/\S+", console.output)
    assert found, console.output
    return found.group()


def as_owner(page: Page, link: str, kept: str) -> None:
    page.goto(link)
    assert accessibility_problems(page) == []
    fill_account(page, "Ann")
    page.get_by_role("button", name="Become the owner").click()
    expect(page.get_by_role("button", name=re.compile("^Run"))).to_be_visible()
    page.goto(f"/{kept}")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="This link works no more")).to_be_visible()


def come_back_with_a_passkey(page: Page) -> None:
    """Adds one that signs in alone, on a security key that the browser plays, and signs in with it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**key, "isUserVerified": True}})
    page.goto("/account/second-factor/passkeys/add/")
    page.get_by_label("Password").fill(PASSWORD)  # once more, before anything that protects the account changes
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label(re.compile("without the password")).check()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    page.locator("details.who > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("button", name=re.compile("^Run"))).to_be_visible()


def invite_viewer(page: Page) -> str:
    page.goto("/")
    page.locator("details.who > summary").click()
    page.get_by_role("link", name="Members").click()
    page.get_by_label("For whom").fill("Bo")
    page.get_by_label("Role", exact=True).select_option("viewer")
    page.get_by_role("button", name="Make an invitation").click()
    assert accessibility_problems(page) == []
    return page.locator("#once").inner_text()


def watch_each_other(ann: Page, bo: Page) -> None:
    """Ann runs; Bo sees it grow without a button to press; removed, Bo's page ends by itself."""
    ann.goto("/")
    place = run_example(ann)
    bo.goto(f"/{place}")
    expect(bo.locator(".lane .blocks").first).not_to_be_empty()
    expect(bo.get_by_role("button", name=re.compile("^(Run|Stop|Edit)"))).to_have_count(0)
    expect(ann.get_by_role("button", name=re.compile("^(Run|Stop)")).first).to_be_visible()
    expect(bo.locator(".lane[data-state=succeeded]").first).to_be_visible(timeout=30_000)
    expect(bo.get_by_role("button", name=re.compile("^(Run|Stop|Edit)"))).to_have_count(0)
    ann.goto("/team/")
    ann.get_by_label("More about Bo").click()
    ann.get_by_role("button", name="Remove Bo").click()
    expect(ann.get_by_text("Bo is not in the team any more")).to_be_visible()
    bo.goto("/history/")
    expect(bo.get_by_role("heading", name="You are in no team")).to_be_visible()
