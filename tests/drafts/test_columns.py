"""Columns: letters, what they are compared with, what they are called."""

from betaconsole.drafts.columns import Column, baselines, dump, letter, load, makes_a_circle
from betaconsole.drafts.labels import labels, split_name

from .desk import CONTEXT, THINKING


def test_letters_go_on_after_z():
    assert [letter(position) for position in (0, 1, 25, 26, 31)] == ["A", "B", "Z", "AA", "AF"]


def test_columns_come_back_as_they_were_stored_and_unknown_fields_are_ignored():
    columns = [Column("a"), Column("b", name="Two", betas=(THINKING,), examples=(THINKING,), model="m", baseline="a")]
    stored = dump(columns)
    stored[0]["written_by_a_newer_version"] = 1
    assert load(stored) == columns


def test_taking_a_beta_away_takes_its_example_with_it():
    column = Column("b", betas=(THINKING, CONTEXT), examples=(CONTEXT,))
    assert column.without_beta(CONTEXT) == Column("b", betas=(THINKING,))


def test_every_column_but_the_first_is_compared_with_the_first():
    assert baselines([Column("a"), Column("b"), Column("c", baseline="b")]) == {"a": None, "b": "a", "c": "b"}


def test_a_column_compared_with_itself_is_compared_with_none():
    assert baselines([Column("a"), Column("b", baseline="b")])["b"] is None


def test_a_baseline_that_is_gone_falls_back_to_the_first_column():
    assert baselines([Column("a"), Column("b", baseline="gone")])["b"] == "a"


def test_moving_a_column_to_the_front_never_closes_a_circle():
    # C was compared with B; moved to the front, B would follow it by default.
    assert baselines([Column("c", baseline="b"), Column("b"), Column("a")]) == {"c": "b", "b": None, "a": "c"}


def test_a_circle_of_comparisons_is_noticed():
    columns = [Column("a"), Column("b"), Column("c", baseline="b")]
    assert makes_a_circle(columns, "a", "c")
    assert makes_a_circle(columns, "b", "c")
    assert not makes_a_circle(columns, "c", "a")


def test_columns_without_a_name_say_what_they_add_to_their_baseline():
    columns = [
        Column("a"),
        Column("b", betas=(THINKING,)),
        Column("c", betas=(THINKING, CONTEXT), baseline="b"),
        Column("d", betas=(), baseline="b"),
        Column("e", name="Mine"),
    ]
    assert labels(columns) == [
        "Baseline",
        "+ interleaved thinking",
        "B + context management",
        "B − interleaved thinking",
        "Mine",
    ]


def test_labels_are_unique_even_where_names_are_not():
    found = labels([Column("a", name="Same"), Column("b", name="Same"), Column("c", name="Same (B)"), Column("d")])
    assert len(set(found)) == 4
    assert found[0] == "Same"


def test_a_beta_name_breaks_before_its_date():
    assert split_name("context-1m-2025-08-07") == ("context-1m", "-2025-08-07")
    assert split_name("claude-code-20250219") == ("claude-code", "-20250219")
    assert split_name("no-date") == ("no-date", "")
