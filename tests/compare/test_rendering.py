"""Two texts as rendered Markdown, with the words that differ marked."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.compare.options import Options
from betaconsole.compare.rendering import rendered
from betaconsole.web import markdown

PIECES = st.sampled_from(
    [
        "word ",
        "**bold** ",
        "`a & b` ",
        "\n\n",
        "- item\n",
        "1. one\n",
        "<b>",
        "> quoted\n",
        "[x](https://e.example?a=1&b=2) ",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "```py\nx = '<'\n```\n",
        "\ud800",
        "é表",
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS, st.booleans())
def test_marks_are_all_that_is_added_to_the_rendered_text(left, right, space):
    shown = rendered(left, right, Options(ignores_space=space))
    for html, text, tag in zip(shown, (left, right), ("del", "ins"), strict=True):
        assert normal(re.sub(f"</?{tag}>", "", html)) == normal(markdown.render(text))


def normal(html):
    """Entities have several spellings."""
    return html.replace("&quot;", '"').replace("&#x27;", "'").replace("&nbsp;", "\xa0").replace("&gt;", ">")


def test_a_mark_never_stands_where_html_has_no_place_for_it():
    left, right = rendered("- one\n- two", "- one\n- two\n- three", Options())
    assert "<del>" not in left
    assert re.sub(r"\s", "", right) == "<ul><li>one</li><li>two</li><li><ins>three</ins></li></ul>"


def test_a_difference_of_the_source_alone_is_none_of_what_is_read():
    left, right = rendered("It is **here**.", "It is *here*.", Options())
    assert "<del>" not in left + right
