"""`manage.py restore FILE`: go back to a backup."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from betaconsole.runs.sending.engine import somebody_sends
from betaconsole.runs.sending.restored import held, holding
from betaconsole.storage import occupation
from betaconsole.storage.backup_files import Backup, BackupError
from betaconsole.storage.backups import bring_back, has_content, look_into, open_backup
from betaconsole.storage.backups_postgres import others_connected
from betaconsole.storage.health import Finding
from betaconsole.storage.upgrading import TooNew, UpgradeFailed, upgrade
from betaconsole.teams.key_health import lacks_master_key, seals_of, where_master_keys_are


class Command(BaseCommand):
    help = (
        "Put a file that `backup` made in the database's place and bring it up to date. Not while a console runs. The database"
        " that was there is kept beside it. What waited to be sent when the backup was made is not sent."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--replace", action="store_true", help="where there is a database already: set it aside")
        parser.add_argument(
            "--without-master-key", action="store_true", help="the master key is lost: what is sealed will never open"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].absolute()
        try:
            with occupation.alone():
                self._restore(path, may_replace=options["replace"], is_key_lost=options["without_master_key"])
        except (BackupError, occupation.Occupied) as error:
            raise CommandError(str(error)) from None

    def _restore(self, path: Path, *, may_replace: bool, is_key_lost: bool) -> None:
        _check_that_nobody_uses_it()
        copy = open_backup(path)
        self._say(list(look_into(copy)), are_needed=True)
        self._say(_seals(copy), are_needed=False)
        if lacks_master_key(copy) and not is_key_lost:
            raise BackupError(
                f"There is no master key at {where_master_keys_are()}. Bring the one that the backup was sealed under there"
                " first; --without-master-key where it is lost. Nothing was changed."
            )
        if has_content() and not may_replace:
            raise BackupError("There is a database already. With --replace it is set aside, and kept.")
        aside = bring_back(path, held_by=holding(copy))
        self.stdout.write(
            f"{path} is the database now. What was revoked, erased, removed or deleted since then is back: API tokens,"
            " public links, invitations, members, old passwords, keys, history. Look through them before others sign in."
        )
        if aside:
            self.stdout.write(f"The one that was there is kept: {aside}")
        try:
            upgrade()
        except (UpgradeFailed, TooNew) as error:
            raise CommandError(f"{error} What waited in it will not be sent.") from None
        if waited := held():
            what = "request that waited" if waited == 1 else "requests that waited"
            self.stdout.write(f"{waited:,} {what} in it will not be sent: since then they may have been.")

    def _say(self, findings: Iterable[Finding], *, are_needed: bool) -> None:
        findings = list(findings)
        for finding in findings:
            self.stdout.write(finding.as_text())
        if are_needed and not all(finding.is_well for finding in findings):
            raise BackupError("Nothing was changed.")


def _seals(copy: Backup) -> list[Finding]:
    return list(seals_of(copy))


def _check_that_nobody_uses_it() -> None:
    if somebody_sends():
        raise BackupError("A console runs on this data folder. Stop it first.")
    if connection.vendor == "postgresql" and (others := others_connected()):
        raise BackupError(f"{others} other session{'s' * (others > 1)} use this database. Stop every console first.")
