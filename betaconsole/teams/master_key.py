"""Seeing to it that there is a master key, and never making a second one where seals wait for the first."""

from contextlib import suppress

from django.conf import settings

from . import sealing, second_factors
from .models import Connection


class MasterKeyGone(sealing.Unreadable):
    """Something is sealed, and there is no master key; the message says what a person can do."""


def ensure(*, gives_up_seals: bool = False) -> None:
    """Make a master key where there is none and nothing is sealed yet, or what is sealed is given up.

    Else raises `MasterKeyGone`, or `Unreadable` where what is there is no master key.
    """
    if sealing.has_master_keys():
        sealing.check_master_keys()
        return
    if not gives_up_seals and (waiting := _sealed()):
        raise MasterKeyGone(_said(waiting))
    with suppress(FileExistsError):  # another process that starts in this moment was quicker
        sealing.make_master_key()
    sealing.check_master_keys()


def _sealed() -> dict[str, list[str]]:
    """What is sealed, by what it is."""
    keys = Connection.objects.exclude(sealed_key="").values_list("sealed_key", flat=True)
    secrets = [secret for factor in second_factors.kept() for secret in second_factors.secrets_of(factor.data)[:1]]
    found = {"API key": list(keys), "second factor": [one for one in secrets if sealing.is_sealed(one)]}
    return {what: seals for what, seals in found.items() if seals}


def _said(waiting: dict[str, list[str]]) -> str:
    what = " and ".join(f"{len(seals):,} {what}{'s' * (len(seals) > 1)}" for what, seals in waiting.items())
    under = " and ".join(sorted({sealing.key_id_of(seal) for seals in waiting.values() for seal in seals}))
    return (
        f"There is no master key at {settings.ENCRYPTION_KEYS_FILE}, and the database holds {what} sealed under master key "
        f"{under}. Nothing was changed. Put that file back, or its content into BETACONSOLE_ENCRYPTION_KEYS, and start again. "
        "Only where it is lost for good: manage.py serve --without-master-key makes a new one, and what is sealed is to be "
        "pasted or set up again."
    )
