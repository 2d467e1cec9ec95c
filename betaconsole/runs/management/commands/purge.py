"""`manage.py purge`: remove for good what was deleted in history more than a day ago, and what teams keep no longer."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from betaconsole.runs.history.purging import purge


class Command(BaseCommand):
    help = (
        "Remove comparisons that were deleted more than a day ago or are older than their team keeps its history, with"
        " every body that nothing else has. The console does so by itself every few minutes; this does it at once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        gone = purge(timezone.now())
        self.stdout.write(f"{gone:,} comparison{'' if gone == 1 else 's'} removed.")
