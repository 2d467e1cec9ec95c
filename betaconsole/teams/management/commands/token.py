"""`manage.py token`: a bearer token for the JSON API."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from betaconsole.storage.upgrading import upgrade
from betaconsole.teams.models import ApiToken
from betaconsole.teams.solo import set_up_solo


class Command(BaseCommand):
    help = "Make a bearer token for the JSON API and print it, this once: only its digest is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the token is for, such as 'nightly job'")

    def handle(self, *args: Any, **options: Any) -> None:
        upgrade()
        owner = set_up_solo()
        _, secret = ApiToken.issue(user=owner.user, team=owner.team, name=options["name"])
        self.stdout.write(secret)
