"""A diff line by line, for reading."""

from hypothesis import given
from hypothesis import strategies as st

from betaconsole.diffing.rows import LINE_END, MAX_LINE, around_changes, rows_of
from betaconsole.diffing.words import word_diff

TEXTS = st.text(alphabet="ab \n.", max_size=60)


def read(line):
    return None if line is None else "".join(part.text for part in line.parts if part.text != LINE_END)


def told(old, new, **options):
    return [(row.kind, read(row.left), read(row.right)) for row in rows_of(word_diff(old, new, **options))]


@given(TEXTS, TEXTS, st.booleans())
def test_every_line_of_both_texts_stands_once_and_in_order(old, new, space):
    rows = rows_of(word_diff(old, new, ignore_space=space))
    for side, text in (("left", old), ("right", new)):
        lines = [getattr(row, side) for row in rows if getattr(row, side) is not None]
        assert [read(line) for line in lines] == text.removesuffix("\n").split("\n")[: len(lines)]
        assert len(lines) == (text.count("\n") + (not text.endswith("\n")) if text else 0)
        assert [line.number for line in lines] == list(range(1, len(lines) + 1))


@given(TEXTS)
def test_a_text_beside_itself_is_the_same_line_by_line(text):
    assert all(row.kind == "same" for row in rows_of(word_diff(text, text)))


def test_lines_that_share_words_stand_beside_each_other():
    old = "Dear customer,\nyour order was delivered on Monday.\nBest wishes"
    new = "Dear customer,\nthank you for writing.\nyour order was delivered on Friday.\nBest wishes"
    assert told(old, new) == [
        ("same", "Dear customer,", "Dear customer,"),
        ("added", None, "thank you for writing."),
        ("changed", "your order was delivered on Monday.", "your order was delivered on Friday."),
        ("same", "Best wishes", "Best wishes"),
    ]


def test_only_words_that_differ_are_marked_in_a_line():
    [row] = rows_of(word_diff("on Monday then", "on Friday then"))
    assert [(part.text, part.differs) for part in row.right.parts] == [
        ("on ", False),
        ("Friday", True),
        (" then", False),
    ]


def test_a_line_end_that_one_side_lacks_can_be_seen():
    [row] = rows_of(word_diff("same\n", "same"))
    assert (row.kind, [part.text for part in row.left.parts]) == ("changed", ["same", LINE_END])


def test_what_is_the_same_around_the_changes_is_left_out():
    lines = [f"line {number}" for number in range(40)]
    rows = around_changes(rows_of(word_diff("\n".join(lines), "\n".join([*lines[:20], "other", *lines[21:]]))))
    assert [(row.kind, row.skipped) for row in rows] == [
        ("skipped", 17),
        *[("same", 0)] * 3,
        ("changed", 0),
        *[("same", 0)] * 3,
        ("skipped", 16),
    ]
    assert len(around_changes(rows_of(word_diff("a\nb", "a\nb")))) == 2


def test_a_line_without_end_is_cut_and_that_is_said():
    [row] = rows_of(word_diff("", "x" * (MAX_LINE + 5)))
    assert read(row.right).endswith("x… 5 more characters")
