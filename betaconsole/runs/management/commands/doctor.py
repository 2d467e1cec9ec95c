"""`manage.py doctor`: whether the console is in order, line by line, and what to do where it is not."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from betaconsole.runs.sending.health import look_at_sending
from betaconsole.storage.health import Finding, look_at_storage
from betaconsole.teams.key_health import look_at_keys


class Command(BaseCommand):
    help = (
        "Look whether the console is in order: data folder, disk, database, migrations, clock, keys and their seals, engines, "
        "stored bodies. Changes nothing, and may be asked while the console runs. Exit code 1 where something is wrong."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for finding in self._findings():
            self.stdout.write(finding.as_text())
            wrong += finding.level == "fail"
        if wrong:
            self.stdout.write(f"{wrong} thing{'s' * (wrong > 1)} to look at.")
            sys.exit(1)

    def _findings(self) -> Iterator[Finding]:
        path = Path(connection.settings_dict["NAME"])
        if connection.vendor == "sqlite" and not path.exists():
            yield Finding("Database", f"There is none at {path} yet.", "Start the console once: it makes it.")
            return
        for look in (look_at_storage, look_at_keys, look_at_sending):
            yield from _guarded(look)


def _guarded(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What cannot be asked of the database, since a table or a column is missing, is a line of its own."""
    try:
        yield from look()
    except DatabaseError as error:
        subject = look.__name__.removeprefix("look_at_").capitalize()
        yield Finding(
            subject, f"It cannot be read from the database ({type(error).__name__}).", "Mend the lines above first."
        )
