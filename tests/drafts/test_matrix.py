"""Edits of the matrix."""

import pytest

from betaconsole.drafts import matrix
from betaconsole.drafts.columns import Column
from betaconsole.drafts.matrix import MatrixError

from .desk import CONTEXT, THINKING

A, B, C = Column("a"), Column("b"), Column("c", baseline="b")


def keys(columns):
    return [column.key for column in columns]


def test_ticks_keep_the_order_in_which_they_were_made():
    columns = matrix.tick(matrix.tick([A, B], "b", CONTEXT, on=True), "b", THINKING, on=True)
    assert columns[1].betas == (CONTEXT, THINKING)
    assert columns[0].betas == ()
    assert matrix.tick(columns, "b", CONTEXT, on=True) == columns


def test_unticking_takes_the_example_along():
    columns = matrix.take_example(matrix.tick([A, B], "b", CONTEXT, on=True), "b", CONTEXT, on=True)
    assert columns[1].examples == (CONTEXT,)
    assert matrix.tick(columns, "b", CONTEXT, on=False)[1] == B


def test_an_example_needs_its_tick_and_the_catalogue():
    assert matrix.take_example([A, B], "b", CONTEXT, on=True)[1].examples == ()
    with pytest.raises(MatrixError):
        matrix.take_example([A, B], "b", THINKING, on=True)


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a\rb", "a\nb", "a\0b", "Caps", "ümlaut", "x" * 129, "-x"])
def test_a_malformed_name_is_refused_with_the_name_quoted(name):
    with pytest.raises(MatrixError) as refusal:
        matrix.tick([A], "a", name, on=True)
    assert repr(name)[:40] in str(refusal.value)
    with pytest.raises(MatrixError):
        matrix.add_row([], name)


def test_columns_are_added_up_to_the_limit():
    columns = [A]
    while len(columns) < 32:
        columns = matrix.add_column(columns)
    assert len(set(keys(columns))) == 32
    for more in (lambda: matrix.add_column(columns), lambda: matrix.duplicate(columns, "a")):
        with pytest.raises(MatrixError, match="32"):
            more()


def test_a_copy_stands_beside_its_source_without_its_name():
    named = Column("b", name="Mine", betas=(THINKING,), changes_text="{}")
    copy = matrix.duplicate([A, named, C], "b")[2]
    assert (copy.name, copy.betas, copy.changes_text) == ("", (THINKING,), "{}")
    assert copy.key not in "abc"


def test_removing_a_baseline_sends_its_followers_back_to_the_first():
    columns = matrix.remove([A, B, C], "b")
    assert keys(columns) == ["a", "c"]
    assert columns[1].baseline == ""
    with pytest.raises(MatrixError):
        matrix.remove([A], "a")


def test_columns_move_as_far_as_there_are_places():
    assert keys(matrix.move([A, B, C], "a", by=1)) == ["b", "a", "c"]
    assert keys(matrix.move([A, B, C], "c", by=-9)) == ["c", "a", "b"]
    assert keys(matrix.move([A, B, C], "c", by=9)) == ["a", "b", "c"]


def test_names_are_tidied_and_unique():
    columns = matrix.rename([A, B], "b", "  with \n thinking ")
    assert columns[1].name == "with thinking"
    with pytest.raises(MatrixError, match="Column B"):
        matrix.rename(columns, "a", "with thinking")
    with pytest.raises(MatrixError):
        matrix.rename(columns, "a", "x" * 201)


def test_a_version_has_the_form_of_a_date():
    assert matrix.set_version([A], "a", " 2023-06-01 ")[0].version == "2023-06-01"
    assert matrix.set_version([A], "a", "")[0].version == ""
    with pytest.raises(MatrixError):
        matrix.set_version([A], "a", "latest")


def test_a_circle_of_comparisons_is_refused():
    with pytest.raises(MatrixError, match="C is compared with B"):
        matrix.set_baseline([A, B, C], "b", "c")
    assert matrix.set_baseline([A, B, C], "c", "c")[2].baseline == "c"
    with pytest.raises(MatrixError):
        matrix.set_baseline([A, B], "b", "gone")


def test_a_combination_replaces_the_betas_and_drops_foreign_examples():
    column = Column("b", betas=(CONTEXT,), examples=(CONTEXT,))
    assert matrix.set_betas([A, column], "b", [THINKING])[1] == Column("b", betas=(THINKING,))
    assert matrix.set_betas([A, column], "b", [THINKING, CONTEXT])[1].examples == (CONTEXT,)


def test_an_edit_of_a_column_that_is_gone_is_refused():
    with pytest.raises(MatrixError, match="no longer"):
        matrix.tick([A], "gone", THINKING, on=True)


def test_changes_too_big_for_a_column_are_pointed_to_its_own_body():
    with pytest.raises(MatrixError, match="own body"):
        matrix.set_changes([A], "a", "x" * 256_001)
