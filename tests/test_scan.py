"""The scan finds what it looks for: each rule is shown a response that breaks it and nothing else."""

from http.cookies import SimpleCookie

import pytest

from tests.scan import HEADERS, PAGE_POLICY, body_problems, cookie_problems, header_problems

POLICY = "; ".join(f"{name} {value}" for name, value in PAGE_POLICY.items())
GOOD = {**HEADERS, "referrer-policy": "same-origin", "content-security-policy": POLICY, "cache-control": "no-store"}
HTML = "text/html; charset=utf-8"


def test_a_page_as_it_should_be_is_let_pass():
    assert header_problems("/", GOOD) == []
    assert header_problems("/static/a.css", {**GOOD, "cache-control": "max-age=9, immutable"}) == []
    page = '<script src="/static/a.js"></script><a href="/" title="onerror= style=">&lt;script&gt; onload=x</a>'
    assert body_problems(HTML, page) == []


@pytest.mark.parametrize("name", GOOD)
def test_a_header_that_is_missing_or_says_something_else_is_found(name):
    assert len(header_problems("/", {other: value for other, value in GOOD.items() if other != name})) == 1
    assert len(header_problems("/", {**GOOD, name: "public, script-src *"})) == 1


@pytest.mark.parametrize("more", ["script-src 'self' 'unsafe-inline'", "connect-src *", "report-uri /"])
def test_a_policy_that_allows_more_is_found(more):
    name = more.split()[0]
    kept = "; ".join(f"{one} {value}" for one, value in PAGE_POLICY.items() if one != name)
    assert len(header_problems("/", {**GOOD, "content-security-policy": f"{kept}; {more}"})) == 1


@pytest.mark.parametrize(
    "bad",
    [
        "<script>1</script>",
        "<style>a{}</style>",
        '<p style="color:red">',
        "<img src=x onerror=alert(1)>",
        '<p hx-on:load="x">',
        '<p data-hx-on-load="x">',
        "<a href=' javascript:x'>",
        "<button formaction='java\tscript:x'>",
        "<p hx-vals='js:{a: 1}'>",
        "<iframe src=/></iframe>",
        "<base href=/x>",
        "<meta http-equiv=refresh content=1>",
        "sk-ant-api03-abcdefgh",
        "Traceback (most recent call last):",
    ],
)
def test_what_no_page_may_hold_is_found(bad):
    assert body_problems(HTML, f"<p>fine</p>{bad}") != []


def test_a_cookie_for_scripts_or_for_other_sites_is_found():
    given = SimpleCookie("a=1; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert cookie_problems(given["a"], is_secure=True) == []
    for name, value in (("httponly", ""), ("samesite", "None"), ("path", "/x"), ("domain", "a.b"), ("secure", "")):
        changed = SimpleCookie("a=1; Path=/; HttpOnly; SameSite=Lax; Secure")["a"]
        changed[name] = value
        assert len(cookie_problems(changed, is_secure=True)) == 1
