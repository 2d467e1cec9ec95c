"""Hostile words in every place, and every page that shows them, in one browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection as database
from django.urls import get_resolver
from playwright.sync_api import Browser, Page

from tests.browser import watched_page
from tests.console import free_port, running
from tests.faults.hostile import Seeded, evil, seed
from tests.migrated import lay_tables
from tests.urls import Url, urls_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(database.vendor != "sqlite", reason="seeds the SQLite file of a console"),
]

# What became an element, or a link that runs something, and the places whose words a person can read, form fields included.
LOOK = """() => {
    const made = [...document.querySelectorAll("[data-xss], img[src='x'], [onerror], [onload], [onmouseover], svg[onload], "
        + "[hx-get='/evil'], a[href^='javascript:' i], base, [src*='evil.invalid']")].map((one) => one.outerHTML.slice(0, 120));
    const words = [document.title, document.body.textContent];
    for (const one of document.querySelectorAll("input, textarea")) words.push(one.value);
    for (const one of document.querySelectorAll("[title], [aria-label]")) words.push(one.title, one.ariaLabel ?? "");
    const places = words.join("\\n").matchAll(/<i data-xss=(\\w+) hx-get/g);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const loose = [];
    while (texts.nextNode()) {
        const own = texts.currentNode.parentElement;
        if (!texts.currentNode.data.includes("\u202e") || own.closest("bdi, [dir], noscript, svg")) continue;
        if (getComputedStyle(own).unicodeBidi === "normal") loose.push(own.outerHTML.slice(0, 160));
    }
    return {made, loose, places: [...new Set([...places].map((found) => found[1]))]};
}"""
PUT = """(html) => {
    const main = document.querySelector("main") ?? document.body;
    main.innerHTML = html;
    htmx.process(main);
}"""
ELSEWHERE = ("api:v1:", "openid_connect", "socialaccount_", "mfa_login")  # JSON, or pages of what is not switched on
NO_PAGE = (204, 301, 302, 405)  # leads elsewhere, or only takes a POST
STREAMS = ("runs:live",)
SIGNS_OUT = ("account_logout",)


@contextmanager
def database_in(folder: Path) -> Iterator[None]:
    """Django's default connection leads into this data folder for a while."""
    own = database.settings_dict["NAME"]
    database.close()
    database.settings_dict["NAME"] = str(folder / "betaconsole.sqlite3")
    try:
        yield
    finally:
        database.close()
        database.settings_dict["NAME"] = own


def addresses(seeded: Seeded) -> Iterator[str]:
    """Every address that answers a GET, for every object."""
    for url in urls_of(get_resolver("betaconsole.team_urls")):
        if url.name.startswith(ELSEWHERE) or url.name in STREAMS + SIGNS_OUT:
            continue
        if not url.parameters:
            yield url.path() + QUERIES.get(url.name, "")
            continue
        for one in seeded.objects.get(url.noun, []):
            yield _address(url, one) + QUERIES.get(url.name, "")


QUERIES = {"runs:compose": "?draft={draft}", "drafts:matrix": "?view=json"}


def _address(url: Url, public_id: str) -> str:
    first, *others = url.parameters
    return url.path(**{first: public_id, **{name: "1" if url.kinds[name] == "int" else "a" for name in others}})


@pytest.fixture
def team_console(tmp_path: Path, django_db_blocker) -> Iterator[tuple[str, Seeded]]:
    lay_tables(tmp_path)
    with django_db_blocker.unblock(), database_in(tmp_path):
        seeded = seed()
    port = free_port()
    team = {"BETACONSOLE_MODE": "team", "BETACONSOLE_PUBLIC_URL": f"http://localhost:{port}", "PORT": str(port)}
    with running(tmp_path, SECRET_KEY=settings.SECRET_KEY, **team):
        yield f"http://localhost:{port}", seeded


def visit(page: Page, address: str) -> tuple[list[str], set[str]]:
    """What went wrong at an address, and the places whose words are read there. A fragment is put into the page before."""
    answer = page.request.get(address, max_redirects=0)
    is_html = answer.headers.get("content-type", "").startswith("text/html")
    if answer.status in NO_PAGE or not is_html or "content-disposition" in answer.headers:
        return [], set()
    if answer.text().lstrip().startswith("<!doctype"):
        page.route(answer.url, lambda route: route.fulfill(response=answer), times=1)
        page.goto(address)
    else:
        if page.evaluate("typeof htmx") == "undefined":  # on a page of few words, such as that of a refused address
            page.goto("/history/")
        page.evaluate(PUT, answer.text())
    found = page.evaluate(LOOK)
    made = [f"{address} made {one}" for one in found["made"]] + [
        f"{address} turns round {one}" for one in found["loose"]
    ]
    return made, set(found["places"])


def test_b17_b19_hostile_words_run_nowhere_and_are_read_as_they_were_written(
    browser: Browser, team_console: tuple[str, Seeded]
) -> None:
    base, seeded = team_console
    made: list[str] = []
    shown: set[str] = set()
    with watched_page(browser, base, allow="the server responded with a status of 4") as page:
        port = base.rsplit(":", 1)[1]
        page.context.add_cookies(
            [{"name": f"sessionid_{port}", "value": seeded.session, "url": base, "httpOnly": True, "sameSite": "Lax"}]
        )
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for address in addresses(seeded):
            wrong, places = visit(page, address.replace("{draft}", seeded.objects["drafts"][0]))
            made += wrong
            shown |= places
        for address in (f"/{evil('path')}/", f"/history/?q={evil('query')}", f"/?draft={evil('query')}"):
            made += visit(page, address.replace("#", "%23").replace("<", "%3C").replace('"', "%22"))[0]
        assert not [url for url in asked if "evil" in url.removeprefix(base).split("?")[0] and "xss" not in url]
    assert (made, seeded.places - shown) == ([], set()), "\n".join(made)
