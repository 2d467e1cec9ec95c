"""Whether every stored key can be opened, and whether the master key is its owner's alone: part of `manage.py doctor`."""

from collections.abc import Iterator

from django.conf import settings

from betaconsole.storage.health import Finding, owners_only

from . import sealing, second_factors
from .models import Connection


def look_at_keys() -> Iterator[Finding]:
    yield master_keys()
    yield secret_key()
    yield from seals()
    yield from factors()


def master_keys() -> Finding:
    path = settings.ENCRYPTION_KEYS_FILE
    if settings.ENCRYPTION_KEYS:
        where = Finding("Master keys", "They come from BETACONSOLE_ENCRYPTION_KEYS.")
    elif path.exists():
        where = owners_only("Master key file", path, most=0o600)
    elif Connection.objects.exclude(sealed_key="").exists():
        return Finding("Master key file", f"{path} is not there.", "Bring it back: no stored key opens without it.")
    else:
        return Finding("Master key file", "None yet: the first stored key makes it.")
    try:
        sealing.check_master_keys()
    except sealing.Unreadable as problem:
        return Finding("Master keys", str(problem), "Give back the key that was there.")
    return where


def secret_key() -> Finding:
    path = settings.DATA_DIR / "secret.key"
    if not path.exists():
        return Finding("Secret key", "It comes from SECRET_KEY.")
    return owners_only("Secret key file", path, most=0o600)


def seals() -> Iterator[Finding]:
    """One line for all seals that open, and one for each that does not."""
    opened = old = 0
    for connection in Connection.objects.exclude(sealed_key="").select_related("team").order_by("pk"):
        try:
            key = connection.stored_key().reveal()
        except sealing.Unreadable as problem:
            named = f"{connection.name} ({connection.team}): {problem}"
            yield Finding("Seal", named, "Paste that key again, or give back its master key.")
            continue
        opened += 1
        old += not sealing.is_current(connection.sealed_key) or connection.key_fingerprint != sealing.fingerprint(key)
    said = f"{opened:,} stored key{'' if opened == 1 else 's'} open{'s' if opened == 1 else ''}."
    if old:
        yield Finding("Seals", f"{said} {old:,} under an older master key.", "manage.py rotate_keys")
    else:
        yield Finding("Seals", said)


def factors() -> Iterator[Finding]:
    """The same for the secrets of second factors; nothing where nobody has one."""
    opened = old = 0
    for factor in second_factors.kept():
        try:
            second_factors.check(factor.data)
        except sealing.Unreadable as problem:
            yield Finding(
                "Second factor", f"{factor.user}: {problem}", "Give back its master key: no code is right now."
            )
            continue
        opened += 1
        old += not second_factors.is_current(factor.data)
    said = f"{opened:,} second factor{'' if opened == 1 else 's'} can be checked."
    if old:
        yield Finding("Second factors", f"{said} {old:,} not under the newest master key.", "manage.py rotate_keys")
    elif opened:
        yield Finding("Second factors", said)
