"""The last net under everything that is written down."""

import logging
import sys

import pytest

from betaconsole.web.redaction import MARK, RedactKeys, redact, remember

KEY = "sk-ant-api03-NotARealKey_0123456789-abc"


@pytest.mark.parametrize(
    "text",
    [
        f"x-api-key: {KEY}",
        f"{{'x-api-key': '{KEY}'}}",
        f"Authorization: Bearer {KEY}",
        f"https://gateway.example/?key={KEY}&more=1",
        f"failed with key {KEY}.",
    ],
)
def test_what_looks_like_a_key_is_taken_out(text):
    assert KEY not in redact(text)
    assert MARK in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "x-api-key: gateway-key-0123",
        "authorization: bearer eyJhbGciOi.x.y",
        "X-Api-Key=gateway-key-0123",
        '{"x-api-key": "gateway-key-0123',
        r"{\"x-api-key\": \"gateway-key-0123",
        "Proxy-Authorization: Basic dXNlcjpwYXNz",
        "{'authorization': 'Basic dXNlcjpwYXNz",
    ],
)
def test_u39_a_key_of_another_shape_is_known_by_the_header_it_stands_in(text):
    assert redact(text).endswith(MARK)


def test_the_password_in_an_address_is_taken_out():
    assert redact("proxy http://user:hunter2@proxy.example:3128/x") == f"proxy http://{MARK}@proxy.example:3128/x"
    assert redact("see http://host:8080/a@b and me@host") == "see http://host:8080/a@b and me@host"


def test_a_key_in_use_is_taken_out_wherever_it_stands():
    remember("gateway-key-of-no-known-shape")
    assert redact("sent gateway-key-of-no-known-shape to it") == f"sent {MARK} to it"


def test_a_short_word_is_never_remembered():
    remember("model")
    assert redact("which model") == "which model"


def test_ordinary_text_stays():
    text = "sk-ant is how keys begin; the bearer of this; x-api-key is a header"
    assert redact(text) == text


@pytest.fixture
def lines():
    """A logger that redacts, and the lines it wrote."""
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Keep()
    handler.addFilter(RedactKeys())
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, written
    logger.removeHandler(handler)


def test_a_key_stays_out_of_the_arguments_of_a_log_line(lines):
    logger, written = lines
    logger.error("sending %s with %s", "a request", {"x-api-key": KEY})
    assert KEY not in written[0]
    assert "a request" in written[0]


def test_a_key_stays_out_of_a_traceback(lines):
    logger, written = lines
    try:
        raise ValueError(f"cannot use {KEY}")
    except ValueError:
        logger.error("failed", exc_info=sys.exc_info())
    assert KEY not in written[0]
    assert "ValueError: cannot use" in written[0]


def test_a_mistake_in_a_logging_call_is_no_mistake_of_the_caller(lines):
    logger, written = lines
    logger.error("two %s and %d places", KEY, "no number")
    assert len(written) == 1
    assert KEY not in written[0]
