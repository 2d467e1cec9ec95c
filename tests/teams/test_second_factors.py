"""The secrets of second factors lie sealed in the database, and those from before still work."""

import logging
import time
from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import generate_totp_secret as new_secret
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.cache import cache

from betaconsole.teams import sealing, second_factors
from betaconsole.teams.key_health import factors
from betaconsole.teams.keys import keep_key
from betaconsole.teams.rotating import rotate

pytestmark = pytest.mark.django_db


@pytest.fixture
def masters(settings):
    """Sets the master keys, newest first."""

    def use(*keys: bytes) -> None:
        settings.ENCRYPTION_KEYS = [key.decode() for key in keys]
        sealing._master_keys.cache_clear()

    yield use
    sealing._master_keys.cache_clear()


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def row(kind: str) -> Authenticator:
    return Authenticator.objects.get(type=kind)


def test_a_secret_lies_sealed_and_its_codes_are_right(ann):
    secret = new_secret()
    TOTP.activate(ann, secret)
    codes = RecoveryCodes.activate(ann).get_unused_codes()
    assert secret not in str(row("totp").data)
    assert all(sealing.is_sealed(one) for kept in second_factors.kept() for one in second_factors.secrets_of(kept.data))
    assert row("totp").wrap().validate_code(code_of(secret))
    assert RecoveryCodes(row("recovery_codes")).get_unused_codes() == codes
    assert [finding.is_well for finding in factors()] == [True]


def test_a_secret_from_before_works_and_is_sealed_by_a_rotation(ann, masters):
    old, new, secret = Fernet.generate_key(), Fernet.generate_key(), new_secret()
    masters(old)
    TOTP.activate(ann, secret)
    Authenticator.objects.filter(type="totp").update(data={"secret": secret})
    codes = ["12345678", "87654321"]
    RecoveryCodes.activate(ann)
    Authenticator.objects.filter(type="recovery_codes").update(data={"migrated_codes": codes, "used_mask": 0})
    assert row("totp").wrap().validate_code(code_of(secret))
    assert "2 not under the newest" in next(factors()).said
    masters(new, old)
    assert (rotate().anew, rotate().current) == (2, 2)
    masters(new)
    cache.clear()  # a code counts once
    assert row("totp").wrap().validate_code(code_of(secret))
    assert row("recovery_codes").wrap().get_unused_codes() == codes


def test_without_its_master_key_no_code_is_right_and_the_doctor_says_why(ann, masters, caplog):
    masters(Fernet.generate_key())
    secret = new_secret()
    TOTP.activate(ann, secret)
    masters(Fernet.generate_key())
    with caplog.at_level(logging.ERROR):
        assert not row("totp").wrap().validate_code(code_of(secret))
    assert "cannot be checked" in caplog.text
    assert [finding.is_well for finding in factors()] == [False]
    assert rotate().unreadable == [f"second factor of {ann}: {message}" for message in [_why(row("totp").data)]]


def _why(data: dict) -> str:
    with pytest.raises(sealing.Unreadable) as problem:
        second_factors.check(data)
    return str(problem.value)


def test_secrets_from_before_wait_unsealed_where_the_master_key_of_the_stored_keys_is_not_here(
    ann, team, masters, settings, tmp_path
):
    upgrade = import_module("betaconsole.teams.migrations.0006_seal_second_factors").seal
    right, secret = Fernet.generate_key(), new_secret()
    masters(right)
    keep_key("sk-ant-none", team=team, author=ann, name="Pasted", base_url="https://api.anthropic.com")
    TOTP.activate(ann, secret)
    Authenticator.objects.filter(type="totp").update(data={"secret": secret})
    masters()
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"
    upgrade(apps, None)
    assert not settings.ENCRYPTION_KEYS_FILE.exists()
    masters(Fernet.generate_key())
    upgrade(apps, None)
    assert row("totp").data == {"secret": secret}
    masters(right)
    upgrade(apps, None)
    assert sealing.is_sealed(row("totp").data["secret"])
    assert row("totp").wrap().validate_code(code_of(secret))
