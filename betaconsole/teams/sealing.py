"""API keys, and the secrets of second factors, at rest: sealed under a master key that lives outside the database.

A sealed key is `v1:<master key id>:<Fernet token>`. The plaintext names the team, the row and the origin it was
sealed for, and all are compared after decryption: a ciphertext copied to another row opens nothing (Fernet has no
associated data of its own).
"""

import base64
import hashlib
import hmac
import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from betaconsole.web.redaction import remember

FACTOR = "second factor"


class Unreadable(Exception):
    """A sealed key that this process cannot open; the message says why and never shows the key."""


class NoMasterKey(Unreadable):
    """There is no master key at all. None is made on the way: `master_key.ensure` decides whether one may be."""


@sensitive_variables()
def seal(key: str, *, team_id: int, row_id: int, origin: str) -> str:
    """`key` sealed for one row and one origin."""
    remember(key)
    return _sealed({"k": key, "team": team_id, "row": row_id, "origin": origin})


@sensitive_variables()
def unseal(sealed: str, *, team_id: int, row_id: int, origin: str) -> str:
    """The key sealed for exactly this row and origin, else `Unreadable`."""
    content = _opened(sealed)
    if (content.get("team"), content.get("row"), content.get("origin")) != (team_id, row_id, origin):
        raise Unreadable("The stored key belongs to another connection.")
    key = str(content["k"])
    remember(key)
    return key


@sensitive_variables()
def seal_factor(secret: str) -> str:
    """The secret of somebody's second factor, sealed. It names no person: allauth asks for it before it knows the row."""
    return _sealed({FACTOR: secret})


@sensitive_variables()
def unseal_factor(sealed: str) -> str:
    """The secret that was sealed so, else `Unreadable`."""
    content = _opened(sealed)
    if FACTOR not in content:
        raise Unreadable("The stored secret is none of a second factor.")
    return str(content[FACTOR])


def is_sealed(text: str) -> bool:
    """Whether this is a sealed text; a secret of a second factor from before they were sealed has no colon."""
    return text.startswith("v1:")


def is_current(sealed: str) -> bool:
    """Whether this was sealed under the newest master key."""
    return sealed.split(":", 2)[1:2] == [_key_id(_master_keys()[0])]


def key_id_of(sealed: str) -> str:
    """The id of the master key that this was sealed under, as it says itself."""
    return sealed.split(":", 2)[1] if sealed.count(":") > 1 else "unknown"


def key_ids() -> list[str]:
    """The ids of the master keys at hand, the newest first."""
    return [_key_id(master) for master in _master_keys()]


@sensitive_variables()
def fingerprint(key: str) -> str:
    """A stable mark of a key, to notice the same key twice; useless without the master key."""
    pepper = hashlib.sha256(b"betaconsole fingerprint" + _master_keys()[-1]).digest()
    return hmac.new(pepper, key.encode(), hashlib.sha256).hexdigest()


def has_master_keys() -> bool:
    """Whether there are any, without making one."""
    return bool(settings.ENCRYPTION_KEYS) or settings.ENCRYPTION_KEYS_FILE.exists()


def has_master_key_of(sealed: str) -> bool:
    """Whether the master key that this was sealed under is here, without making one."""
    return has_master_keys() and key_id_of(sealed) in key_ids()


def check_master_keys() -> None:
    """Raise `Unreadable` where there is no master key, or one is none, before anything needs it."""
    _master_keys()


@sensitive_variables()
def make_master_key() -> None:
    """The first one, in its file, where it survives a power cut like what is sealed under it. Raises `FileExistsError` where
    there is a file, which is then whole, and `OSError` where none can be kept."""
    path = settings.ENCRYPTION_KEYS_FILE
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # its owner's alone
    try:
        _write_new_key(handle)
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        _make_without_link(path)
    finally:
        os.unlink(draft)
    folder = os.open(path.parent, os.O_RDONLY)
    with suppress(OSError):  # not every file system knows it for folders
        os.fsync(folder)
    os.close(folder)


def _write_new_key(handle: int) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(handle)


def _make_without_link(path: Path) -> None:
    """On a file system that knows no hard links, where somebody else may see the file before the key is in it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write_new_key(handle)
    except OSError:
        path.unlink()
        raise


@cache
@sensitive_variables()
def _master_keys() -> tuple[bytes, ...]:
    """Newest first: the newest seals, all of them open."""
    given = [key.strip() for key in settings.ENCRYPTION_KEYS if key.strip()]
    if not given:
        path = settings.ENCRYPTION_KEYS_FILE
        if not path.exists():
            raise NoMasterKey(f"There is no master key at {path}.")
        given = [key.strip() for key in path.read_text().replace("\n", ",").split(",") if key.strip()]
        if not given:
            raise Unreadable(f"{path} holds no master key.")
    return tuple(_checked(key) for key in given)


@sensitive_variables()
def _checked(key: str) -> bytes:
    try:
        Fernet(key)
    except ValueError:
        raise Unreadable("BETACONSOLE_ENCRYPTION_KEYS: a master key is 32 bytes of url-safe base64.") from None
    return base64.urlsafe_b64encode(base64.urlsafe_b64decode(key))


@sensitive_variables()
def _sealed(content: dict[str, Any]) -> str:
    master = _master_keys()[0]
    return f"v1:{_key_id(master)}:{Fernet(master).encrypt(json.dumps(content).encode()).decode()}"


@sensitive_variables()
def _opened(sealed: str) -> dict[str, Any]:
    try:
        version, key_id, token = sealed.split(":", 2)
    except ValueError:
        raise Unreadable("The stored key is damaged. Paste the key again.") from None
    master = next((master for master in _master_keys() if _key_id(master) == key_id), None)
    if version != "v1" or master is None:
        raise Unreadable(f"The key was sealed under master key {key_id}, which this console does not have.")
    try:
        content: dict[str, Any] = json.loads(Fernet(master).decrypt(token.encode()))
    except InvalidToken:
        raise Unreadable("The stored key is damaged. Paste the key again.") from None
    return content


@sensitive_variables()
def _key_id(master: bytes) -> str:
    return hashlib.sha256(master).hexdigest()[:8]
