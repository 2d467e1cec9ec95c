"""`manage.py seed --exchanges N`: a made-up history, for looking at full pages and for measuring them."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from betaconsole.runs.history.seeding import seed
from betaconsole.runs.history.seeding_rows import analyse, hurry, size_bytes


class Command(BaseCommand):
    help = "Add made-up, simulated comparisons to the history: a million exchanges take some minutes. Nothing is sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--exchanges", type=int, required=True, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        began, before = time.monotonic(), size_bytes()

        def said(made: int) -> None:
            if made % 30_000 < 3_000:
                self.stdout.write(f"{made:,} exchanges, {made / (time.monotonic() - began):,.0f}/s")

        hurry()
        made = seed(max(0, options["exchanges"]), said=said)
        seconds = time.monotonic() - began
        analyse()
        grown = size_bytes() - before
        per_exchange = f", {grown / made.exchanges:,.0f} bytes each" if made.exchanges else ""
        self.stdout.write(
            f"{made.exchanges:,} exchanges in {made.comparisons:,} comparisons, {made.exchanges / seconds:,.0f}/s{per_exchange} "
            f"(the database grew by {grown / 2**20:,.0f} MiB)."
        )
