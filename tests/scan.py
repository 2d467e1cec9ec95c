"""A passive scan of every response that the suite receives, from Django's test client or in a browser.

Each response carries the headers of faults.md 3.4, its cookies their flags, and its HTML nothing that runs by itself:
no inline script or style, no handler, no style attribute, nothing htmx would evaluate. No answer holds a key or a stack
trace. What is wrong fails the test that received it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from http.cookies import Morsel
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.client import FakePayload
from playwright.sync_api import BrowserContext, Error, Response

SELF, NONE = "'self'", "'none'"
PAGE_POLICY = {
    "default-src": NONE, "script-src": SELF, "style-src": SELF, "img-src": f"{SELF} data:", "font-src": SELF,
    "connect-src": SELF, "form-action": SELF, "base-uri": NONE, "frame-ancestors": NONE, "object-src": NONE,
}  # fmt: skip
FILE_POLICY = {"default-src": NONE, "sandbox": ""}  # of a file that somebody brought: stricter still
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
REFERRERS = ("same-origin", "no-referrer")  # the second where the address itself is a secret
STATIC = "/static/"
KEEPS = "private, max-age=3600, immutable"  # a file whose address names its very bytes
KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
TRACE = re.compile(r"Traceback \(most recent call last\)|You're seeing this error because you have")
# What a page that runs nothing inline has nowhere, not even in its text: then it need not be read tag by tag. Searched in a
# page in small letters, one by one: each begins with letters that Python finds many times quicker than a choice of them.
SUSPECT = [
    re.compile(pattern)
    for pattern in (
        r"<script(?![^>]*\ssrc=)", "<style", "hx-on", "js:", r"script\s*:", "<iframe", "<object", "<embed", "<base", "http-equiv",
    )
]  # fmt: skip
SUSPECT_WORDS = [re.compile(r"style\s*="), re.compile(r"on[a-z]{3,}\s*=")]  # not at the end of longer ones
RUNS = re.compile(r"(?:javascript|vbscript|js):|data:text/html", re.I)
LINKS = ("href", "src", "action", "formaction", "xlink:href")


def header_problems(path: str, headers: Mapping[str, str]) -> list[str]:
    """What is missing or else than it should be among the headers of a response; names in lower case."""
    problems = [
        f"{name}: {headers.get(name)!r} instead of {value!r}"
        for name, value in HEADERS.items()
        if headers.get(name, "").lower() != value.lower()
    ]
    if headers.get("referrer-policy") not in REFERRERS:
        problems.append(f"referrer-policy: {headers.get('referrer-policy')!r}")
    policy = headers.get("content-security-policy", "")
    if policy_of(policy) not in (PAGE_POLICY, FILE_POLICY):
        problems.append(f"content-security-policy: {policy!r}")
    kept = headers.get("cache-control", "")
    may_be_kept = path.startswith(STATIC) or (policy_of(policy) == FILE_POLICY and kept == KEEPS)
    if "no-store" not in kept and not may_be_kept:
        problems.append(f"cache-control: {kept!r} instead of 'no-store'")
    return problems


def policy_of(header: str) -> dict[str, str]:
    directives = [directive.split() for directive in header.split(";") if directive.strip()]
    return {name.lower(): " ".join(values) for name, *values in directives}


def body_problems(content_type: str, text: str) -> list[str]:
    """What no answer may hold; HTML is read tag by tag where a glance finds something suspect."""
    problems = [f"a key: {found.group()[:12]}…" for found in KEY.finditer(text)][:3]
    if TRACE.search(text):
        problems.append("a stack trace")
    if content_type.startswith("text/html") and is_suspect(text.lower()):
        reader = Reader()
        reader.feed(text)
        problems += reader.problems
    return problems


def is_suspect(small: str) -> bool:
    """Whether a page, in small letters, has anything in it that might run."""
    words = (found.start() for pattern in SUSPECT_WORDS for found in pattern.finditer(small))
    return any(pattern.search(small) for pattern in SUSPECT) or any(
        start == 0 or not small[start - 1].isalnum() for start in words
    )


class Reader(HTMLParser):
    """Collects what would run or be styled inline in a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("style", "iframe", "object", "embed", "base") or (tag == "script" and "src" not in values):
            self.problems.append(f"<{tag}> inline or from elsewhere")
        if tag == "meta" and "http-equiv" in values:
            self.problems.append(f"<meta http-equiv={values['http-equiv']}>")
        for name, value in values.items():
            is_code = name == "style" or re.fullmatch(r"on[a-z]+|(data-)?hx-on.*", name)
            if is_code or ((name in LINKS or name.startswith("hx-")) and RUNS.match("".join(value.split()))):
                self.problems.append(f"{name}={value!r} of <{tag}>")


