"""How an ending is said: in the pill, in the advice and in what is copied for support."""

import pytest

from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.wording import error_of, pill
from betaconsole.runs.states import State


def busy(**values):
    fields = {
        "state": State.FAILED,
        "failure_kind": "http_error",
        "status": 429,
        "error_type": "rate_limit_error",
        "error_message": "This request would exceed your rate limit of 30,000 input tokens per minute.",
        "retry_after_s": 3.0,
    }
    return Exchange(**{**fields, **values})


@pytest.mark.parametrize(("status", "type"), [(429, "rate_limit_error"), (529, "overloaded_error")])
def test_a_busy_api_says_how_long_to_wait_in_the_pill_and_in_the_advice(status, type):
    exchange = busy(status=status, error_type=type)
    assert pill(exchange, done=0, total=1).text == f"{status} · retry in 3 s"
    assert "ait 3 s (retry-after)" in error_of(exchange).advice


def test_without_a_known_wait_the_pill_says_the_status_alone():
    assert pill(busy(retry_after_s=None), done=0, total=1).text == "429 error"
    assert pill(busy(status=400), done=0, total=1).text == "400 error"
