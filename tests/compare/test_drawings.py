"""Which figures are drawn, and where their dots lead."""

from betaconsole.compare.drawings import Ways, drawings_of
from betaconsole.compare.figure_table import table_of
from betaconsole.compare.same_outputs import said_by
from betaconsole.statistics.live import summaries
from betaconsole.statistics.results import Results
from tests.compare.made_up import cells, column, inputs, noisy

NAMES = {position: (f"L{position}", f"column {position}") for position in range(32)}
NO_WAYS = Ways({}, {})
FIGURES = ("output_tokens", "cost_usd", "total_ms")


def drawn(found, *, is_final=True, ways=NO_WAYS, **options):
    known = summaries(found)
    results = Results((), known, {}, (), {}, (), "") if is_final else None
    return drawings_of(found, table_of(found, NAMES, known, results), known, ways, results=results, **options)


def columns(count, repeats):
    return inputs(*(column(at, {key: noisy(400, repeats, seed=at) for key in FIGURES}) for at in range(count)))


def test_a_dot_leads_to_the_exchange_of_its_run_and_says_which_it_is():
    ways = Ways({(1, (0, 2)): "abc"}, {0: "order 1"})
    found = drawn(
        inputs(column(0, {"output_tokens": cells(1, 2)}), column(1, {"output_tokens": cells(3, 455)})), ways=ways
    )
    [drawing] = found.drawn
    marks = {mark.dot.cell: mark for mark in drawing.rows[1].marks}
    assert (marks[0, 2].exchange, marks[0, 2].title) == ("abc", "L1, order 1, repeat 2: 455")
    assert "L0: 2 runs, median 2, between 1 and 2." in drawing.said


def test_a_few_runs_are_drawn_for_every_figure():
    found = drawn(columns(3, 20))
    assert [drawing.figure.key for drawing in found.drawn] == list(FIGURES)
    assert (found.chosen, found.choices) == ("", ())


def test_of_many_runs_one_figure_is_drawn_the_one_asked_for():
    found = drawn(columns(32, 60), asked="total_ms")
    assert [drawing.figure.key for drawing in found.drawn] == ["total_ms"]
    assert [figure.key for figure in found.choices] == list(FIGURES)
    assert sum(drawing.plot.dots for drawing in found.drawn) == 32 * 60
    assert drawn(columns(32, 60), asked="no such figure").chosen == "output_tokens"


def test_while_it_runs_and_on_paper_many_runs_are_boxes_alone():
    live = drawn(columns(32, 60), is_final=False)
    paper = drawn(columns(32, 60), is_print=True)
    assert [drawing.plot.dots for drawing in live.drawn] == [0]
    assert [drawing.plot.dots for drawing in paper.drawn] == [0, 0, 0]
    assert all(row.row.box for drawing in paper.drawn for row in drawing.rows)


def test_no_two_numbers_of_a_scale_read_the_same():
    found = drawn(inputs(column(0, {"output_tokens": cells(1, 1, 2)}), column(1, {"output_tokens": cells(2, 1, 2)})))
    labels = [tick.label for tick in found.drawn[0].ticks]
    assert len(labels) == len(set(labels)) > 2


def test_a_column_without_answers_has_no_row():
    found = drawn(inputs(column(0, {"output_tokens": cells(1, 2)}), column(1, {}, excluded={"refused": 1})))
    assert [row.head.letter for row in found.drawn[0].rows] == ["L0"]


def test_runs_that_said_the_same_are_one_output():
    one = column(0, {"output_tokens": cells(1, 2, 3, 4)})
    digests = {(0, 1): "x", (0, 2): "y", (0, 3): "y", (0, 4): "z", (1, 1): "x"}
    said = said_by(type(one)(**{**one.__dict__, "outputs": digests}), case=0)
    assert said.in_short == "2 of 4 said the same"
    assert [output.repeats for output in said.outputs] == [(2, 3), (1,), (4,)]


def test_what_was_said_is_said_in_words():
    def in_short(*digests):
        one = column(0, {})
        outputs = {(0, repeat): digest for repeat, digest in enumerate(digests, 1)}
        return said_by(type(one)(**{**one.__dict__, "outputs": outputs}), case=0).in_short

    assert in_short("a", "a") == "all 2 said the same"
    assert in_short("a", "b", "c") == "3 runs, each said something else"
    assert in_short("a") == "one answer"
    assert in_short() == "no answer"
