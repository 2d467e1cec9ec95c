"""Sealing every stored key, and every secret of a second factor, anew under the newest master key."""

from dataclasses import dataclass, field

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from . import sealing, second_factors
from .models import Connection


@dataclass
class Counts:
    """`anew` keys were sealed again, `current` stood under the newest master key already; why others cannot be opened."""

    anew: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate() -> Counts:
    """Seal each key anew that is not under the newest master key. Stopped half way, the next one goes on where it was.

    Fingerprints are renewed with the seals: they hang on the oldest master key, and an old one may be gone by now.
    """
    counts = Counts()
    for connection_id in Connection.objects.exclude(sealed_key="").order_by("pk").values_list("pk", flat=True):
        _rotate_one(connection_id, counts)
    for factor in second_factors.kept():
        try:
            is_anew = second_factors.seal_again(factor.pk)
        except sealing.Unreadable as problem:
            counts.unreadable.append(f"second factor of {factor.user}: {problem}")
            continue
        counts.anew += is_anew
        counts.current += not is_anew
    return counts


@transaction.atomic
@sensitive_variables("key")
def _rotate_one(connection_id: int, counts: Counts) -> None:
    # Locked: a key that is replaced at this moment must not come back.
    locked = Connection.objects.select_for_update(of=("self",)).exclude(sealed_key="").select_related("team")
    connection = locked.filter(pk=connection_id).first()
    if connection is None:
        return
    try:
        key = connection.stored_key().reveal()
    except sealing.Unreadable as problem:
        counts.unreadable.append(f"{connection.name} ({connection.team}): {problem}")
        return
    if sealing.is_current(connection.sealed_key) and connection.key_fingerprint == sealing.fingerprint(key):
        counts.current += 1
        return
    connection.seal_key(key)
    counts.anew += 1
