"""Another e-mail for a person. Nothing is mailed, so nobody can verify it: whoever asks has proved to be the person, or runs
the console."""

from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest

from betaconsole.teams.audit import record_person
from betaconsole.teams.models import User


@transaction.atomic
def change_email(user: User, email: str, *, request: HttpRequest | None) -> None:
    """From now on the person signs in with this address, which nobody else has. `request`: None from the command line."""
    before, user.email = user.email, email
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).exclude(primary=True).delete()
    EmailAddress.objects.update_or_create(user=user, primary=True, defaults={"email": email, "verified": False})
    record_person(request, user, "e-mail changed", about=f"from {before}")
