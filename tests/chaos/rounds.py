"""The loop: senders are started and killed at random moments on one database, then one of them ends what is left."""

import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.crew import Crew, crew
from tests.chaos.far_end import FarEnd
from tests.chaos.verdict import FINAL, Verdict, judge, judge_before_restart

LONGEST_LIFE_S = 0.8
AT_ONCE = 100  # comparisons a sender may launch: more than any of them lives to


@dataclass
class Tally:
    """Several databases' verdicts added up."""

    wrong: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    tails_s: list[float] = field(default_factory=list)
    unseen: int = 0
    kills: int = 0
    stops: int = 0
    waited: int = 0  # turns that were ready and not sent, before a person let them go on

    def add(self, other: "Verdict | Tally") -> None:
        self.wrong += other.wrong
        self.states += other.states
        self.tails_s += other.tails_s
        self.unseen += other.unseen
        self.kills += getattr(other, "kills", 0)
        self.stops += getattr(other, "stops", 0)


def play(rounds: int, *, seed: str, stops: float = 0.0, allowance_s: float = 0.15, turns: int = 1) -> Tally:
    """So many rounds on one new database; a share of `stops` of them ends by SIGTERM instead of kill -9.

    With `turns` every cell has so many, and at the end a person lets everything go on that was not sent.
    """
    tally, chance = Tally(), random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="betaconsole-chaos-", ignore_cleanup_errors=True) as folder,
        FarEnd(seed=seed, turns=turns) as far_end,
        crew(Path(folder), far_end.url) as hired,
    ):
        looking = Looking(hired, far_end)
        for number in range(rounds):
            _one_round(hired, f"{seed}{number}", chance, tally, stops=stops, delay_ms=60 if turns > 1 else None)
            tally.wrong += looking.wrong_now()
        _end(hired, f"{seed}last", tally)
        left = hired.left()
        if left.waiting:
            tally.waited = len(left.waiting)
            tally.wrong += judge(left, far_end.seen, hired.killed_at, allowance_s=allowance_s).wrong
            _end(hired, f"{seed}goes-on", tally, go_on=True)
            left = hired.left()
        tally.add(judge(left, far_end.seen, hired.killed_at, allowance_s=allowance_s))
        tally.wrong += ["something still waits"] * len(left.waiting)
        tally.wrong += _wrong_around(hired, far_end)
    return tally


class Looking:
    """Looks at the database between a death and the next start, when nothing runs."""

    def __init__(self, hired: Crew, far_end: FarEnd) -> None:
        self._hired, self._far_end = hired, far_end
        self._since = 0  # all rows before this id are final and were looked at
        self._earlier: set[str] = set()

    def wrong_now(self) -> list[str]:
        left = self._hired.left(since=self._since)
        wrong = judge_before_restart(left, self._far_end.seen, earlier=self._earlier)
        if not self._hired.is_intact():
            wrong.append("integrity_check")
        self._earlier |= {row.marker for row in left.rows}
        unfinished = [row.id for row in left.rows if row.state not in FINAL]
        self._since = min(unfinished, default=max((row.id for row in left.rows), default=self._since))
        return wrong


def _end(hired: Crew, name: str, tally: Tally, **options: bool) -> None:
    """Let a sender end what is there."""
    code = hired.start(name, launch=0, **options).wait()
    if code != 0:
        tally.wrong.append(f"{name} ended with {code}")


def _one_round(
    hired: Crew, name: str, chance: random.Random, tally: Tally, *, stops: float, delay_ms: int | None
) -> None:
    sender = hired.start(name, launch=AT_ONCE, delay_ms=delay_ms)
    if chance.random() < 0.9:
        sender.wait_until_ready()
    time.sleep(chance.uniform(0, LONGEST_LIFE_S))
    if chance.random() < stops:
        code = sender.terminate()
        tally.stops += 1
        if code != 0:
            tally.wrong.append(f"{name} ended with {code} on SIGTERM")
    else:
        sender.kill()
        tally.kills += 1


def _wrong_around(hired: Crew, far_end: FarEnd) -> list[str]:
    wrong = []
    if not hired.is_intact():
        wrong.append("integrity_check")
    for line in hired.lines:
        if line.get("orphans"):
            wrong.append(f"{line['name']}: in flight under a dead owner after its start: {line['orphans']}")
        if "failed" in line:
            wrong.append(f"{line['name']}: {line['failed']}")
    if far_end.strangers:
        wrong.append(f"{len(far_end.strangers)} requests without a whole marker")
    if hired.errors:
        wrong.append(f"logged: {hired.errors[-2000:]}")
    return wrong
