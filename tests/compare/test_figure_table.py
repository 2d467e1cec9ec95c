"""The table of all runs: what stands in it while a comparison runs and when it has ended, and why runs do not count."""

from dataclasses import replace

from betaconsole.compare.contributions import contributions_of
from betaconsole.compare.figure_table import table_of, uncounted
from betaconsole.compare.verdict_box import more_repeats
from betaconsole.statistics.live import summaries
from betaconsole.statistics.results import Contribution, Result, Results
from tests.compare.made_up import cells, column, inputs, noisy

NAMES = {position: ("ABCDEFGH"[position], f"column {position}") for position in range(8)}


def live(*columns):
    found = inputs(*columns)
    return table_of(found, NAMES, summaries(found), None)


KNOWN = Result(
    figure="output_tokens",
    variant=1,
    baseline=0,
    n=20,
    n_baseline=20,
    paired=True,
    excluded=0,
    method="paired t, sign-flip permutation",
    baseline_value=455.0,
    value=361.0,
    difference=-94.0,
    relative=-0.2066,
    low=-132.0,
    high=-59.0,
    relative_low=-0.29,
    relative_high=-0.13,
    shift=-92.0,
    shift_low=-130.0,
    shift_high=-60.0,
    p=0.0001,
    p_corrected=0.0004,
    state="differs",
    needed=None,
)


def result(figure="output_tokens", **values):
    return replace(KNOWN, figure=figure, **values)


def ended(*columns, results=(), **values):
    found = inputs(*columns)
    known = {"identical": {}, "contributions": (), "non_additivity": {}, "interactions": (), "method_note": ""}
    worked_out = Results(tuple(results), summaries(found), **{**known, **values})
    return table_of(found, NAMES, worked_out.summaries, worked_out), worked_out


def tokens(position, *values, **fields):
    return column(position, {"output_tokens": cells(*values)}, **fields)


def test_while_it_runs_there_are_medians_with_intervals_and_nothing_is_concluded():
    table = live(tokens(0, *range(440, 470, 5)), tokens(1, *range(340, 370, 5)))
    [row] = table.rows
    baseline, other = row.cells
    assert table.of == "median of 6"
    assert (baseline.value, baseline.value_note, baseline.difference) == ("452", "440 … 465", "")
    assert (other.value, other.difference, other.relative) == ("352", "−100", "−22 %")
    assert (other.interval, other.state, other.test) == ("", "", None)


def test_at_the_end_there_are_means_with_the_interval_and_the_word_of_the_verdict():
    table, _ = ended(tokens(0, 450, 460), tokens(1, 360, 362), results=[result()])
    [row] = table.rows
    _, cell = row.cells
    assert table.of == "mean of 2"
    assert (cell.value, cell.difference, cell.relative) == ("361", "−94", "−21 %")
    assert (cell.interval, cell.state, cell.differs) == ("−132 … −59", "differs", True)
    assert (cell.test.runs, cell.test.p_corrected, cell.test.shift) == ("20 pairs", "below 0.001", "−92 (−130 … −60)")


def test_a_refused_column_has_dashes_and_is_compared_with_nothing():
    table = live(tokens(0, 1, 2), column(1, {}, excluded={"refused": 1, "skipped": 19}))
    assert table.heads[1].planned == 20
    assert not table.heads[1].is_compared
    baseline, refused = table.rows[0].cells
    assert baseline.value == "1.5"
    assert (refused.value, refused.difference) == ("—", "")


def test_it_is_said_how_many_do_not_count_and_why():
    found = inputs(
        tokens(0, 1, 2), tokens(1, 3, excluded={"failed": 1}), column(2, {}, excluded={"skipped": 19, "refused": 1})
    )
    assert uncounted(found, NAMES) == [
        "B: 1 of 2 count. 1 failed.",
        "C: 0 of 20 count. 1 refused, 19 skipped.",
    ]


def test_a_figure_that_is_the_same_in_every_run_is_a_sentence_and_no_row():
    table = live(
        column(0, {"output_tokens": cells(1, 2), "refusal": cells(0, 0), "tool_calls": cells(1, 1)}),
        column(1, {"output_tokens": cells(1, 3), "refusal": cells(0, 0), "tool_calls": cells(1, 1)}),
    )
    assert [row.figure.key for row in table.rows] == ["output_tokens"]
    assert table.constant == ("refusals in none", "tool calls 1")


def test_a_share_says_how_many_of_how_many():
    table = live(column(0, {"refusal": cells(0, 0, 1, 0)}), column(1, {"refusal": cells(1, 1, 1, 0)}))
    baseline, other = table.rows[0].cells
    assert (baseline.value, baseline.value_note) == ("25 %", "1 of 4")
    assert (other.value, other.difference, other.relative) == ("75 %", "+50 points", "")


def test_from_five_columns_on_they_are_rows():
    table = live(*(tokens(position, 1 + position, 2) for position in range(5)))
    assert not table.is_few
    assert [head.letter for head, _ in table.by_column] == list("ABCDE")


def test_what_would_settle_it_is_asked_of_the_output_tokens_first():
    _, results = ended(tokens(0, 1), results=[result(state="not_enough", needed=12)])
    assert more_repeats(results) == (12, 12)
    others = (result("total_ms", state="not_enough", needed=3), result("cost_usd", state="not_enough", needed=40))
    assert more_repeats(replace(results, results=(*others, *results.results))) == (12, 3)
    assert more_repeats(replace(results, results=others)) == (3,)
    assert more_repeats(replace(results, results=(result(),))) == ()


def test_each_beta_has_its_part_and_all_together_what_lies_beyond_the_sum():
    values = {"output_tokens": noisy(400, 10)}
    table, results = ended(
        column(0, values),
        column(1, {"output_tokens": noisy(450, 10, seed=1)}),
        contributions=(
            Contribution("output_tokens", "one-2026-01-01", -52.0, -80.0, -20.0, 0.001),
            Contribution("output_tokens", "two-2026-01-01", 3.0, None, None, None),
        ),
        non_additivity={"output_tokens": 7.0},
    )
    found = contributions_of(results, table)
    assert found.alone.heads == ("Output tokens",)
    assert [(row.betas, row.parts[0].text, row.parts[0].interval) for row in found.alone.rows] == [
        (("one-2026-01-01",), "−52", "−80 … −20"),
        (("two-2026-01-01",), "+3", ""),
    ]
    assert found.beyond == ("+7",)
    assert found.pairs.rows == ()
    assert contributions_of(replace(results, contributions=()), table) is None
