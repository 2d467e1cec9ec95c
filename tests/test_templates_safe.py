"""Templates hold nothing that the content security policy forbids or htmx would evaluate, and say what they are."""

import re
from pathlib import Path

import pytest

from tests.urls import every_url

FOLDER = Path(__file__).resolve().parent.parent / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
FRAGMENTS = [name for name in TEMPLATES if Path(name).name.startswith("_")]

FORBIDDEN = {
    "an inline script": r"<script(?![^>]*\ssrc=)[^>]*>",
    "a script from elsewhere": r"<script[^>]*\ssrc=[\"'](?!\{% static )",
    "an inline style": r"<style\b",
    "a style attribute": r"\sstyle\s*=",
    "an event handler": r"\son[a-z]+\s*=",
    "hx-on": r"\b(?:data-)?hx-on\b",
    "a value that htmx evaluates": r"\bjs:|\bjavascript:",
    "a trigger filter": r"hx-trigger\s*=\s*[\"'][^\"']*\[",
    "the live extension of htmx": r"\bhx-live\b",
    "unescaped output": r"\|\s*safe\b|\|\s*safeseq\b|\{%\s*autoescape\s+off",
    "an address that is not from {% url %}": r"\b(?:hx-(?:get|post|put|patch|delete)|href|action)\s*=\s*[\"']/",
    "an address elsewhere": r"\b(?:src|hx-(?:get|post)|action)\s*=\s*[\"'](?:https?:)?//",
    "a frame or plugin": r"<(?:iframe|object|embed|base)\b",
}


def text(name: str) -> str:
    return (FOLDER / name).read_text()


def without_comments(name: str) -> str:
    return re.sub(r"\{#.*?#\}", "", text(name))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what):
    found = {name: match.group() for name in TEMPLATES if (match := re.search(FORBIDDEN[what], without_comments(name)))}
    assert found == {}


def test_a_form_that_posts_carries_its_token_or_is_posted_by_htmx():
    forms = [
        (name, form) for name in TEMPLATES for form in re.findall(r"<form\b.*?</form>", without_comments(name), re.S)
    ]
    bare = [
        (name, form[:80])
        for name, form in forms
        if re.search(r"method=[\"']post", form[: form.index(">")], re.I) and "{% csrf_token %}" not in form
    ]
    assert bare == []


def test_a_link_to_another_site_hands_nothing_over():
    for name in TEMPLATES:
        for link in re.findall(r"<a\b[^>]*\starget=[^>]*>", without_comments(name)):
            assert "noopener" in link, name


def test_a_fragment_says_in_its_first_line_where_it_belongs():
    names = {url.name for url in every_url()}
    assert {name: problem for name in FRAGMENTS if (problem := _of_first_line(name, names))} == {}


def _of_first_line(name: str, url_names: set[str]) -> str:
    comment = re.match(r"\{#(.*)#\}\n", text(name))
    if not comment:
        return "the first line of a fragment is a comment"
    said = comment.group(1)
    urls = set(re.findall(r"\b([a-z_]+:[a-z_]+)\b", said))
    templates = set(re.findall(r"[\w/]+\.html\b", said))
    here = Path(name).parent
    strange = [*(urls - url_names), *(one for one in templates if not {str(here / one), one} & set(TEMPLATES))]
    if strange:
        return f"there is no {', '.join(strange)}"
    is_placed = urls or templates or "every page" in said
    return "" if is_placed else "it names the URL that swaps it, or the page it is part of"


def test_a_template_is_a_screenful_or_two():
    assert [name for name in TEMPLATES if text(name).count("\n") > 130] == []


def test_only_these_modules_call_text_safe():
    """Each of them escapes or cleans first; a new one belongs here only after a second pair of eyes."""
    package = FOLDER.parent / "betaconsole"
    users = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"\bmark_safe\(|\bSafeString\(|is_safe=True|\.mark_safe\b|__html__", path.read_text())
    }
    assert users == ESCAPING


# What they escape with: nh3, html.escape, Pygments, a template, Django's own report of a failure.
ESCAPING = {
    "compare/rendering.py",
    "drafts/answering.py",
    "runs/pages/block_views.py",
    "runs/pages/other_answers.py",
    "runs/pages/exchange_page.py",
    "sharing/wording.py",
    "web/markdown.py",
    "web/tracebacks.py",
}
