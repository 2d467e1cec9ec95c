"""Keys at rest: sealed for one row and one origin, opened nowhere else."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from cryptography.fernet import Fernet

from betaconsole.teams import master_key, sealing
from betaconsole.teams.sealing import NoMasterKey, Unreadable, fingerprint, seal, seal_factor, unseal, unseal_factor
from tests.faults.disks import fail_fsync_in_this_thread

KEY = "sk-ant-not-a-real-key-0123456789"
ROW = {"team_id": 1, "row_id": 7, "origin": "https://api.anthropic.com"}


@pytest.fixture
def keys(settings):
    """Set the master keys, newest first."""

    def use(*masters: bytes) -> None:
        settings.ENCRYPTION_KEYS = [master.decode() for master in masters]
        sealing._master_keys.cache_clear()

    yield use
    sealing._master_keys.cache_clear()


def test_a_sealed_key_opens_for_its_row_and_shows_nothing_of_itself():
    sealed = seal(KEY, **ROW)
    assert unseal(sealed, **ROW) == KEY
    assert KEY not in sealed
    assert seal(KEY, **ROW) != sealed


@pytest.mark.parametrize(
    "elsewhere",
    [{"team_id": 2}, {"row_id": 8}, {"origin": "https://evil.example"}, {"origin": "http://api.anthropic.com"}],
)
def test_a_sealed_key_copied_elsewhere_does_not_open(elsewhere):
    with pytest.raises(Unreadable, match="another connection") as refusal:
        unseal(seal(KEY, **ROW), **{**ROW, **elsewhere})
    assert KEY not in str(refusal.value)


@pytest.mark.parametrize(
    "damage", [lambda s: s[:-4] + "AAAA", lambda s: "v2" + s[2:], lambda s: "nonsense", lambda s: ""]
)
def test_a_damaged_seal_does_not_open(damage):
    with pytest.raises(Unreadable):
        unseal(damage(seal(KEY, **ROW)), **ROW)


def test_the_newest_master_key_seals_and_the_old_ones_still_open(keys):
    old, new = Fernet.generate_key(), Fernet.generate_key()
    keys(old)
    sealed = seal(KEY, **ROW)
    keys(new, old)
    assert unseal(sealed, **ROW) == KEY
    again = seal(KEY, **ROW)
    keys(new)
    assert unseal(again, **ROW) == KEY
    with pytest.raises(Unreadable, match="does not have"):
        unseal(sealed, **ROW)


def test_a_fingerprint_survives_a_new_master_key_and_tells_keys_apart(keys):
    old, new = Fernet.generate_key(), Fernet.generate_key()
    keys(old)
    first = fingerprint(KEY)
    keys(new, old)
    assert fingerprint(KEY) == first
    assert fingerprint(KEY + "x") != first
    keys(new)
    assert fingerprint(KEY) != first


def test_a_master_key_that_is_none_is_refused_without_being_shown(keys):
    keys(b"too-short-to-be-a-key")
    with pytest.raises(Unreadable) as refusal:
        seal(KEY, **ROW)
    assert "too-short" not in str(refusal.value)


def test_a_sealed_key_is_no_second_factor():
    assert unseal_factor(seal_factor("ABCD")) == "ABCD"
    with pytest.raises(Unreadable, match="none of a second factor"):
        unseal_factor(seal(KEY, **ROW))


def test_a_file_that_holds_no_master_key_is_not_taken_for_a_missing_one(settings, tmp_path, keys):
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"
    settings.ENCRYPTION_KEYS_FILE.write_text(" ,\n")
    keys()
    with pytest.raises(Unreadable, match="holds no master key") as refusal:
        seal(KEY, **ROW)
    assert not isinstance(refusal.value, NoMasterKey)


def test_the_master_key_lies_outside_the_database_for_its_owner_only(settings, tmp_path, keys):
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"
    keys()
    with pytest.raises(NoMasterKey, match="There is no master key at"):
        seal(KEY, **ROW)
    assert not settings.ENCRYPTION_KEYS_FILE.exists()
    sealing.make_master_key()
    sealed = seal(KEY, **ROW)
    assert settings.ENCRYPTION_KEYS_FILE.stat().st_mode & 0o777 == 0o600
    sealing._master_keys.cache_clear()
    assert unseal(sealed, **ROW) == KEY


def test_of_many_that_start_at_once_one_makes_the_master_key(settings, tmp_path, keys):
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"
    keys()
    at_once = Barrier(8)

    def make(_: int) -> bool:
        at_once.wait(60)
        try:
            sealing.make_master_key()
        except FileExistsError:
            assert len(settings.ENCRYPTION_KEYS_FILE.read_bytes()) == 44  # whole, whoever made it
            return False
        return True

    with ThreadPoolExecutor(8) as others:
        assert sum(others.map(make, range(8))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["encryption.key"]


def test_a_master_key_is_made_on_a_file_system_without_hard_links_too(settings, tmp_path, keys, monkeypatch):
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"
    keys()
    monkeypatch.setattr(os, "link", refuse)
    sealing.make_master_key()
    assert [path.name for path in tmp_path.iterdir()] == ["encryption.key"]
    assert settings.ENCRYPTION_KEYS_FILE.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        sealing.make_master_key()
    assert unseal(seal(KEY, **ROW), **ROW) == KEY


def refuse(*_: object) -> None:
    raise PermissionError("no hard links here")


@pytest.mark.django_db
def test_a_place_for_the_master_key_that_leads_nowhere_is_told_and_not_taken_for_one(settings, tmp_path, keys):
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"
    settings.ENCRYPTION_KEYS_FILE.symlink_to(tmp_path / "not" / "mounted")
    keys()
    with pytest.raises(NoMasterKey):
        master_key.ensure()


def test_a_master_key_that_a_power_cut_would_lose_is_none(settings, tmp_path):
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"

    def on_a_failing_disk() -> None:
        fail_fsync_in_this_thread()
        with pytest.raises(OSError, match="Input/output error"):
            sealing.make_master_key()

    with ThreadPoolExecutor(1) as other:
        other.submit(on_a_failing_disk).result()
    assert not settings.ENCRYPTION_KEYS_FILE.exists()
