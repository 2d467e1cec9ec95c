"""What changed between two texts, word by word."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.diffing import words
from betaconsole.diffing.words import ADDED, REMOVED, SAME, SKIPPED, Budget, Piece, shortened, text_diff, word_diff

TEXTS = st.text(alphabet="ab \n.", max_size=60)
HOSTILE = st.text(max_size=80) | st.text(alphabet="\x00\ud800\udc00\u2028\r\n é表ß<>", max_size=40)


def kinds(pieces):
    return [(piece.kind, piece.text) for piece in pieces]


def sides(pieces):
    return "".join(piece.left for piece in pieces), "".join(piece.right for piece in pieces)


def test_only_the_words_that_differ_are_marked():
    assert kinds(word_diff("Be brief and kind.", "Be very brief and fair.")) == [
        (SAME, "Be "),
        (ADDED, "very "),
        (SAME, "brief and "),
        (REMOVED, "kind"),
        (ADDED, "fair"),
        (SAME, "."),
    ]


@pytest.mark.parametrize("texts", [TEXTS, HOSTILE])
def test_applying_the_diff_gives_the_other_side(texts):
    @given(texts, texts, st.booleans(), st.booleans())
    def applied(old, new, space, case):
        pieces = word_diff(old, new, ignore_space=space, ignore_case=case)
        assert sides(pieces) == (old, new)
        assert all(piece.left if piece.kind == REMOVED else piece.right or piece.left for piece in pieces)
        assert all(not (piece.left if piece.kind == ADDED else piece.right) for piece in pieces if piece.kind != SAME)

    applied()


@given(TEXTS, TEXTS)
def test_without_options_what_is_the_same_is_the_same_on_both_sides(old, new):
    assert all(piece.left == piece.right for piece in word_diff(old, new) if piece.kind == SAME)


def test_blanks_and_case_are_ignored_where_that_is_asked_for_and_each_side_keeps_its_own():
    old, new = "Total:  5\n\nDone", "total: 5\ndone"
    assert not text_diff(old, new).is_same
    assert not text_diff(old, new, ignore_space=True).is_same
    seen = text_diff(old, new, ignore_space=True, ignore_case=True)
    assert seen.is_same
    assert sides(seen.pieces) == (old, new)


def test_a_text_that_was_only_wrapped_anew_is_the_same_but_for_its_blanks():
    old, new = "one two three\nfour five", "one two\nthree four\nfive"
    assert text_diff(old, new, ignore_space=True).is_same
    assert {word for piece in word_diff(old, new) if piece.kind != SAME for word in piece.text.split()} == set()


def test_a_language_without_blanks_is_compared_by_its_characters():
    assert kinds(word_diff("我喜欢猫。", "我喜欢狗。")) == [
        (SAME, "我喜欢"),
        (REMOVED, "猫"),
        (ADDED, "狗"),
        (SAME, "。"),
    ]


def test_a_word_that_both_happen_to_have_is_no_island_in_what_is_all_different():
    old, new = (
        "Refunds take seven days the bank says so always",
        "Nobody ever answered me the phone rang and rang again",
    )
    assert [piece.kind for piece in word_diff(old, new)] == [REMOVED, ADDED]


def test_words_are_counted_and_marks_are_not():
    seen = text_diff("It is here.", "It is not over there, yet.")
    assert (seen.words(REMOVED), seen.words(ADDED)) == (1, 4)


def test_long_stretches_that_are_the_same_are_left_out():
    lines = [f"line {number}\n" for number in range(100)]
    pieces = shortened(word_diff("".join(lines), "".join([*lines[:50], "new\n", *lines[50:]])))
    assert [piece.kind for piece in pieces] == [SKIPPED, SAME, ADDED, SAME, SKIPPED]
    assert sum(piece.text.count("\n") for piece in pieces) < 12
    assert pieces[0].text == "46 lines are the same"


def test_lines_too_different_to_look_at_their_words_are_replaced_and_that_is_said():
    old, new = "same\n" + "a " * 20, "same\n" + "b " * 20
    seen = text_diff(old, new, budget=Budget(cells=100))
    assert seen.level == "lines"
    assert seen.pieces == (Piece(SAME, "same\n", "same\n"), Piece(REMOVED, "a " * 20, ""), Piece(ADDED, "", "b " * 20))
    assert text_diff("a b c", "a c b").level == "words"


def test_very_many_lines_are_led_by_those_that_stand_once(monkeypatch):
    monkeypatch.setattr(words, "MAX_CELLS", 4)
    old = [f"line {number} of it\n" for number in range(30)]
    new = [*old[:5], "another\n", *old[5:12], *old[13:], "end\n"]
    seen = text_diff("".join(old), "".join(new))
    assert sides(seen.pieces) == ("".join(old), "".join(new))
    assert [piece.text for piece in seen.pieces if piece.kind != SAME] == ["another\n", "line 12 of it\n", "end\n"]


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_led_by_lines_that_stand_once_the_diff_still_gives_the_other_side(one, other):
    rules = words._Rules(ignore_space=False, ignore_case=False, budget=Budget(cells=20))
    rebuilt = [], []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(words, "MAX_CELLS", 0)
        codes = list(words._between_anchors(one, other, rules))
    for is_equal, a, b, c, d in codes:
        rebuilt[0].extend(one[a:b])
        rebuilt[1].extend(other[c:d])
        assert not is_equal or one[a:b] == other[c:d]
    assert rebuilt == (one, other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n" * 10_000_000, "x\n" * 5_000_000),
        ("a" * 10_000_000, "b" * 10_000_000),
        ("word " * 2_000_000, "other " * 1_600_000),
    ],
    ids=["empty lines", "one word", "one line"],
)
def test_b36_texts_of_ten_megabytes_are_replaced_as_a_whole(old, new):
    begun = time.process_time()
    seen = text_diff(old, new)
    assert time.process_time() - begun < 5  # a tenth of it here
    assert (seen.level, [piece.kind for piece in seen.pieces]) == ("lines", [REMOVED, ADDED])


def test_b36_twenty_thousand_words_are_compared_word_by_word():
    old = [f"word{number * 7919 % 3000}" for number in range(20_000)]
    new = [word if number % 50 else "changed" for number, word in enumerate(old)]
    begun = time.process_time()
    seen = text_diff(" ".join(old), " ".join(new))
    assert time.process_time() - begun < 5
    assert (seen.level, seen.words(ADDED), seen.words(REMOVED)) == ("words", 400, 400)


def test_equal_texts_have_nothing_to_show_but_themselves():
    assert kinds(word_diff("a\nb", "a\nb")) == [(SAME, "a\nb")]
    assert word_diff("", "") == []
