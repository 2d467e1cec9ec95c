"""What looks for keys after every console of the suite does find one that lies about."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from betaconsole.storage.fields import pack
from tests import canaries

KEY = "sk-ant-made-up-for-this-file-only-0123456789"


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What a console leaves behind that has this key."""
    master = Fernet.generate_key()
    (tmp_path / "encryption.key").write_bytes(master)
    sealed = f"v1:id:{Fernet(master).encrypt(json.dumps({'k': KEY}).encode()).decode()}"
    with closing(sqlite3.connect(tmp_path / canaries.DATABASE)) as store, store:
        store.execute("create table teams_connection (sealed_key text)")
        store.execute("create table note (data blob)")
        store.execute("insert into teams_connection values (?)", [sealed])
    return tmp_path


def test_a_sealed_key_alone_is_no_leak(left):
    canaries.check_console(left, {})


@pytest.mark.parametrize("form", ["plain", "hex", "base64 at 1", "reversed"])
def test_a_key_in_a_packed_column_is_found(left, form):
    data = b" before " * 40 + canaries.forms(KEY)[form] + b" after"
    with closing(sqlite3.connect(left / canaries.DATABASE)) as store, store:
        store.execute("insert into note values (?)", [pack(data)])
    with pytest.raises(AssertionError, match="note"):
        canaries.check_console(left, {})


def test_a_key_in_a_log_and_one_from_the_environment_are_found(left):
    (left / "output.txt").write_text(f"x-api-key: {KEY[::-1]}")
    with pytest.raises(AssertionError, match=r"output\.txt"):
        canaries.check_console(left, {})
    (left / "output.txt").write_text("another-key-of-no-known-shape")
    with pytest.raises(AssertionError, match=r"output\.txt"):
        canaries.check_console(left, {"ANTHROPIC_API_KEY": "another-key-of-no-known-shape"})
