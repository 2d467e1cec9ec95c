"""What changed between two texts, word by word."""

from hypothesis import given
from hypothesis import strategies as st

from betaconsole.library.words import ADDED, MAX_TOKENS, REMOVED, SAME, SKIPPED, Piece, word_diff

TEXTS = st.text(alphabet="ab \n.", max_size=60)


def kinds(pieces):
    return [(piece.kind, piece.text) for piece in pieces]


def test_only_the_words_that_differ_are_marked():
    assert kinds(word_diff("Be brief and kind.", "Be very brief and fair.")) == [
        (SAME, "Be "),
        (ADDED, "very "),
        (SAME, "brief and "),
        (REMOVED, "kind"),
        (ADDED, "fair"),
        (SAME, "."),
    ]


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_out_of_what_is_shown(old, new):
    pieces = word_diff(old, new)
    if not any(piece.kind == SKIPPED for piece in pieces):
        assert "".join(piece.text for piece in pieces if piece.kind != ADDED) == old
        assert "".join(piece.text for piece in pieces if piece.kind != REMOVED) == new


def test_long_stretches_that_are_the_same_are_left_out():
    lines = [f"line {number}\n" for number in range(100)]
    pieces = word_diff("".join(lines), "".join([*lines[:50], "new\n", *lines[50:]]))
    assert [piece.kind for piece in pieces] == [SKIPPED, SAME, ADDED, SAME, SKIPPED]
    assert sum(piece.text.count("\n") for piece in pieces) < 12


def test_texts_too_different_to_compare_are_shown_whole():
    old, new = "a " * MAX_TOKENS, "b " * MAX_TOKENS
    assert word_diff(old, new) == [Piece(REMOVED, old), Piece(ADDED, new)]


def test_equal_texts_have_nothing_to_show_but_themselves():
    assert kinds(word_diff("a\nb", "a\nb")) == [(SAME, "a\nb")]
    assert word_diff("", "") == []
