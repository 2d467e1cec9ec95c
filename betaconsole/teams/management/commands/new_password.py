"""`manage.py new_password`: back in for whoever nobody else can help, such as the only owner."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from betaconsole.storage.upgrading import upgrade
from betaconsole.teams.accounts.entering import PASSWORD_LASTS
from betaconsole.teams.models import OneTimeLink, User


class Command(BaseCommand):
    help = "Print a link with which this person chooses a new password; it works once, for a day. Team mode only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="who signs in with it")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE != "team":
            raise CommandError("In solo mode nobody signs in. Set BETACONSOLE_MODE=team for this command too.")
        upgrade()
        person = User.objects.filter(email=options["email"].lower()).first()
        if person is None:
            raise CommandError(f"Nobody signs in as {options['email']}.")
        _, secret = OneTimeLink.issue(OneTimeLink.Kind.PASSWORD, lasts=PASSWORD_LASTS, person=person)
        self.stdout.write(settings.PUBLIC_URL + reverse("entering:new_password", args=[secret]))
