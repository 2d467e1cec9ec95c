"""How many cells count, and why the others do not."""

from hypothesis import given
from hypothesis import strategies as some

from betaconsole.runs.states import State
from betaconsole.runs.tallying import Standing, Tally, tally

CONTEXT = "context-management-2025-06-27"
STANDINGS = some.builds(
    Standing,
    some.sampled_from(State.values),
    some.booleans(),
    some.sampled_from([(), (CONTEXT,)]),
    some.sampled_from(["", "overloaded_error", "\x00\ud800"]),
)


def test_what_does_not_count_is_named_with_its_reasons() -> None:
    cells = [
        *[Standing(State.SUCCEEDED)] * 56,
        *[Standing(State.FAILED, refused_betas=[CONTEXT], failure="invalid_request_error")] * 2,
        Standing(State.FAILED, failure="overloaded_error"),
        Standing(State.SKIPPED),
    ]
    assert tally(cells).sentence == f"56 of 60 count: 2 refused ({CONTEXT}), 1 failed (overloaded_error), 1 skipped."


def test_while_it_runs_only_what_has_ended_is_reckoned_with() -> None:
    cells = [Standing(State.SUCCEEDED)] * 3 + [Standing(State.FAILED, failure="api_error")] * 2
    cells += [Standing(State.FAILED, failure="overloaded_error"), Standing(State.QUEUED), Standing(State.STREAMING)]
    told = tally(cells)
    assert told.sentence == "So far 3 of 6 count: 3 failed (2 api_error, 1 overloaded_error)."
    assert (told.planned, told.ended, told.to_come) == (8, 6, 2)


def test_where_all_count_nothing_is_said() -> None:
    assert tally([Standing(State.SUCCEEDED)] * 3).sentence == ""
    assert tally([]) == Tally()


@given(some.lists(STANDINGS))
def test_no_cell_vanishes(cells: list[Standing]) -> None:
    told = tally(cells)
    assert told.planned == len(cells) == told.counts + told.to_come + sum(told.left_out.values())
    assert bool(told.sentence) == bool(told.left_out)
    told.sentence.encode()
    for why, which in told.details.items():
        assert sum(which.values()) <= told.left_out[why]
