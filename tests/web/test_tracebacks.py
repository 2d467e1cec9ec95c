"""What went wrong inside, as the operator reads it: the frames are there, the keys in them are not."""

import logging
from html import escape

import pytest
from django.core import mail
from django.utils.log import AdminEmailHandler

from betaconsole.teams import sealing
from tests.canaries import forms
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db
KEY = "canary40-of-no-known-shape/0123456789+<&>=Z"


@pytest.fixture
def broken(settings, tmp_path):
    """Where the master key should lie there is a folder: pasting a key fails while many frames hold it."""
    settings.ENCRYPTION_KEYS, settings.ENCRYPTION_KEYS_FILE = [], tmp_path
    sealing._master_keys.cache_clear()
    yield
    sealing._master_keys.cache_clear()


@pytest.fixture
def mailed(settings):
    """The operator is mailed each failure, as a page and as text."""
    settings.ADMINS = [("Ann", "ann@example.com")]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    handler, logger = AdminEmailHandler(include_html=True), logging.getLogger("django.request")
    logger.addHandler(handler)
    yield mail.outbox
    logger.removeHandler(handler)


def leaks(text: str) -> list[str]:
    return [name for name, form in forms(KEY).items() if form.decode() in text or escape(form.decode()) in text]


@pytest.mark.parametrize("debug", [True, False], ids=["the page of DEBUG", "the page of everybody"])
def test_b40_a_failure_while_a_key_is_in_hand_shows_it_nowhere(debug, broken, mailed, crew, settings):
    settings.DEBUG = debug
    browser = browser_of(crew["owner"])
    form = {"name": "K", "key": KEY, "base_url": settings.ALLOWED_BASE_URLS[0]}
    answer = browser.post("/connections/new/", form, headers={"authorization": f"Bearer {KEY[:30]}"})
    page = answer.content.decode()
    [(html, _)] = mailed[0].alternatives
    told = {"page": page, "mail": mailed[0].body, "mail's page": html}
    assert answer.status_code == 500
    assert all("same_key" in text and "base_url" in text for name, text in told.items() if debug or name != "page")
    assert {name: leaks(text) for name, text in told.items()} == {name: [] for name in told}
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert not [name for name, text in told.items() if session in text or KEY[:30] in text]


def test_b40_frames_that_hold_a_key_say_so_themselves(broken, mailed, crew, settings, monkeypatch):
    """Without the last net the key is still in no frame of ours."""
    monkeypatch.setattr("betaconsole.web.tracebacks.Report._without_secrets", lambda self, report: report)
    form = {"name": "K", "key": KEY, "base_url": settings.ALLOWED_BASE_URLS[0]}
    browser_of(crew["owner"]).post("/connections/new/", form)
    assert "same_key" in mailed[0].body
    assert leaks(mailed[0].body + mailed[0].alternatives[0][0]) == []
