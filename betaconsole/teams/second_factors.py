"""The secrets of second factors in allauth's table: which are sealed and open, and sealing them anew.

A code generator has one secret, recovery codes have one they are drawn from, or each its own. Passkeys have none.
"""

from collections.abc import Callable, Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from . import sealing

FIELDS = ("secret", "seed")
CODES = "migrated_codes"


def kept() -> Iterator[Authenticator]:
    """Every row that has a secret."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    yield from Authenticator.objects.filter(type__in=kinds).select_related("user").order_by("pk").iterator()


def secrets_of(data: dict[str, Any]) -> list[str]:
    """The secrets of a row as they are stored."""
    return [*(str(data[name]) for name in FIELDS if name in data), *map(str, data.get(CODES, ()))]


def is_current(data: dict[str, Any]) -> bool:
    """Whether all of them are sealed under the newest master key."""
    return all(sealing.is_sealed(one) and sealing.is_current(one) for one in secrets_of(data))


def sealed_anew(data: dict[str, Any]) -> dict[str, Any]:
    """The row's data with every secret sealed under the newest master key. Raises `sealing.Unreadable`."""
    return _each(data, lambda one: sealing.seal_factor(sealing.unseal_factor(one) if sealing.is_sealed(one) else one))


def check(data: dict[str, Any]) -> None:
    """Raises `sealing.Unreadable` where one of them does not open."""
    for one in secrets_of(data):
        if sealing.is_sealed(one):
            sealing.unseal_factor(one)


@transaction.atomic
def seal_again(key: int) -> bool:
    """Seal the row with this key anew; whether it was needed. Raises `sealing.Unreadable`."""
    row = Authenticator.objects.select_for_update().filter(pk=key).first()
    if row is None or is_current(row.data):
        return False
    row.data = sealed_anew(row.data)
    row.save(update_fields=["data"])
    return True


def _each(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    changed = {name: change(str(data[name])) for name in FIELDS if name in data}
    codes = {CODES: [change(str(one)) for one in data[CODES]]} if CODES in data else {}
    return {**data, **changed, **codes}
