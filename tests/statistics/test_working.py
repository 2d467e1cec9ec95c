"""What is said of a comparison: it differs, it does not, it is the same, or nobody can tell yet."""

import random

import pytest

from betaconsole.statistics.inputs import Inputs
from betaconsole.statistics.results import Result
from betaconsole.statistics.working import work_out

from .columns import MEASURED, OUTPUT_TOKENS, REFUSAL, TOTAL_MS, Values, column, inputs

SHIFTED = "output_tokens"


def tokens(count: int, mean: float, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [float(round(rng.gauss(mean, 30))) for _ in range(count)]


def result(baseline: list[float], values: list[float], **others: object) -> Result:
    return work_out(inputs(column(0, {SHIFTED: baseline}), column(1, {SHIFTED: values}), **others)).results[0]


def test_a_clear_difference_is_said_with_its_interval():
    found = result(tokens(20, 250, 1), tokens(20, 330, 2))
    assert found.state == "differs"
    assert found.needed is None
    assert found.low < 80 < found.high
    assert found.relative_low < 80 / 250 < found.relative_high
    assert found.method == "paired t, sign-flip permutation"


def test_from_fifty_pairs_on_the_interval_is_bootstrapped():
    assert result(tokens(50, 250, 1), tokens(50, 280, 2)).method == "BCa bootstrap, sign-flip permutation"


def test_with_five_repeats_not_even_the_clearest_difference_is_said():
    """Of 2**5 ways to sign five gaps two are as extreme as all on one side: 1/16 at best."""
    found = result(tokens(5, 250, 1), tokens(5, 900, 2))
    assert (found.p, found.state) == (1 / 16, "not_enough")
    assert found.needed >= 1


def test_many_figures_need_more_repeats_than_one():
    """Holm: with all eleven figures shown the least p-value of seven pairs is no longer enough."""
    values = {figure.key: tokens(7, 250, at) for at, figure in enumerate(MEASURED)}
    others = {figure.key: tokens(7, 900, 50 + at) for at, figure in enumerate(MEASURED)}
    one = work_out(inputs(column(0, values), column(1, others))).results
    noise = {figure.key: tokens(7, 250, 90 + at) for at, figure in enumerate(MEASURED)} | {SHIFTED: others[SHIFTED]}
    eleven = work_out(inputs(column(0, values), column(1, noise), figures=MEASURED)).results
    assert [found.state for found in one] == ["differs"]
    assert {found.state for found in eleven} == {"not_enough"}


def test_what_is_needed_is_enough_when_it_is_there():
    """A tenth more tokens, at 6 repeats no answer; with what it says is needed there is one, most of the time."""
    few = result(tokens(6, 250, 5), tokens(6, 275, 6))
    assert few.needed
    n = 6 + few.needed
    stood = sum(
        result(tokens(n, 250, 100 + at), tokens(n, 250 + few.difference, 300 + at), extended=True).state == "differs"
        for at in range(20)
    )
    assert stood >= 11  # 80 % of the time; 11 of 20 or fewer happen once in a hundred


def test_no_difference_is_said_where_there_is_none_and_one_could_have_been_seen():
    found = result(tokens(20, 250, 1), tokens(20, 250, 2))
    assert found.state == "no_difference"
    assert found.low < 0 < found.high


def test_before_the_planned_end_nothing_is_concluded():
    found = result(tokens(20, 250, 1), tokens(20, 500, 2), finished=False)
    assert (found.state, found.p, found.p_corrected, found.needed) == ("not_enough", None, None, None)


def test_a_single_pair_gives_a_difference_and_nothing_more():
    found = result([250.0], [300.0])
    assert (found.difference, found.low, found.p, found.state) == (50, None, None, "not_enough")


def test_a_column_without_a_cell_stays_in_the_table():
    """A refused beta: failures never vanish."""
    empty = column(1, {})
    found = work_out(inputs(column(0, {SHIFTED: [1, 2, 3]}), empty)).results[0]
    assert (found.n, found.n_baseline, found.difference, found.state) == (0, 3, None, "not_enough")


def test_cells_that_do_not_count_are_counted_as_excluded():
    some = column(1, {SHIFTED: tokens(20, 250, 2), "total_ms": tokens(18, 250, 2)})
    found = work_out(inputs(column(0, {"total_ms": tokens(20, 250, 1)}), some, figures=(TOTAL_MS,))).results[0]
    assert (found.n, found.excluded, found.paired) == (18, 2, True)


def test_columns_without_common_cells_are_two_samples():
    later = column(1, {SHIFTED: tokens(20, 330, 2)})
    cells = {(0, repeat + 50): value for (_, repeat), value in later.values[SHIFTED].items()}
    moved = inputs(column(0, {SHIFTED: tokens(20, 250, 1)}), _with(later, cells))
    found = work_out(moved).results[0]
    assert (found.paired, found.method, found.state) == (False, "Welch's t, permutation", "differs")


def test_shares_have_an_interval_even_where_nothing_ever_happened():
    zeros: Values = {"refusal": [0.0] * 20}
    found = work_out(inputs(column(0, zeros), column(1, zeros), figures=(REFUSAL,))).results[0]
    assert found.state == "identical"
    assert found.low < 0 < found.high
    always = work_out(inputs(column(0, zeros), column(1, {"refusal": [1.0] * 20}), figures=(REFUSAL,))).results[0]
    assert (always.state, always.difference, always.method) == ("differs", 1.0, "Tango's score, exact McNemar")


def test_after_a_look_the_same_numbers_have_a_wider_interval():
    once = result(tokens(40, 250, 1), tokens(40, 282, 2))
    again = result(tokens(40, 250, 1), tokens(40, 282, 2), extended=True)
    assert again.low < once.low < once.high < again.high
    assert again.p > once.p
    assert (once.state, again.state) == ("differs", "no_difference")
    assert again.method == "paired t, any-look t"


LEAVE_ONE_OUT = {("a", "b"): 330, ("a",): 300, ("b",): 290, (): 250}


def test_each_beta_has_its_contribution_given_the_others_and_the_rest_is_not_additive():
    columns = [
        column(at, {SHIFTED: [mean + (at + repeat) % 3 for repeat in range(24)]}, betas=betas)
        for at, (betas, mean) in enumerate(LEAVE_ONE_OUT.items())
    ]
    results = work_out(Inputs(tuple(columns), (OUTPUT_TOKENS,)))
    by_beta = {one.beta: one for one in results.contributions}
    assert by_beta["a"].difference == pytest.approx(330 - 290, abs=1)
    assert by_beta["b"].difference == pytest.approx(330 - 300, abs=1)
    assert by_beta["a"].low < 40 < by_beta["a"].high
    assert by_beta["a"].p_corrected < 0.05
    assert results.non_additivity[SHIFTED] == pytest.approx(80 - 40 - 30, abs=2)


def test_interactions_come_from_all_subsets_only():
    columns = [
        column(at, {SHIFTED: [mean + (at * repeat) % 5 for repeat in range(24)]}, betas=betas)
        for at, (betas, mean) in enumerate(LEAVE_ONE_OUT.items())
    ]
    found = work_out(Inputs(tuple(columns), (OUTPUT_TOKENS,))).interactions
    assert [(one.first, one.second) for one in found] == [("a", "b")]
    assert found[0].difference == pytest.approx(330 - 300 - 290 + 250, abs=3)
    assert work_out(Inputs(tuple(columns[:3]), (OUTPUT_TOKENS,))).interactions == ()


def test_of_three_betas_an_interaction_is_the_average_over_the_third():
    """a: 10, b: 20, c: 40; a and b together 6 more, all three together 8 more still."""

    def mean(betas: str) -> float:
        return (
            100
            + 10 * ("a" in betas)
            + 20 * ("b" in betas)
            + 40 * ("c" in betas)
            + 6 * ("a" in betas and "b" in betas)
            + 8 * (len(betas) == 3)
        )

    columns = [
        column(at, {SHIFTED: [mean(betas)] * 3}, betas=tuple(betas))
        for at, betas in enumerate(("", "a", "b", "c", "ab", "ac", "bc", "abc"))
    ]
    found = {
        (one.first, one.second): one.difference
        for one in work_out(Inputs(tuple(columns), (OUTPUT_TOKENS,))).interactions
    }
    assert found == {("a", "b"): 10, ("a", "c"): 4, ("b", "c"): 4}


def test_a_question_asked_twice_counts_once():
    """Leave one out with everything on as the baseline: results and contributions are the same questions."""
    columns = [
        column(at, {SHIFTED: tokens(20, mean, at)}, betas=betas)
        for at, (betas, mean) in enumerate(LEAVE_ONE_OUT.items())
    ]
    results = work_out(Inputs(tuple(columns[:3]), (OUTPUT_TOKENS,)))
    corrected = {one.variant: one.p_corrected for one in results.results}
    assert {one.beta: one.p_corrected for one in results.contributions} == {"a": corrected[2], "b": corrected[1]}


def _with(one, cells):
    return type(one)(**{**one.__dict__, "values": {SHIFTED: cells}})
