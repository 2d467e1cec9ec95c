"""Code with the lines marked that a plainer version of it does not have. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def marked(code: str, plain: str) -> SafeString:
    """The code as escaped HTML; what stands in it and not in `plain` is in <mark>, whole lines together."""
    lines = code.rstrip("\n").split("\n")
    own = _own_lines(lines, plain.rstrip("\n").split("\n"))
    parts = []
    for is_own, numbers in groupby(range(len(lines)), key=lambda number: number in own):
        text = "\n".join(lines[number] for number in numbers)
        parts.append((format_html("<mark>{}</mark>", text) if is_own else text,))
    return format_html_join("\n", "{}", parts)


def _own_lines(lines: list[str], plain: list[str]) -> set[int]:
    """Which lines are added or changed; a comma at the end of one is no change."""
    here, there = ([line.rstrip(",") for line in each] for each in (lines, plain))
    changes = SequenceMatcher(a=there, b=here, autojunk=False).get_opcodes()
    return {number for kind, _, _, start, end in changes if kind != "equal" for number in range(start, end)}
