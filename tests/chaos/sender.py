"""A process that exists to be killed: a real engine on a real database, launching comparisons of eight columns.

`python -m tests.chaos.sender` prepares the database of its environment once and then forks: a child has its own
threads, locks and connections and dies like any process, but starts in milliseconds. It reads one JSON object per line
(`{"do": "start", …}`, `"wait"`, `"token"`, `"report"`) and answers each with one; children write lines of their own to the same
place. See `crew.py` for the other side.
"""

import contextlib
import json
import os
import random
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

LANES = 8
CASES = 2
KEY = "sk-ant-test-0123456789abcdef"
VERSION = "2026-10-21"


def say(**line: Any) -> None:
    # One write of less than PIPE_BUF bytes: lines of several processes do not mix.
    os.write(1, (json.dumps({"pid": os.getpid(), **line}) + "\n").encode())


# In the child ---------------------------------------------------------------------------------------------------------


def send(asked: dict[str, Any]) -> None:
    """Run an engine; launch comparisons until stopped, or (`launch` 0) only end what is there. Exit code 0 on SIGTERM.

    With `go_on` everything that waits after a restart is sent first; with `database_dies` the database may be away meanwhile.
    """
    from django.db import Error as DatabaseError
    from django.db import connection

    from betaconsole.runs.launching.launching import SendingDisabled
    from betaconsole.runs.models import Exchange
    from betaconsole.runs.sending import engine

    stopping: list[int] = []

    def on_term(signum: int, frame: FrameType | None) -> None:
        stopping.append(signum)
        engine.begin_stopping()

    signal.signal(signal.SIGTERM, on_term)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    chance = random.Random(asked["name"])
    options = {name: asked[name] for name in ("renew_s", "sweep_s") if name in asked}
    if "lease_s" in asked:
        options["lease"] = timedelta(seconds=asked["lease_s"])
    running = engine.start(**options)
    orphans = [worker for worker in _owners() if worker != running.worker]
    say(name=asked["name"], ready=True, worker=running.worker, orphans=orphans)
    if asked.get("go_on"):
        go_on_with_all()
    parent, launched = os.getppid(), 0
    while not stopping and os.getppid() == parent:
        try:
            if launched < asked.get("launch", 0) and Exchange.objects.queued().count() < LANES * CASES:
                launched += 1
                with contextlib.suppress(SendingDisabled):  # stopped between the look and the launch
                    name, cancels = f"{asked['name']}-{launched}", asked.get("cancels", 0.15)
                    launch_one(name, chance, cancels=cancels, delay_ms=asked.get("delay_ms"))
            elif launched == asked.get("launch", 0) and not Exchange.objects.unfinished().exists():
                break
        except DatabaseError:
            if not asked.get("database_dies"):
                raise
            connection.close()
        time.sleep(chance.uniform(0.005, 0.04))
    engine.stop(asked.get("stop_s", 1.0))
    say(name=asked["name"], ended=True)


def _owners() -> list[str]:
    from betaconsole.runs.models import Exchange

    return list(Exchange.objects.in_flight().values_list("worker", flat=True).distinct())


def go_on_with_all() -> None:
    """A person's word for every turn that was ready when its process died."""
    from betaconsole.runs.launching.continuing import go_on
    from betaconsole.runs.models import Wait
    from betaconsole.teams.solo import local_membership

    for wait in Wait.objects.order_by("pk"):
        go_on(wait.exchange, author=local_membership().user)


