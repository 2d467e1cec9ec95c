"""`manage.py rotate_keys`: every seal anew under the newest master key, and never a key on the screen."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db.models import F

from betaconsole.teams import sealing
from betaconsole.teams.key_health import seals
from betaconsole.teams.keys import keep_key
from betaconsole.teams.models import Connection

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
KEYS = ["sk-ant-rotating-first-0123456789", "sk-ant-rotating-second-0123456789"]


@pytest.fixture
def masters(settings):
    """Sets the master keys, newest first."""

    def use(*keys: bytes) -> None:
        settings.ENCRYPTION_KEYS = [key.decode() for key in keys]
        sealing._master_keys.cache_clear()

    yield use
    sealing._master_keys.cache_clear()


@pytest.fixture
def connections(masters, team, ann):
    old = Fernet.generate_key()
    masters(old)
    made = [keep_key(key, team=team, author=ann, name=key[7:22], base_url="https://api.anthropic.com") for key in KEYS]
    return old, made


def rotated(capsys) -> str:
    call_command("rotate_keys")
    said = capsys.readouterr().out
    assert not any(key in said for key in KEYS)
    return said


def test_after_a_rotation_the_old_master_key_is_not_needed_any_more(connections, masters, capsys):
    old, _ = connections
    new = Fernet.generate_key()
    masters(new, old)
    assert "2 under an older master key" in next(seals()).said
    assert "2 sealed anew, 0 stood" in rotated(capsys)
    assert "0 sealed anew, 2 stood" in rotated(capsys)
    assert next(seals()).is_well
    masters(new)
    assert [row.key().reveal() for row in Connection.objects.filter(kind="key").order_by("pk")] == KEYS
    # The fingerprints hung on the old key: the same key pasted twice must be noticed again.
    [left] = seals()
    assert (left.is_well, left.said) == (
        False,
        "2 stored keys open. 2 with a fingerprint of a master key that was taken out since.",
    )
    assert "2 sealed anew" in rotated(capsys)
    assert Connection.objects.filter(key_fingerprint=sealing.fingerprint(KEYS[0])).count() == 1
    assert next(seals()).is_well


def test_a_rotation_that_was_stopped_goes_on_where_it_was(connections, masters, capsys):
    old, (first, _) = connections
    masters(Fernet.generate_key(), old)
    first.put_key(KEYS[0])
    since = list(Connection.objects.order_by("pk").values_list("key_put_at"))
    assert "1 sealed anew, 1 stood" in rotated(capsys)
    assert list(Connection.objects.order_by("pk").values_list("key_put_at")) == since, "the keys are the same"


def test_a_seal_that_cannot_be_opened_is_named_and_left_alone(connections, masters, capsys):
    old, (first, second) = connections
    Connection.objects.filter(pk=second.pk).update(sealed_key=first.sealed_key)
    masters(Fernet.generate_key(), old)
    with pytest.raises(CommandError, match="1 cannot be opened"):
        call_command("rotate_keys")
    said = capsys.readouterr().out
    assert "1 sealed anew" in said
    assert "rotating-second (Local): The stored key belongs to another connection." in said
    assert Connection.objects.filter(pk=second.pk, sealed_key=first.sealed_key, team=F("team")).exists()
    assert [finding.is_well for finding in seals()] == [False, True]
