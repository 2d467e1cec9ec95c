"""`manage.py simulator`: the simulated API over HTTP, for any client."""

from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from betaconsole.runs.sending.simulated import simulator


class Command(BaseCommand):
    help = "Serve the simulated Claude API over HTTP on loopback until Ctrl-C; any key is accepted."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="the port; without it any free one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            door = simulator().serve(port=options["port"])
        except (OSError, OverflowError) as error:
            raise CommandError(f"Cannot listen on port {options['port']}: {error}") from None
        with door, suppress(KeyboardInterrupt):
            self.stdout.write(f"The simulated API is at {door.url} (Ctrl-C ends it)")
            self.stdout.flush()
            door.serve_forever()
