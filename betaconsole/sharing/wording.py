"""A comment as HTML: Markdown that can do nothing, with links to columns and exchanges and names marked. Pure.

The links are put into what the Markdown renderer has cleaned, into text between tags only; all else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from betaconsole.teams.models import User
from betaconsole.web.markdown import render

from .names import AT, handle, meant

TAG = re.compile(r"""(<(?:[^<>"']|"[^"]*"|'[^']*')*>)""")
CLOSED = re.compile(r"</?(a|pre|code)\b")
CODE_LETTER = re.compile(r"<code>([A-Z]{1,2})</code>")
COLUMN = re.compile(r"\b([Cc]olumn )([A-Z]{1,2})\b|(?<![\w#&])#([A-Z]{1,2})\b")
EXCHANGE = re.compile(r"(?:(?P<origin>https?://[^\s/<&]+)|(?<![\w/.:]))/exchanges/(?P<id>[0-9a-z]{16})\b/?")


def shown(text: str, *, columns: Mapping[str, str], people: Mapping[str, User], origins: Collection[str]) -> SafeString:
    """The text rendered. `columns`: letter → address; `people`: `names.handles`; `origins`: of this console, so that a whole
    address of an exchange is known as one."""
    html = CODE_LETTER.sub(lambda found: _column(found[1], found[0], columns), render(text))
    parts, depth = [], 0
    for part in TAG.split(html):
        if part.startswith("<") and (tag := CLOSED.match(part)):
            depth += -1 if tag[0].startswith("</") else 1
        elif depth == 0 and not part.startswith("<"):
            part = _linked(part, columns, people, origins)
        parts.append(part)
    return mark_safe("".join(parts))  # noqa: S308 - what the renderer cleaned, and what format_html put in


def _linked(text: str, columns: Mapping[str, str], people: Mapping[str, User], origins: Collection[str]) -> str:
    """Escaped text with its names, columns and exchanges marked, in one pass: what was put in is not looked at again."""
    marks = re.compile(f"{EXCHANGE.pattern}|{COLUMN.pattern}|{AT.pattern}")

    def mark(found: re.Match[str]) -> str:
        whole = found[0]
        if found["id"]:
            is_here = found["origin"] is None or found["origin"] in origins
            return _exchange(found["id"]) if is_here else whole
        if whole.startswith("@"):
            person = meant(whole[1:], people)
            if person is None:
                return whole
            rest = whole[len(whole.rstrip(".-+")) :]
            return format_html('<strong class="mention" dir="auto">@{}</strong>', handle(person)) + rest
        letter = whole.rpartition(" ")[2].lstrip("#")
        return _column(letter, whole, columns)

    return marks.sub(mark, text)


def _column(letter: str, whole: str, columns: Mapping[str, str]) -> str:
    address = columns.get(letter)
    if address is None:
        return whole
    label = mark_safe(whole)  # noqa: S308 - a stretch of cleaned HTML: the word "column", a letter, code tags
    return format_html('<a class="to-column" data-letter="{}" href="{}">{}</a>', letter, address, label)


def _exchange(public_id: str) -> str:
    return format_html('<a href="{}">exchange {}</a>', reverse("runs:exchange", args=[public_id]), public_id[:6])
