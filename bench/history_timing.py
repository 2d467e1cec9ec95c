"""`python -m bench.history_timing N`: in the database of the environment, lists of a history of at least N exchanges, timed.

Seeds what is missing; prints one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable

from bench.figures import percentile

ROUNDS = 15
# What is asked for, its bar in ms, and the queries it stands for: common and rare, alone and together.
ASKED = (
    ("first page", 50, ("",)),
    (
        "filter",
        80,
        ("beta:context-1m", "state:failed model:opus", "status:529 by:bo", "cost:>0.5", "outcome:refused", "after:7d"),
    ),
    (
        "search",
        150,
        ("refund", "quartzfinch", "refund state:failed", '"the refund was approved"', "overloaded status:529"),
    ),
)


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "betaconsole.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from betaconsole.runs.history.listing import history
    from betaconsole.runs.history.seeding import SMALL_TEAM
    from betaconsole.runs.history.seeding_rows import size_bytes
    from betaconsole.runs.models import Comparison, Exchange
    from betaconsole.teams.models import Membership
    from betaconsole.teams.solo import set_up_solo

    there, wanted = Exchange.objects.count(), int(sys.argv[1])
    if there < wanted:
        call_command("seed", exchanges=wanted - there, stdout=sys.stderr)
    big = set_up_solo()
    small = Membership.objects.get(team__name=SMALL_TEAM)
    timed = []
    for who, name in ((big, ""), (small, " of a team with 0.1 %")):
        for what, bar_ms, queries in ASKED:
            asks = [lambda q=query, who=who: history(who.user, who.team, query=q) for query in queries]
            timed.append({"what": what + name, "bar_ms": bar_ms, **_times(asks)})
    middle = max(2, (history(big.user, big.team).newest) // 2)
    timed.insert(1, {"what": "deep page", "bar_ms": 50, **_times([lambda: history(big.user, big.team, before=middle)])})
    limit = _times([lambda: Comparison.objects.filter(team=big.team, number=middle).first()])
    exchanges = Exchange.objects.count()
    told = {"exchanges": exchanges, "timed": timed, "limit_ms": limit["p50_ms"], "bytes": size_bytes() / exchanges}
    sys.stdout.write(json.dumps(told) + "\n")


def _times(asks: list[Callable[[], object]]) -> dict[str, float]:
    """Over all of them, each asked for `ROUNDS` times after one that does not count."""
    taken_ms, worked_ms = [], []
    for ask in asks:
        ask()
        for _ in range(ROUNDS):
            began, worked = time.perf_counter(), time.process_time()
            ask()
            taken_ms.append((time.perf_counter() - began) * 1000)
            worked_ms.append((time.process_time() - worked) * 1000)
    return {
        "best_ms": min(taken_ms),
        "p50_ms": percentile(taken_ms, 0.5),
        "p95_ms": percentile(taken_ms, 0.95),
        "cpu_p95_ms": percentile(worked_ms, 0.95),
    }


if __name__ == "__main__":
    main()
