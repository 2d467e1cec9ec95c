"""`manage.py doctor`: whether the console is in order, line by line, and what to do where it is not."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from betaconsole.runs.sending.health import look_at_sending
from betaconsole.storage.health import Finding, look_at_storage
from betaconsole.teams.key_health import look_at_keys

WORSE = ("ok", "warn", "fail")


class Command(BaseCommand):
    help = (
        "Look whether the console is in order: data folder, disk, database, migrations, clock, keys and their seals, engines, "
        "what was left behind. Changes nothing, and may be asked while the console runs. Exit code 1 where something is wrong; "
        "what is marked with ! can wait."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        levels = self._tell_programs() if options["json"] else self._tell_people()
        if "fail" in levels:
            sys.exit(1)

    def _tell_people(self) -> list[str]:
        levels = []
        for finding in self._findings():
            self.stdout.write(finding.as_text())
            levels.append(finding.level)
        if wrong := levels.count("fail"):
            self.stdout.write(f"{wrong} thing{'s' * (wrong > 1)} to look at.")
        return levels

    def _tell_programs(self) -> list[str]:
        """`{"level", "findings": [{"subject", "level", "said", "todo"}]}`; the level is the worst of all."""
        found = list(self._findings())
        levels = [finding.level for finding in found]
        lines = [
            {"subject": one.subject, "level": one.level, "said": one.said, "todo": one.todo or None} for one in found
        ]
        worst = max(levels, key=WORSE.index)
        self.stdout.write(json.dumps({"level": worst, "findings": lines}, ensure_ascii=False, indent=1))
        return levels

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
