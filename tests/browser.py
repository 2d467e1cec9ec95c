"""A real Chromium for the journeys, and a page that fails its test on anything a person would find in the developer
tools: console errors, uncaught exceptions, reports of the content security policy, dialogs, and what `tests.scan` finds
in the responses."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from tests.console import Console
from tests.scan import BrowserScan

# The first is the same engine without a window system around it: half the processor time.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
WATCH_POLICY = """addEventListener("securitypolicyviolation",
    (event) => console.error(`CSP: ${event.violatedDirective} blocked ${event.blockedURI} ${event.sourceFile}`))"""
AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
PATIENCE_MS = 60_000  # a guard against hanging, not a promise: machines that test are slow ones
expect.set_options(timeout=PATIENCE_MS)


def executable() -> str | None:
    """The Chromium of this machine: CHROMIUM names it, else one on PATH. None: Playwright's own, if installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def own_executable() -> str | None:
    """Playwright's own Chromium, where it is installed."""
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_console: Console) -> Iterator[Page]:
    """A fresh profile on the live console, 1440 × 900, light."""
    with watched_page(browser, live_console.url) as page:
        yield page


@contextmanager
def watched_page(
    browser: Browser,
    base_url: str,
    *,
    width: int = 1440,
    height: int = 900,
    scheme: str = "light",
    allow: str | tuple[str, ...] = (),
    scripts: bool = True,
) -> Iterator[Page]:
    """A page in a profile of its own that fails the test on problems. `allow`: words of problems that the test provokes.
    `scripts`: whether the browser runs any."""
    problems: list[str] = []
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        java_script_enabled=scripts,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(WATCH_POLICY)
    scan = BrowserScan(context, base_url)
    report_problems(context, problems)
    try:
        yield context.new_page()
        scan.look_at_pages()
    finally:
        context.close()
    assert scan.problems == [], scan.problems
    allowed = (allow,) if isinstance(allow, str) else allow
    unexpected = [problem for problem in problems if not any(word in problem for word in allowed)]
    assert unexpected == [], unexpected


def report_problems(context: BrowserContext, problems: list[str]) -> None:
    """Collects what any page of the context says of an error, and every dialog, which is closed."""

    def close(dialog: Dialog) -> None:
        problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    context.on("console", lambda said: problems.append(f"{said.type}: {said.text}") if said.type == "error" else None)
    context.on("weberror", lambda thrown: problems.append(f"uncaught: {thrown.error}"))
    context.on("dialog", close)


def accessibility_problems(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it stands."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: {node['html']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
