"""Which entry of the navigation a page belongs to."""

from typing import Any

from django import template
from django.utils.html import format_html

register = template.Library()
# By the first word of an address. What is about the team, its connections and one's account belongs to no entry.
SECTIONS = {
    "": "compare",
    "comparisons": "compare",
    "examples": "compare",
    "exchanges": "compare",
    "comments": "compare",
    "diff": "compare",
    "betas": "betas",
    "decisions": "betas",
    "history": "history",
    "prompts": "prompts",
    "library": "prompts",
    "combinations": "combinations",
}


def section_of(path: str, *, may_run: bool) -> str:
    """The entry for a path; who may not run has no entry for composing, and comes to comparisons from the history."""
    section = SECTIONS.get(path.split("/")[1] if "/" in path else "", "")
    return "history" if section == "compare" and not may_run else section


@register.simple_tag(takes_context=True)
def mark(context: dict[str, Any], section: str) -> str:
    """The attribute of an entry: `page` where it leads to this very page, `true` where this page is below it."""
    path = context["request"].path_info
    if section_of(path, may_run=context["may"].run) != section:
        return ""
    is_its_own = path == "/" or path.strip("/") == section
    return format_html(' aria-current="{}"', "page" if is_its_own else "true")
