"""`manage.py purge`: remove for good what was deleted in history more than a day ago."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from betaconsole.runs.history.keeping import purge


class Command(BaseCommand):
    help = "Remove comparisons that were deleted more than a day ago, with every body that nothing else has. For a daily job."

    def handle(self, *args: Any, **options: Any) -> None:
        gone = 0
        while done := purge(now=timezone.now()):
            gone += done
        self.stdout.write(f"{gone:,} comparisons removed.")
