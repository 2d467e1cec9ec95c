"""A line of a diff as HTML."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from betaconsole.diffing.rows import Line, Row

register = template.Library()


@register.filter
def left(row: Row) -> SafeString | str:
    """The left line, what only it has in `<del>`."""
    return _line(row.left, row.kind, "−", "<del>{}</del>")


@register.filter
def right(row: Row) -> SafeString | str:
    """The right line, what only it has in `<ins>`."""
    return _line(row.right, row.kind, "+", "<ins>{}</ins>")


def _line(line: Line | None, kind: str, sign: str, marked: str) -> SafeString | str:
    """A sign first where the row differs: colour is never the only signal. A line that stands alone differs as a whole."""
    if line is None:
        return ""
    is_marked = kind == "changed"
    parts = [format_html(marked if part.differs and is_marked else "{}", part.text) for part in line.parts]
    text = format_html_join("", "{}", ((part,) for part in parts))
    return text if kind == "same" else format_html('<span class="sign">{}</span>{}', sign, text)
