"""The judge of the chaos runs sees each of the faults it is there for."""

from dataclasses import replace

import pytest

from tests.chaos.far_end import Answer
from tests.chaos.verdict import Left, Row, judge, judge_before_restart

TEXTS = ["data: one\n\n", "data: two\n\n", "data: three\n\n"]
BODY = "".join(TEXTS).encode()
ENDS = [11, 22, 35]
ANSWER = Answer(
    "steady",
    BODY,
    written=[(1.0 + index, end) for index, end in enumerate(ENDS)],
    texts=list(zip(ENDS, "abc", strict=True)),
)
ROW = Row(
    id=1,
    request='{"content": "[[a.0-a]]"}',
    state="succeeded",
    worker="host:1",
    status=200,
    failure_kind="",
    version=3,
    text="abc",
    data=BODY.decode(),
)
CUT = replace(ROW, state="interrupted", data="".join(TEXTS[:2]), text="ab")


def wrong(row: Row = ROW, *, answers: tuple[Answer, ...] = (ANSWER,), died_at: float = 9.0, **left: int) -> list[str]:
    counts = {"unfinished_comparisons": 0, "segments": 0, **left}
    seen = {"a.0-a": answers} if answers else {}
    return judge(Left([row], **counts), seen, {"host:1": died_at}, allowance_s=0.0).wrong


def test_what_is_right_is_found_right() -> None:
    assert wrong() == []
    assert wrong(CUT, died_at=3.2) == []  # the third piece was written 200 ms before the death
    assert wrong(replace(CUT, state="cancelled")) == []
    assert wrong(replace(ROW, state="interrupted", status=None, data="", text=""), answers=()) == []
    assert wrong(replace(ROW, state="skipped", worker="", status=None, data="", text=""), answers=()) == []


@pytest.mark.parametrize(
    ("row", "answers", "expected"),
    [
        (ROW, (ANSWER, ANSWER), "sent 2 times"),
        (ROW, (), "claimed and never seen"),
        (replace(ROW, state="streaming"), (ANSWER,), "not final"),
        (replace(ROW, worker="", state="cancelled"), (ANSWER,), "seen, but never claimed"),
        (replace(ROW, worker="", state="interrupted"), (), "never claimed"),
        (replace(ROW, request="another"), (ANSWER,), "sent without a row"),
        (replace(ROW, data="data: on", text=""), (ANSWER,), "succeeded without its end"),
        (replace(CUT, data="data: uno"), (ANSWER,), "the bytes kept are not what was sent"),
        (replace(CUT, text="a"), (ANSWER,), "the text is not that of the bytes kept"),
        (CUT, (ANSWER,), "ms of its end are missing"),
    ],
)
def test_every_fault_is_seen(row: Row, answers: tuple[Answer, ...], expected: str) -> None:
    assert any(expected in what for what in wrong(row, answers=answers))


def test_what_is_left_over_is_seen() -> None:
    assert wrong(unfinished_comparisons=1)
    assert wrong(segments=1)


@pytest.mark.parametrize(
    ("rows", "answers", "expected"),
    [
        ([replace(ROW, state="streaming")], (ANSWER,), ""),
        ([replace(ROW, state="queued", worker="")], (), ""),
        ([replace(ROW, state="queued", worker="")], (ANSWER,), "seen, but never claimed"),
        ([replace(ROW, state="skipped")], (ANSWER,), "seen, but never claimed"),
        ([replace(ROW, state="cancelled", worker="")], (ANSWER,), "seen, but never claimed"),
        ([replace(ROW, state="sending")], (ANSWER, ANSWER), "sent 2 times"),
        ([], (ANSWER,), "sent without a row"),
    ],
)
def test_what_went_out_unclaimed_is_seen_before_anything_is_started_again(
    rows: list[Row], answers: tuple[Answer, ...], expected: str
) -> None:
    seen = {"a.0-a": answers} if answers else {}
    found = judge_before_restart(Left(rows, unfinished_comparisons=1, segments=1), seen, earlier=())
    assert [what.partition(": ")[2] for what in found] == ([expected] if expected else [])
    assert judge_before_restart(Left([], 0, 0), seen, earlier={"a.0-a"}) == []
