"""A model's final text as HTML that can do nothing: Markdown without raw HTML, then an allowlist over what came out.

The text is hostile. Images become links (nothing is fetched by looking), links lead to http, https and mailto only, and
text that is too large or too tangled to render quickly stays plain.
"""

import re
from functools import cache, lru_cache
from html import escape
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from .frames import text_html

MAX_BYTES = 200_000
MAX_CODE_CHARS = 30_000
# What makes rendering slow is marks that open and may never close, brackets first, and very many small blocks. Real
# answers have few of them.
MAX_MARKS = 20_000
MAX_BRACKETS = 3_000
MAX_LINES = 6_000
# Deeper than MAX_NESTING the parser drops text without a word, so what goes deeper than DEEP is not given to it.
MAX_NESTING = 60
DEEP = re.compile(
    r"^(?:[ \t]*+>){15}|^[ \t>]{30,}(?:[-*+]|\d++[.)])[ \t]|^(?:[ \t>]*+(?:[-*+]|\d++[.)])[ \t]++){12}", re.MULTILINE
)

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "strong", "em", "s"),
    *("code", "pre", "a", "table", "thead", "tbody", "tr", "th", "td", "span"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "span": {"class"}, "code": {"class"}, "pre": {"class"}}
SCHEMES = {"http", "https", "mailto"}
REL = "noopener noreferrer nofollow"


@lru_cache(maxsize=64)  # every open page asks for the same few answers
def render(text: str) -> SafeString:
    """The text as safe HTML: Markdown where it can be rendered quickly, else as it stands."""
    if too_heavy(text):
        return plain(text)
    # Through UTF-16: halves of a pair that stand side by side are one character, a lone half is none.
    html = parser().render(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    cleaned = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=REL)
    # What scrolls sideways must be reachable by keyboard.
    cleaned = cleaned.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">')
    return mark_safe(cleaned)  # noqa: S308 - nh3 just cleaned it


def words(text: str) -> str:
    """The text without its marks, in one line: what somebody reads where there is no room for blocks. Not escaped."""
    if too_heavy(text):
        return " ".join(text.split())
    found = []
    for token in parser().parse(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")):
        # A break within a paragraph has no content of its own; nor has a mark.
        inner = [" " if child.type.endswith("break") else child.content for child in token.children or []]
        found.append("".join(inner) or token.content)
    return " ".join(" ".join(found).split())


def plain(text: str) -> SafeString:
    """The text exactly, blanks and line ends included."""
    return mark_safe(f'<div class="plain">{text_html(text)}</div>')  # noqa: S308 - escaped by text_html


def too_heavy(text: str) -> bool:
    """Whether rendering could take long or lose text: by size, by its marks, by its depth."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return True
    if text.count("[") > MAX_BRACKETS or text.count("\n") > MAX_LINES or DEEP.search(text):
        return True
    return sum(map(text.count, "[]*_`~<!|&")) > MAX_MARKS


def highlighted(code: str, language: str) -> str | None:
    """The code with Pygments' classes, or None where the language is unknown or the code too long."""
    if not language or len(code) > MAX_CODE_CHARS:
        return None
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    html = highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="c-"))
    return html if code.endswith("\n") else html.removesuffix("\n")  # Pygments ends every line


@cache
def parser() -> MarkdownIt:
    """CommonMark with tables and strikethrough, raw HTML off, images as links."""
    found = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING, "highlight": _highlight}).enable(
        ["table", "strikethrough"]
    )
    found.validateLink = _leads_somewhere_safe  # type: ignore[method-assign]
    found.add_render_rule("image", _image_as_link)
    return found


def _highlight(code: str, language: str, _attributes: str) -> str:
    return highlighted(code, language) or escape(code)


def _leads_somewhere_safe(url: str) -> bool:
    scheme, colon, _ = url.strip().partition(":")
    return bool(colon) and scheme.lower() in SCHEMES


def _image_as_link(
    renderer: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: dict[str, Any]
) -> str:
    token = tokens[index]
    said = renderer.renderInlineAsText(token.children or [], options, env) or "image"
    return f'<a href="{escape(str(token.attrGet("src") or ""))}">{escape(said)} (image)</a>'
