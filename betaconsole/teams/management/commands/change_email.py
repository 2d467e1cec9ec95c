"""`manage.py change_email`: another address for somebody, by whoever runs the console."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from betaconsole.storage.upgrading import upgrade
from betaconsole.teams.accounts.changing import change_email
from betaconsole.teams.models import User


class Command(BaseCommand):
    help = "Let a person sign in with another e-mail. Team mode only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="who signs in with it now")
        parser.add_argument("new", help="the address from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE != "team":
            raise CommandError("In solo mode nobody signs in. Set BETACONSOLE_MODE=team for this command too.")
        upgrade()
        person = User.objects.filter(email=options["email"].lower()).first()
        if person is None:
            raise CommandError(f"Nobody signs in as {options['email']}.")
        new = options["new"].lower()
        try:
            validate_email(new)
        except ValidationError:
            raise CommandError(f"{options['new']} is no e-mail address.") from None
        if User.objects.filter(email=new).exists():
            raise CommandError(f"Somebody signs in as {new} already.")
        change_email(person, new, request=None)
        self.stdout.write(f"{person.name or 'That person'} signs in as {new} from now on.")
