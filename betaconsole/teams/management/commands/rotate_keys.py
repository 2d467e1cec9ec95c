"""`manage.py rotate_keys`: every stored key sealed anew under the newest master key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from betaconsole.storage.upgrading import upgrade
from betaconsole.teams.rotating import rotate
from betaconsole.teams.sealing import Unreadable, check_master_keys


class Command(BaseCommand):
    help = (
        "Seal every stored API key anew under the newest master key. Put the new master key in front of the old ones "
        "(BETACONSOLE_ENCRYPTION_KEYS, or its file), restart, run this, take the old ones away, restart, run it once more. "
        "Stopping it loses nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        upgrade()
        try:
            check_master_keys()
        except Unreadable as problem:
            raise CommandError(str(problem)) from None
        counts = rotate()
        self.stdout.write(f"{counts.anew:,} sealed anew, {counts.current:,} stood under the newest master key already.")
        for line in counts.unreadable:
            self.stdout.write(f"✕ {line}")
        if counts.unreadable:
            raise CommandError(
                f"{len(counts.unreadable):,} cannot be opened: give back the master key they were sealed under, or paste "
                "those keys again."
            )
