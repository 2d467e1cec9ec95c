"""A model's text on a page: readable, and able to do nothing."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.web.markdown import ATTRIBUTES, MAX_BYTES, TAGS, highlighted, plain, render, too_heavy

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](//evil.example/)",
    "[x](/comparisons/)",
    "![x](javascript:alert(1))",
    '![x](https://evil.example/p.png "onerror=alert(1)")',
    "<a href='https://e.example' onclick='x'>x</a>",
    "<div hx-get='/' hx-trigger='load'>x</div>",
    "[x](https://e.example/'onmouseover=alert(1)')",
    "`<b hx-on:load=x>`",
    "```html\n<script>alert(1)</script>\n```",
    '```x" onload=alert(1)\ny\n```',
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n[a]",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_b18_hostile_text_becomes_neither_element_nor_link_that_acts(text):
    html = render(text)
    assert not re.search(r"<(script|img|svg|math|style|iframe|div)\b", html)
    assert not re.search(r"<[^>]*\s(on\w+|hx-\S+|style|src|id)\s*=", html)
    for target in re.findall(r'href="([^"]*)"', html):
        assert target.startswith(("https://", "http://", "mailto:"))


def test_a_link_says_where_it_leads_and_hands_nothing_over():
    assert render("[policy](https://example.com/a?b=1&c=2)") == (
        '<p><a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer nofollow">policy</a></p>\n'
    )


def test_b18_an_image_is_a_link_so_that_looking_fetches_nothing():
    html = render("![a photo](https://example.com/x.png)")
    assert "<img" not in html
    assert ">a photo (image)</a>" in html


def test_tables_lists_and_code_are_what_they_are():
    html = render("| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n\n```python\nx = 1\n```")
    assert "<td>1</td>" in html
    assert "<li>two</li>" in html
    assert '<span class="c-mi">1</span>' in html


def test_what_scrolls_sideways_can_be_reached_by_keyboard():
    html = render("```\nlong\n```\n\n| a |\n|---|\n| 1 |")
    assert '<pre tabindex="0">' in html
    assert '<table tabindex="0">' in html


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        "![" * 60_000,
        "*a " * 50_000,
        ">" * 5000 + " deep",
        "a" * (MAX_BYTES + 1),
        "`" * 100_000,
        "a\n\n" * 60_000,
    ],
    ids=["brackets", "images", "stars", "quotes", "long", "ticks", "lines"],
)
def test_b18_text_that_would_take_long_stays_as_it_is_and_complete(text):
    started = time.process_time()
    html = render(text)
    assert time.process_time() - started < 6
    assert html.startswith('<div class="plain">')
    assert len(html) >= len(text)


def test_b18_the_slowest_text_that_is_still_rendered_takes_moments():
    started = time.process_time()
    render("![" * 3_000)
    render("[a](" * 3_000)
    render("a\n\n" * 3_000)
    assert time.process_time() - started < 30  # half a second each, on a machine that does nothing else


def test_b18_quotes_in_quotes_lose_no_text():
    for depth in (1, 5, 14, 15, 16, 200):
        assert "innermost" in render("> " * depth + "innermost")
    for depth in (1, 5, 14, 15, 16, 40, 200):
        assert "innermost" in render("\n".join("  " * level + "- item" for level in range(depth)) + " innermost")


def test_plain_text_keeps_every_character_that_a_page_can_hold():
    assert plain("a\r\nb\x00<\ud800>") == '<div class="plain">a&#13;\nb\ufffd&lt;\ufffd&gt;</div>'


def test_nul_and_lone_surrogates_are_shown_and_break_nothing():
    html = render("a\x00b \ud800 c")
    html.encode("utf-8")
    assert "\ufffd" in html


def test_code_of_an_unknown_language_is_left_alone():
    assert highlighted("x", "no-such-language") is None
    assert highlighted("x" * 100_000, "python") is None


def test_ordinary_answers_are_not_too_heavy():
    assert not too_heavy("A [link](https://e.example), `code` and *stress*.\n" * 500)


class Seen(HTMLParser):
    """What a browser would make of the HTML: elements, their attributes, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[tuple[str, object]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = (
            {"class"}
            if tag == "div"
            else ATTRIBUTES.get(tag, set()) | {"tabindex"} | ({"rel"} if tag == "a" else set())
        )
        names = {name for name, _ in attrs}
        if tag not in TAGS | {"div"} or names - allowed:
            self.wrong.append((tag, attrs))
        href = dict(attrs).get("href")
        if href is not None and not href.startswith(("https:", "http:", "mailto:")):
            self.wrong.append((tag, href))
        if tag == "a" and dict(attrs).get("rel") != "noopener noreferrer nofollow":
            self.wrong.append((tag, attrs))


MARKS = [
    "[",
    "](",
    ")",
    "![",
    "`",
    "```\n",
    "<",
    ">",
    "\n",
    "\n> ",
    "| a |\n|-|\n",
    "[^1]",
    "[^1]: x",
    '"',
    "'",
    "&#106;",
    "&colon;",
    "\x00",
]
MARKS += [
    "javascript:alert(1)",
    "data:text/html,x",
    "https://e.example",
    "<math><mtext>",
    "<svg>",
    "</p>",
    "\\",
    "\u202e",
    "\ud800",
]


@settings(max_examples=120)
@given(st.lists(st.sampled_from([*HOSTILE, *MARKS]), max_size=14).map("".join))
def test_b18_hostile_pieces_in_any_order_stay_without_effect(text):
    assert Seen(render(text)).wrong == []
