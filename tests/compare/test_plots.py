"""Dots and boxes stand inside their drawing, in the order of their values, and the same for the same values."""

from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.compare.plots import AXIS, RADIUS, Values, nice, plot, share_plot
from betaconsole.statistics.figures import Figure
from betaconsole.statistics.live import summary

TOKENS = Figure("output_tokens", "Output tokens", "tokens")
SHARE = Figure("refusal", "Refusals", "share")
numbers = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)
cells = st.tuples(st.integers(0, 3), st.integers(1, 100))
columns = st.lists(st.dictionaries(cells, numbers, max_size=30), max_size=4)
tallies = st.lists(st.dictionaries(cells, st.sampled_from([0.0, 1.0]), max_size=60), max_size=3)
a_few = st.lists(numbers, min_size=1, max_size=40)


def drawn(found, figure=TOKENS, draw=plot):
    return draw([Values(index, one, summary(figure, index, one.values())) for index, one in enumerate(found)])


def assert_inside(picture):
    foot = picture.height - AXIS
    for row in picture.rows:
        for dot in row.dots:
            assert picture.radius <= dot.x <= picture.width - picture.radius
            assert picture.radius - 0.1 <= dot.y <= foot
        assert 0 <= row.box_y <= row.foot_y <= foot
        for span in filter(None, (row.box, row.interval)):
            assert 0 <= span.start <= span.end <= picture.width
    assert all(0 <= tick.x <= picture.width for tick in picture.ticks)


@settings(max_examples=50, deadline=None)
@given(columns)
def test_everything_is_inside_the_drawing(found):
    picture = drawn(found)
    assert_inside(picture)
    assert picture.dots == sum(map(len, found))


@settings(max_examples=50, deadline=None)
@given(tallies)
def test_shares_are_inside_their_drawing_too(found):
    assert_inside(drawn(found, SHARE, share_plot))


@settings(max_examples=50, deadline=None)
@given(a_few)
def test_dots_stand_in_the_order_of_their_values(values):
    [row] = drawn([{(0, repeat): value for repeat, value in enumerate(values, 1)}]).rows
    assert [dot.value for dot in row.dots] == sorted(values)
    places = [dot.x for dot in row.dots]
    assert places == sorted(places)


@settings(max_examples=50, deadline=None)
@given(a_few)
def test_the_median_lies_within_its_box_and_its_interval(values):
    [row] = drawn([{(0, repeat): value for repeat, value in enumerate(values, 1)}]).rows
    assert row.box.start <= row.median <= row.box.end
    if row.interval:
        assert row.interval.start <= row.median <= row.interval.end


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(cells, numbers, min_size=1, max_size=40))
def test_the_order_in_which_runs_come_changes_nothing(found):
    assert drawn([found]) == drawn([dict(reversed(found.items()))])


def test_runs_of_the_same_value_do_not_hide_each_other():
    [row] = drawn([{(0, repeat): 455.0 for repeat in range(1, 21)}]).rows
    assert len({(dot.x, dot.y) for dot in row.dots}) == 20


def test_a_thousand_runs_of_the_same_value_stay_inside():
    found = {(case, repeat): 455.0 for case in range(10) for repeat in range(1, 101)}
    assert_inside(drawn([found, found]))


def test_the_dots_of_a_share_end_where_the_share_is():
    found = {(0, repeat): float(repeat % 4 == 0) for repeat in range(1, 21)}
    [row] = drawn([found], SHARE, share_plot).rows
    filled = [dot.x for dot in row.dots if not dot.is_hollow]
    hollow = [dot.x for dot in row.dots if dot.is_hollow]
    assert len(filled) == 5
    assert max(filled) < row.median < min(hollow)


def test_a_figure_nobody_measured_has_rows_and_nothing_in_them():
    picture = drawn([{}, {}])
    assert [(row.dots, row.box, row.median, row.interval) for row in picture.rows] == [((), None, None, None)] * 2


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_scale_has_a_few_numbers_in_order(one, other):
    low, high = min(one, other), max(one, other)
    ticks = nice(low, high)
    assert 1 <= len(ticks) <= 6
    assert ticks == sorted(ticks)
    slack = (high - low) * 1e-6
    assert all(low - slack <= tick <= high + slack for tick in ticks)


def test_dots_that_lie_close_are_piled_a_dot_apart():
    [row] = drawn([{(0, 1): 100.0, (0, 2): 100.01, (0, 3): 500.0}]).rows
    first, second, third = row.dots
    assert first.x == second.x
    assert abs(first.y - second.y) == RADIUS * 2
    assert third.x > first.x
