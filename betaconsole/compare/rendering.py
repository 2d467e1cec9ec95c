"""Two texts as rendered Markdown, with the words that differ marked in what can be read. Pure.

The words are compared as they read, after rendering: a difference in the marks of the source alone is none here.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape, unescape

from django.utils.safestring import SafeString, mark_safe

from betaconsole.diffing.words import SAME, text_diff
from betaconsole.web import markdown

from .options import Options

_TAG = re.compile(r"<(?:\"[^\"]*\"|[^\">])*>")
Stretch = tuple[bool, str]  # whether it differs, and its text


def rendered(left: str, right: str, options: Options) -> tuple[SafeString, SafeString]:
    """Both as safe HTML; what only the left one says in `<del>`, what only the right one says in `<ins>`."""
    html = markdown.render(left), markdown.render(right)
    texts = [unescape(_TAG.sub("", side)) for side in html]
    diff = text_diff(*texts, ignore_space=options.ignores_space, ignore_case=options.ignores_case)
    return (
        _marked(html[0], [(piece.kind != SAME, piece.left) for piece in diff.pieces], "del"),
        _marked(html[1], [(piece.kind != SAME, piece.right) for piece in diff.pieces], "ins"),
    )


def _marked(html: str, stretches: Sequence[Stretch], tag: str) -> SafeString:
    """The HTML with the text of these stretches, which are all of its text in order, marked where they differ."""
    parts: list[str] = []
    waiting = _Stretches(stretches)
    end = 0
    for found in [*_TAG.finditer(html), None]:
        text = unescape(html[end : found.start() if found else len(html)])
        parts += (_text(stretch, differs, tag) for differs, stretch in waiting.take(len(text)))
        if found is not None:
            parts.append(found[0])
            end = found.end()
    return mark_safe("".join(parts))  # noqa: S308 - the tags are the cleaned ones, every text is escaped anew


def _text(text: str, differs: bool, tag: str) -> str:
    """A blank stays bare: between two items of a list there is no place for a mark."""
    return f"<{tag}>{escape(text)}</{tag}>" if differs and text.strip() else escape(text)


class _Stretches:
    """Stretches of text that are taken from the front, so many characters at a time."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._waiting = [stretch for stretch in reversed(stretches) if stretch[1]]

    def take(self, length: int) -> Iterator[Stretch]:
        while length and self._waiting:
            differs, text = self._waiting.pop()
            if len(text) > length:
                self._waiting.append((differs, text[length:]))
            yield differs, text[:length]
            length -= min(length, len(text))
