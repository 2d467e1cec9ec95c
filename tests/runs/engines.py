"""A running engine, and comparisons for it to run, against a scripted upstream or the simulator."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections

from betaconsole.claude import jsontext
from betaconsole.runs.launching.launching import launch
from betaconsole.runs.launching.planning import CasePlan, Plan, VariantPlan
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending import engine
from betaconsole.teams.models import Connection, Membership

VERSION = "2026-10-21"
KEY = "sk-ant-test-0123456789abcdef"


@contextmanager
def running(**options: Any) -> Iterator[engine.Engine]:
    """This process's engine, stopped and drained at the end."""
    running_engine = engine.start(**options)
    try:
        yield running_engine
    finally:
        engine.stop(timeout_s=15)  # what is left over would hold the tables that are emptied next
        connections.close_all()


def connection_to(owner: Membership, url: str, **fields: Any) -> Connection:
    """A connection with a key to a scripted upstream."""
    made = Connection.objects.create(
        team=owner.team, author=owner.user, name="Upstream", kind=Connection.Kind.KEY, base_url=url, **fields
    )
    made.put_key(KEY)
    return made


def plan(betas: Sequence[Sequence[str]] = ((), ()), *, repeats: int = 1, stream: bool = True, **body: Any) -> Plan:
    """One column per list of betas."""
    text = jsontext.dumps(
        {
            "model": "claude-sonnet-5-5",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": "Say hello."}],
            "stream": stream,
            **body,
        }
    )
    variants = [VariantPlan(f"Column {index}", tuple(names), VERSION) for index, names in enumerate(betas)]
    return Plan(jsontext.loads(text), variants, VERSION, title="A test", cases=(CasePlan(),), repeats=repeats)


def run(owner: Membership, connection: Connection, asked: Plan, **options: Any) -> Comparison:
    comparison, _ = launch(asked, team=owner.team, author=owner.user, connection=connection, **options)
    return comparison


def wait_until_finished(comparison: Comparison, timeout_s: float = 120) -> list[Exchange]:
    """The comparison's exchanges once all are final: first ones by repeat, case and column, then as they were queued."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if Comparison.objects.filter(pk=comparison.pk).exclude(finished_at=None).exists():
            return in_columns(comparison)
        time.sleep(0.02)
    states = list(comparison.exchanges.order_by("pk").values_list("state", flat=True))
    raise AssertionError(f"not finished after {timeout_s} s: {states}")


def in_columns(comparison: Comparison) -> list[Exchange]:
    """Its exchanges: first ones by repeat, case and column, in whatever order they were drawn; then as they were queued."""
    found = comparison.exchanges.select_related("variant", "case").order_by("pk")

    def place(one: Exchange) -> tuple[int, ...]:
        is_first = one.turn == one.attempt == 1
        return (0, one.repeat, one.case.position, one.variant.position) if is_first else (1, one.pk)

    return sorted(found, key=place)


def wait_for(condition: Any, timeout_s: float = 40, what: str = "the condition") -> Any:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come about in {timeout_s} s")
