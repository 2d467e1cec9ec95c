"""`manage.py backup FILE`: the database in one file, while the console runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from betaconsole.storage.backup_files import BackupError
from betaconsole.storage.backups import back_up, look_into, open_backup
from betaconsole.teams.key_health import seals_of, where_master_keys_are


class Command(BaseCommand):
    help = (
        "Copy the database, which is everything the console keeps but the master keys, into a new file, and open that file"
        " to see that it is whole. The console may run and send meanwhile. Exit code 1 where there is no good backup."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="where to; nothing may be there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].absolute()
        try:
            back_up(path)
            copy = open_backup(path)
            findings = [*look_into(copy), *seals_of(copy)]
        except BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{path}, {path.stat().st_size / 1e6:,.1f} MB, its owner's alone")
        for finding in findings:
            self.stdout.write(finding.as_text())
        self.stdout.write(
            f"Not in it: the master keys ({where_master_keys_are()}). Keep a copy of them in another place than the backups:"
            " without them every stored API key must be pasted again."
        )
