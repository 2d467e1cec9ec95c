"""`manage.py reparse`: rebuild what is derived from the stored bytes of responses."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from betaconsole.runs.models import Exchange
from betaconsole.runs.sending.reparsing import Counts, next_batch, reparse
from betaconsole.runs.states import FINAL


class Command(BaseCommand):
    help = (
        "Read stored responses again and rebuild the columns derived from them (text, message, usage, cost, errors). "
        "States and bytes never change; stopping it loses nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--exchange", metavar="ID", help="only this one, by the id in its address")
        which.add_argument("--all", action="store_true", help="every exchange that ended and has a response")
        parser.add_argument("--after", type=int, default=0, metavar="NUMBER", help="go on where a stopped --all was")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = Counts(last_id=options["after"])
        if options["all"]:
            self._reparse_all(counts)
        else:
            reparse([_exchange(options["exchange"])], counts)
        other = f", {counts.other} read as another state than stored (their states stay)" if counts.other else ""
        self.stdout.write(f"{counts.read:,} read, {counts.changed:,} changed{other}.")

    def _reparse_all(self, counts: Counts) -> None:
        try:
            while batch := next_batch(after=counts.last_id):
                reparse(batch, counts)
                self.stdout.write(f"{counts.read:,} read, {counts.changed:,} changed ...")
        except KeyboardInterrupt:
            self.stdout.write(f"Stopped. To go on: manage.py reparse --all --after {counts.last_id}")


def _exchange(public_id: str) -> Exchange:
    found = Exchange.objects.select_related("response_body").filter(public_id=public_id).first()
    if found is None:
        raise CommandError(f"There is no exchange {public_id}.")
    if found.state not in FINAL or found.response_body is None:
        raise CommandError(f"Exchange {public_id} has no stored response to read (state {found.state}).")
    return found
