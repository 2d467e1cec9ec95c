"""What must be true of everything sent, however the senders died: pure, over what the far end saw and what is stored."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.far_end import Answer, marker_of

FINAL = {"succeeded", "failed", "incomplete", "unknown_outcome", "cancelled", "interrupted", "skipped"}
# A claimed exchange that the far end never saw may end in one of these.
UNSEEN = {"interrupted", "unknown_outcome", "failed", "cancelled"}
# design.md section 5: written every 250 ms.
TAIL_S = 0.25


@dataclass(frozen=True)
class Row:
    """One exchange as stored. `data` is the response's body as kept."""

    id: int
    request: str
    state: str
    worker: str
    status: int | None
    failure_kind: str
    version: int
    text: str
    data: str

    @property
    def marker(self) -> str:
        return marker_of(self.request)

    @property
    def was_claimed(self) -> bool:
        return bool(self.worker)


@dataclass(frozen=True)
class Left:
    """A database after it all. `waiting`: the requests that are ready and wait for a person."""

    rows: Sequence[Row]
    unfinished_comparisons: int
    segments: int
    waiting: Sequence[str] = ()


@dataclass
class Verdict:
    """What is wrong (nothing, one hopes), and figures about the run."""

    wrong: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    tails_s: list[float] = field(default_factory=list)  # how much was lost at the end of each interrupted stream
    unseen: int = 0  # claimed, but killed before the request was written


def judge(
    left: Left, seen: Mapping[str, Sequence[Answer]], killed_at: Mapping[str, float], *, allowance_s: float
) -> Verdict:
    """Hold what is stored against what the far end saw. `killed_at`: worker → moment of its death.

    Of an answer whose sender was killed everything must be kept that had left the far end TAIL_S + `allowance_s`
    before that: the allowance is for a machine that is too busy to run the recorder on time.
    """
    verdict = Verdict()
    markers = Counter(row.marker for row in left.rows)
    for marker in seen.keys() - markers.keys():
        verdict.wrong.append(f"{marker}: sent without a row")
    for row in left.rows:
        verdict.states[row.state] += 1
        answers = seen.get(row.marker, ())
        verdict.wrong += [f"{row.marker} ({row.state}): {what}" for what in _wrong_states(row, answers)]
        if markers[row.marker] > 1:
            verdict.wrong.append(f"{row.marker}: two rows")
        if answers:
            verdict.wrong += [f"{row.marker} ({row.state}): {what}" for what in _wrong_bytes(row, answers[0])]
            lost_s = _tail_s(row, answers[0], killed_at)
            if lost_s is not None:
                verdict.tails_s.append(lost_s)
            if lost_s is not None and lost_s > TAIL_S + allowance_s:
                verdict.wrong.append(f"{row.marker}: {lost_s * 1000:.0f} ms of its end are missing")
        elif row.was_claimed:
            verdict.unseen += 1
    for marker in map(marker_of, left.waiting):
        if marker in seen or marker in markers or not marker:
            verdict.wrong.append(f"{marker}: waits for a person, but has been sent or has a row")
    if left.unfinished_comparisons:
        verdict.wrong.append(f"{left.unfinished_comparisons} comparisons were never closed")
    if left.segments:
        verdict.wrong.append(f"{left.segments} segments of ended exchanges remain")
    return verdict


def judge_before_restart(left: Left, seen: Mapping[str, Sequence[Answer]], *, earlier: Collection[str]) -> list[str]:
    """What is wrong while no process lives: whatever went out had been claimed, and the claim committed, before.

    `left` may be the rows from some id on; `earlier`: the markers of those before.
    """
    markers = {row.marker for row in left.rows}
    wrong = [f"{marker}: sent without a row" for marker in seen.keys() - markers - set(earlier)]
    for row in left.rows:
        answers = seen.get(row.marker, ())
        if len(answers) > 1:
            wrong.append(f"{row.marker}: sent {len(answers)} times")
        if answers and (not row.was_claimed or row.state in ("queued", "skipped")):
            wrong.append(f"{row.marker} ({row.state}): seen, but never claimed")
    return wrong


def _wrong_states(row: Row, answers: Sequence[Answer]) -> list[str]:
    wrong = []
    if row.state not in FINAL:
        wrong.append("not final")
    if len(answers) > 1:
        wrong.append(f"sent {len(answers)} times")
    if answers and not row.was_claimed:
        wrong.append("seen, but never claimed")
    if not answers and row.was_claimed and row.state not in UNSEEN:
        wrong.append("claimed and never seen")
    if not answers and row.state == "failed" and row.failure_kind != "not_sent":
        wrong.append(f"never seen, but failed as {row.failure_kind}")
    if not row.was_claimed and row.state not in ("cancelled", "skipped"):
        wrong.append("never claimed")
    return wrong


def _wrong_bytes(row: Row, given: Answer) -> list[str]:
    data = row.data.encode()
    if not given.body.startswith(data):
        return ["the bytes kept are not what was sent"]
    if row.state == "succeeded" and data != given.body:
        return ["succeeded without its end"]
    if given.kind != "refused" and row.text != given.text_in(len(data)):
        return ["the text is not that of the bytes kept"]
    return []


def _tail_s(row: Row, given: Answer, killed_at: Mapping[str, float]) -> float | None:
    """How long before its sender's death the first byte that is missing had been written; None if it was not cut."""
    died_at = killed_at.get(row.worker)
    if row.state != "interrupted" or died_at is None:
        return None
    lost_at = given.moment_of(len(row.data.encode()))
    return 0.0 if lost_at is None else max(0.0, died_at - lost_at)
