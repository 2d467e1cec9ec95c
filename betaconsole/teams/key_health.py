"""Whether every stored key can be opened, and whether the master key is its owner's alone: part of `manage.py doctor`."""

from collections import Counter
from collections.abc import Iterator

from django.conf import settings

from betaconsole.storage.backup_files import Backup
from betaconsole.storage.backups import applied_in
from betaconsole.storage.health import Finding, owners_only

from . import sealing, second_factors
from .models import Connection


def look_at_keys() -> Iterator[Finding]:
    yield master_keys()
    yield secret_key()
    if sealing.has_master_keys():  # without one nothing opens
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
        return Finding("Master key file", "None yet: the first start makes it.")
    try:
        sealing.check_master_keys()
    except sealing.Unreadable as problem:
        return Finding("Master keys", str(problem), "Give back the key that was there.")
    return where


def said_at_start() -> str:
    """What whoever starts the console must know of seals that its master keys do not open; empty where all is well."""
    sealed = Connection.objects.exclude(sealed_key="").filter(archived_at=None).values_list("sealed_key", flat=True)
    lacking = Counter(sealing.key_id_of(one) for one in sealed)
    for known in sealing.key_ids():
        del lacking[known]
    if not lacking:
        return ""
    many, needed = sum(lacking.values()), " and ".join(sorted(lacking))
    return (
        f"{many} stored API key{'s' * (many > 1)} cannot be opened: sealed under master key {needed}, and this console has "
        f"{' and '.join(sealing.key_ids())}. Nothing is sent with {'them' if many > 1 else 'it'}, and nothing is lost: give "
        "that master key back (BETACONSOLE_ENCRYPTION_KEYS or its file) and start again, or paste the API key anew."
    )


def secret_key() -> Finding:
    path = settings.DATA_DIR / "secret.key"
    if not path.exists():
        return Finding("Secret key", "It comes from SECRET_KEY.")
    return owners_only("Secret key file", path, most=0o600)


def seals() -> Iterator[Finding]:
    """One line for all seals that open, and one for each that does not."""
    opened = old = strange = 0
    for connection in Connection.objects.exclude(sealed_key="").select_related("team").order_by("pk"):
        try:
            key = connection.stored_key().reveal()
        except sealing.Unreadable as problem:
            named = f"{connection.name} ({connection.team}): {problem}"
            yield Finding("Seal", named, "Paste that key again, or give back its master key.")
            continue
        opened += 1
        is_current = sealing.is_current(connection.sealed_key)
        old += not is_current
        strange += is_current and connection.key_fingerprint != sealing.fingerprint(key)
    said = _opening(opened)
    if old:
        said += f" {old:,} under an older master key."
    if strange:  # a fingerprint hangs on the oldest master key
        said += f" {strange:,} with a fingerprint of a master key that was taken out since."
    yield Finding("Seals", said, "manage.py rotate_keys") if old or strange else Finding("Seals", said)


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


def where_master_keys_are() -> str:
    return "BETACONSOLE_ENCRYPTION_KEYS" if settings.ENCRYPTION_KEYS else str(settings.ENCRYPTION_KEYS_FILE)


def seals_of(copy: Backup) -> Iterator[Finding]:
    """Whether the keys in a backup open with the master keys of now."""
    rows = copy.select("teams_connection", ["id", "team_id", "name", "base_url", "sealed_key"])
    sealed = [row for row in rows if row[4]]
    opened = 0
    for row in sealed if sealing.has_master_keys() else ():
        try:
            _as_connection(*row).stored_key()
        except sealing.Unreadable as problem:
            yield Finding("Seal", f"{row[2]}: {problem}", "That key is to be pasted again.", warns=True)
        else:
            opened += 1
    if sealed and not sealing.has_master_keys():
        said = f"{len(sealed):,} stored keys, and no master key at {where_master_keys_are()}."
        yield Finding("Seals", said, "Bring it there, or those keys are to be pasted again.", warns=True)
    else:
        yield Finding("Seals", _opening(opened))


def lacks_master_key(copy: Backup) -> bool:
    """Whether something in a backup is sealed and there is no master key at all, neither its own nor another."""
    if sealing.has_master_keys():
        return False
    keys = [sealed for (sealed,) in copy.select("teams_connection", ["sealed_key"])]
    has_factors = ("mfa", "0001_initial") in applied_in(copy)
    factors = [data for (data,) in copy.select("mfa_authenticator", ["data"])] if has_factors else []
    return any(keys) or any('"v1:' in data for data in factors)


def _as_connection(pk: str, team_id: str, name: str, base_url: str, sealed_key: str) -> Connection:
    return Connection(pk=int(pk), team_id=int(team_id), name=name, base_url=base_url, sealed_key=sealed_key)


def _opening(opened: int) -> str:
    return f"{opened:,} stored key{'' if opened == 1 else 's'} open{'s' if opened == 1 else ''}."
