"""Every key that a test gives a console is a canary: when that console ends the key is looked for in its database, its output
and its data folder, and found in the sealed column only, where it cannot be read.

Keys that are no longer than a word are left out: they stand elsewhere by chance.
"""

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from betaconsole.storage.fields import unpack

SHORTEST = 20
DATABASE = "betaconsole.sqlite3"


def forms(key: str) -> dict[str, bytes]:
    """The key as it might be written down: base64 at each of its three alignments, and the rest."""
    data = key.encode()
    found = {"plain": data, "hex": data.hex().encode(), "url": quote(key, safe="").encode(), "reversed": data[::-1]}
    for skip in range(3):
        # Only the part that is the same whatever stands before and after.
        inner = data[skip : len(data) - (len(data) - skip) % 3]
        found[f"base64 at {skip}"] = base64.b64encode(inner)
        found[f"base64url at {skip}"] = base64.urlsafe_b64encode(inner)
    return found


def everything_stored(database: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, unpacked where it is stored packed."""
    with closing(sqlite3.connect(database)) as store:
        store.text_factory = bytes
        tables = [name.decode() for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in store.execute(f'select * from "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield table, value
                        yield table, _unpacked(value)


def check_console(data: Path, environment: Mapping[str, str]) -> None:
    """A console on this folder has ended: none of its keys is anywhere in it."""
    keys = _sealed_in(data) | {environment.get("ANTHROPIC_API_KEY", "")}
    assert_nowhere(keys, data, data / DATABASE)


def assert_nowhere(keys: Iterable[str], folder: Path, database: Path | None) -> None:
    wanted = [(key[:8], how, form) for key in keys if len(key) >= SHORTEST for how, form in forms(key).items()]
    if not wanted:
        return
    seen = [(path.name, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    stored = list(everything_stored(database)) if database is not None and database.exists() else []
    found = {(place, key, how) for place, data in (*seen, *stored) for key, how, form in wanted if form in data}
    assert not found, f"keys were found outside the sealed column: {sorted(found)}"


def _sealed_in(data: Path) -> set[str]:
    """The keys that a console's connections have, opened with its master key."""
    if not (data / DATABASE).exists() or not (data / "encryption.key").exists():
        return set()
    masters = MultiFernet([Fernet(line) for line in (data / "encryption.key").read_text().replace(",", "\n").split()])
    with closing(sqlite3.connect(data / DATABASE)) as store:
        sealed = [row[0] for row in store.execute("select sealed_key from teams_connection where sealed_key <> ''")]
    opened = set()
    for text in sealed:
        with suppress(InvalidToken, IndexError):  # a test damaged the seal, or lost its master key
            opened.add(str(json.loads(masters.decrypt(text.split(":", 2)[2].encode()))["k"]))
    return opened


def _unpacked(value: bytes) -> bytes:
    try:
        return unpack(value)
    except zlib.error:
        return b""