def cookie_problems(cookie: Morsel[str], *, is_secure: bool) -> list[str]:
    """A cookie that scripts can read, that other sites send, or that goes out over plain http where there is TLS."""
    wanted = {"httponly": True, "samesite": "Lax", "path": "/", "domain": "", **({"secure": True} if is_secure else {})}
    if cookie["max-age"] == 0:  # on its way out
        wanted.pop("httponly")
    return [
        f"cookie {cookie.key}: {name} is {cookie[name]!r}" for name, value in wanted.items() if cookie[name] != value
    ]


# Django's test client -------------------------------------------------------------------------------------------------


@contextmanager
def every_client_scans() -> Iterator[None]:
    """From here on every answer of every test client is looked at; what is wrong is raised where it was asked for."""
    ask = Client.request

    def scanning(self: Client, **request: Any) -> HttpResponseBase:
        sent = body_of(request)
        answer = ask(self, **request)
        path = str(request.get("PATH_INFO", ""))
        problems = client_problems(path, answer, sent=sent)
        assert problems == [], f"{request.get('REQUEST_METHOD')} {path}: {problems}"
        return answer

    Client.request = scanning  # type: ignore[method-assign]
    try:
        yield
    finally:
        Client.request = ask  # type: ignore[method-assign]


def body_of(request: dict[str, Any]) -> str:
    """What a test client is about to send; it is put back for whoever reads the request. Empty where it is long."""
    payload = request.get("wsgi.input")
    if not isinstance(payload, FakePayload) or int(request.get("CONTENT_LENGTH") or 0) > 100_000:
        return ""
    data = payload.read()
    request["wsgi.input"] = FakePayload(data)
    return unquote_plus(data.decode(errors="replace"))


def client_problems(path: str, answer: HttpResponseBase, *, sent: str) -> list[str]:
    """Everything wrong with an answer of the test client. The body of a stream stays unread. A form that comes back may
    hold what was typed into it just now, also a key.

    With DEBUG, which no console has, Django answers with pages of its own: what they show is looked at where it is set.
    """
    if settings.DEBUG:
        return []
    headers = {name.lower(): value for name, value in answer.headers.items()}
    problems = header_problems(path, headers)
    for cookie in answer.cookies.values():
        problems += cookie_problems(cookie, is_secure=settings.SESSION_COOKIE_SECURE)
    if not answer.streaming:
        text = answer.content.decode(errors="replace")  # type: ignore[attr-defined]
        for typed in set(KEY.findall(sent)):
            text = text.replace(typed, "")
        problems += body_problems(headers.get("content-type", ""), text)
    return problems


# A browser ------------------------------------------------------------------------------------------------------------


class BrowserScan:
    """Looks at every response of the console's that a browser context receives, and in the end at what its pages became."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.problems: list[str] = []
        self._context, self._base_url = context, base_url
        context.on("response", self._look)

    def _look(self, response: Response) -> None:
        if not response.url.startswith(self._base_url):
            return
        path = response.url.removeprefix(self._base_url)
        found = header_problems(path, response.headers)
        kind = response.headers.get("content-type", "")
        is_whole = (
            not 300 <= response.status < 400
            and not kind.startswith("text/event-stream")
            and not path.startswith(STATIC)
        )
        if is_whole and "content-disposition" not in response.headers:
            with suppress(Error):  # the page has gone on meanwhile: its body is not kept
                found += body_problems(kind, response.text())
        self.problems += [f"{path}: {problem}" for problem in found]

    def look_at_pages(self) -> None:
        """What scripts and streams made of the pages, and the cookies; before the context closes."""
        for page in self._context.pages:
            try:
                found = body_problems("text/html", page.content())
            except Error:  # on its way elsewhere
                continue
            self.problems += [f"{page.url}: {problem}" for problem in found]
        for cookie in self._context.cookies(self._base_url):
            if not cookie["httpOnly"] or cookie["sameSite"] != "Lax" or cookie["path"] != "/":
                self.problems.append(f"cookie {cookie['name']}: {cookie}")
