"""Presets and controls: whatever they make isolates a cause, and says what it is as long as it is true."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.catalogue.betas import MADE_UP, find
from betaconsole.drafts import matrix, presets
from betaconsole.drafts.columns import MAX_COLUMNS, Column, baselines
from betaconsole.drafts.controls import followed, with_controls
from betaconsole.drafts.labels import labels
from betaconsole.drafts.matrix import MatrixError
from betaconsole.drafts.presets import PRESETS, fill, holds

from .desk import ADVISOR, COMPACT, CONTEXT, THINKING

names = st.lists(
    st.from_regex(r"[a-z]{1,8}-202[0-9]-0[1-9]-1[0-9]", fullmatch=True), min_size=1, max_size=6, unique=True
)
OPUS, SONNET = "claude-opus-5", "claude-sonnet-4-6"
START = [Column("a", changes_text='{"max_tokens": 9}'), Column("b", betas=(CONTEXT,), examples=(CONTEXT,), model=OPUS)]


def made_of(preset, betas, columns=START):
    return fill(preset, columns, betas=betas, models=[OPUS, SONNET], versions=["2026-10-21", "2023-06-01"])


def sets_of(columns):
    return [set(column.betas) for column in columns]


def by_name(columns):
    return dict(zip(labels(columns), columns, strict=True))


@settings(deadline=None)
@given(names)
def test_leave_one_out_is_all_then_all_but_each_then_none_each_compared_with_all(betas):
    made = made_of("leave_one_out", betas)
    assert sets_of(made) == [
        set(betas),
        *(set(betas) - {beta} for beta in betas if len(betas) > 1),
        set(),
    ]
    assert list(baselines(made).values()) == [None, *[made[0].key] * (len(made) - 1)]


@settings(deadline=None)
@given(names)
def test_one_at_a_time_is_none_then_each_alone_compared_with_none(betas):
    made = made_of("one_at_a_time", betas)
    assert sets_of(made) == [set(), *({beta} for beta in betas)]
    assert list(baselines(made).values()) == [None, *[made[0].key] * len(betas)]


@settings(deadline=None)
@given(names.filter(lambda betas: len(betas) <= 3))
def test_all_subsets_are_each_there_once_compared_with_none(betas):
    made = made_of("all_subsets", betas)
    every = [set(some) for size in range(len(betas) + 1) for some in combinations(betas, size)]
    assert sets_of(made) == every
    assert set(baselines(made).values()) == {None, made[0].key}


@settings(deadline=None)
@given(names, st.sampled_from(sorted(PRESETS)))
def test_columns_of_a_preset_differ_in_nothing_but_what_it_is_about(betas, preset):
    if preset == "all_subsets":
        betas = betas[:3]
    made = made_of(preset, betas)
    about = {"across_models": "model", "across_versions": "version"}.get(preset, "betas")
    if preset != "controls":
        bare = {"key": "", "name": "", "baseline": "", "betas": (), "examples": (), about: ()}
        same = {replace(one, **bare) for one in made}
        assert len(same) == 1
        assert same.pop().changes_text == START[0].changes_text
    # Whoever stands on its own stands there once, by whatever name.
    asked = [(one.betas, one.model, one.version, one.role) for one in made]
    assert len(set(asked)) == len(asked)
    assert len(set(labels(made))) == len(made)
    assert holds(preset, made)
    assert holds(preset, with_controls(made)[::-1]), "neither controls nor the order of columns change what it is"


def test_across_models_each_column_is_compared_with_the_same_model_without():
    made = by_name(made_of("across_models", [CONTEXT]))
    assert list(made) == ["without · opus-5", "with · opus-5", "without · sonnet-4-6", "with · sonnet-4-6"]
    assert made["with · sonnet-4-6"].baseline == made["without · sonnet-4-6"].key
    assert made["with · opus-5"].examples == (CONTEXT,)
    plain = made_of("across_models", [])
    assert [(one.model, one.betas, one.baseline) for one in plain] == [
        (OPUS, (), plain[0].key),
        (SONNET, (), plain[0].key),
    ]


def test_columns_say_in_their_names_what_they_are():
    assert labels(made_of("leave_one_out", [CONTEXT, THINKING])) == [
        "all",
        "all − context-management",
        "all − interleaved-thinking",
        "none",
    ]
    assert labels(made_of("one_at_a_time", [CONTEXT])) == ["none", "only context-management"]
    assert labels(made_of("all_subsets", [CONTEXT, COMPACT, THINKING]))[4:] == [
        "context-management + compact",
        "context-management + interleaved-thinking",
        "compact + interleaved-thinking",
        "all",
    ]
    # Two of one family keep their dates.
    assert labels(made_of("one_at_a_time", ["tool-2025-01-01", "tool-2026-01-01"]))[1:] == [
        "only tool-2025-01-01",
        "only tool-2026-01-01",
    ]


def test_a_name_that_a_preset_gave_goes_once_it_is_not_true_any_more():
    made = made_of("leave_one_out", [CONTEXT, THINKING])
    ticked = presets.with_true_names(made, matrix.tick(made, made[1].key, CONTEXT, on=True))
    assert labels(ticked)[0] == "all"
    assert [one.name for one in ticked] == ["all", "", "all − interleaved-thinking", "none"]
    assert not holds("leave_one_out", ticked)
    # A beta more for "all" makes every "all − …" wrong; a name of a person's own stays.
    mine = matrix.rename(made, made[3].key, "Mine")
    wider = presets.with_true_names(mine, matrix.tick(mine, mine[0].key, ADVISOR, on=True))
    assert [one.name for one in wider] == ["all", "", "", "Mine"]


@pytest.mark.parametrize("preset", ["with_without", "one_at_a_time", "leave_one_out", "all_subsets"])
def test_without_a_beta_there_is_nothing_to_tell_apart(preset):
    with pytest.raises(MatrixError, match="needs a beta"):
        made_of(preset, [])


def test_what_would_be_too_much_is_refused_with_the_number():
    four = [CONTEXT, THINKING, COMPACT, ADVISOR]
    with pytest.raises(MatrixError, match="4 betas would be 16 columns"):
        made_of("all_subsets", four)
    many = [f"b{number}-2025-01-01" for number in range(MAX_COLUMNS)]
    with pytest.raises(MatrixError, match="34 columns; at most 32"):
        made_of("leave_one_out", many)
    assert len(made_of("leave_one_out", many[:30])) == MAX_COLUMNS
    with pytest.raises(MatrixError, match="two models"):
        fill("across_models", START, betas=[CONTEXT], models=[OPUS, OPUS])
    with pytest.raises(MatrixError, match="no such preset"):
        made_of("everything", [CONTEXT])
    full = [Column(f"k{number}") for number in range(MAX_COLUMNS)]
    with pytest.raises(MatrixError, match="34 columns"):
        made_of("controls", [CONTEXT], full)


def test_a_preset_works_on_what_is_ticked_and_where_nothing_is_on_all_rows():
    rows = [THINKING, CONTEXT, ADVISOR]
    assert presets.betas_for([Column("a"), Column("b", betas=(CONTEXT, THINKING))], rows) == [THINKING, CONTEXT]
    assert presets.betas_for([Column("a"), Column("b")], rows) == rows
    assert presets.betas_for(with_controls([Column("a"), Column("b")]), [*rows, MADE_UP]) == rows
    assert presets.betas_for(with_controls([Column("a", betas=(CONTEXT,))]), rows) == [CONTEXT]


# Controls ----------------------------------------------------------------------------------------------------------------


def test_controls_are_a_made_up_beta_and_a_twin_of_the_baseline():
    base = Column("a", betas=(CONTEXT,), changes_text="{}", baseline="a")
    *_, made_up, twin = made_of("controls", [], [Column("b", baseline="a"), base])
    assert find(MADE_UP) is None
    assert (made_up.role, made_up.betas, made_up.baseline) == ("made_up", (CONTEXT, MADE_UP), "a")
    assert (twin.role, twin.betas, twin.changes_text, twin.baseline) == ("twin", base.betas, "{}", "a")
    assert labels([base, made_up, twin])[1:] == ["made-up beta", "twin of A"]


def test_adding_controls_twice_leaves_one_of_each_and_a_new_filling_keeps_them():
    once = made_of("controls", [])
    assert len(made_of("controls", [], once)) == len(once) == len(START) + 2
    filled = made_of("leave_one_out", [CONTEXT, THINKING], once)
    assert [one.role for one in filled] == ["", "", "", "", "made_up", "twin"]
    assert filled[-1].betas == filled[0].betas, "the twin is one of the new baseline"


def test_controls_go_along_with_their_baseline():
    columns = with_controls([Column("a"), Column("b")])
    after = followed(columns, matrix.tick(columns, "a", THINKING, on=True))
    assert [one.betas for one in after[2:]] == [(THINKING, MADE_UP), (THINKING,)]
    assert [one.role for one in after] == ["", "", "made_up", "twin"]
    removed = followed(after, matrix.remove(after, "a"))
    assert [one.betas for one in removed] == [(), (MADE_UP,), ()]
    assert labels(removed)[2] == "twin of A"


def test_a_control_that_is_edited_by_hand_is_none_any_more():
    columns = with_controls([Column("a"), Column("b", betas=(THINKING,))])
    made_up, twin = columns[2].key, columns[3].key
    for edited, left in (
        (matrix.tick(columns, twin, CONTEXT, on=True), ["made_up", ""]),
        (matrix.tick(columns, made_up, MADE_UP, on=False), ["", "twin"]),
        (matrix.set_model(columns, twin, OPUS), ["made_up", ""]),
        (matrix.set_baseline(columns, twin, twin), ["made_up", ""]),
    ):
        assert [one.role for one in followed(columns, edited)[2:]] == left
    assert "twin" not in "".join(labels(followed(columns, matrix.tick(columns, twin, CONTEXT, on=True))))