def launch_one(name: str, chance: random.Random, *, cancels: float, delay_ms: int | None = None) -> None:
    """A comparison of eight columns and two cases; a share of `cancels` is stopped soon, whole or one column of it.

    `delay_ms`: it has a tool stub, and this is how long that takes.
    """
    from betaconsole.claude import jsontext
    from betaconsole.runs.launching.launching import launch
    from betaconsole.runs.launching.planning import CasePlan, Plan, VariantPlan
    from betaconsole.runs.sending.cancelling import cancel
    from betaconsole.teams.models import Connection
    from betaconsole.teams.solo import local_membership

    member = local_membership()
    body = {"model": "claude-sonnet-5-5", "max_tokens": 64, "stream": True, "messages": []}
    columns = [
        # The marker differs in every exchange: `{{case}}` by case, the letter by column.
        VariantPlan(
            f"Column {letter}",
            (),
            VERSION,
            changes={"messages": [{"role": "user", "content": f"[[{{{{case}}}}-{letter}]]"}]},
        )
        for letter in "abcdefgh"
    ]
    cases = [CasePlan(f"case {number}", {"case": f"{name}.{number}"}) for number in range(CASES)]
    stubs = [] if delay_ms is None else [{"tool": "look", "result": "seen", "delay_ms": delay_ms}]
    plan = Plan(jsontext.loads(json.dumps(body)), columns, VERSION, title=name, cases=cases, tool_stubs=stubs)
    connection = Connection.objects.get(kind=Connection.Kind.KEY)
    comparison, _ = launch(plan, team=member.team, author=member.user, connection=connection)
    if chance.random() < cancels:
        time.sleep(chance.uniform(0, 0.2))
        cancel(comparison, variant=chance.choice([None, comparison.variants.all()[3]]))


# In the parent --------------------------------------------------------------------------------------------------------


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "betaconsole.settings"
    import django

    django.setup()
    from django.db import connections

    from betaconsole.runs.sending import engine  # noqa: F401 - imported once, here, for all children

    prepare(sys.argv[1])
    connections.close_all()
    say(prepared=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "start":
            say(started=asked["name"], child=fork(asked))
        elif asked["do"] == "wait":
            say(gone=asked["child"], status=os.waitpid(asked["child"], 0)[1])
        elif asked["do"] == "token":
            say(token=token())
            connections.close_all()
        else:
            Path(asked["path"]).write_text(json.dumps(report(asked["since"])))
            connections.close_all()
            say(reported=asked["path"])


def prepare(far_end: str) -> None:
    from betaconsole.storage.upgrading import upgrade
    from betaconsole.teams import master_key
    from betaconsole.teams.models import Connection
    from betaconsole.teams.solo import set_up_solo

    upgrade()
    master_key.ensure()
    owner = set_up_solo()
    made = Connection.objects.create(
        team=owner.team,
        author=owner.user,
        name="Far end",
        kind=Connection.Kind.KEY,
        base_url=far_end,
        max_in_flight=3 * LANES,
    )
    made.put_key(KEY)


def token() -> str:
    from betaconsole.teams.models import ApiToken
    from betaconsole.teams.solo import local_membership

    member = local_membership()
    return ApiToken.issue(user=member.user, team=member.team, name="chaos")[1]


def fork(asked: dict[str, Any]) -> int:
    # A stop may come at once: it waits until the child has its handler.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return child
    code = 1
    try:
        send(asked)
        code = 0
    except BaseException as error:
        say(name=asked["name"], failed=repr(error)[:500])
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def report(since: int) -> dict[str, Any]:
    """Every exchange from this id on and every comparison as stored; unfinished are comparisons that wait for nobody."""
    from betaconsole.runs.models import Comparison, Exchange, Segment, Wait

    rows = [
        {
            "id": exchange.pk,
            "request": exchange.request_body.data.decode() if exchange.request_body else "",
            "state": exchange.state,
            "worker": exchange.worker,
            "status": exchange.status,
            "failure_kind": exchange.failure_kind,
            "version": exchange.version,
            "text": exchange.text,
            "data": exchange.response_body.data.decode() if exchange.response_body else "",
        }
        for exchange in Exchange.objects.filter(pk__gte=since)
        .select_related("request_body", "response_body")
        .order_by("pk")
    ]
    waits = Wait.objects.select_related("body").order_by("pk")
    return {
        "rows": rows,
        "unfinished_comparisons": Comparison.objects.unfinished().filter(waits=None).count(),
        "segments": Segment.objects.count(),
        "waiting": [wait.body.data.decode() if wait.body else "" for wait in waits],
    }


if __name__ == "__main__":
    main()
