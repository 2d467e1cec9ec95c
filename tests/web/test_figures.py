"""How figures and moments are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from betaconsole.web.templatetags.figures import ago, count, dollars, get, moment, ms, rate, size, usd


@pytest.mark.parametrize(
    ("write", "value", "said"),
    [
        (ms, None, "—"),
        (ms, 0.4, "0 ms"),
        (ms, 812.4, "812 ms"),
        (ms, 999.7, "1.00 s"),
        (ms, 6420, "6.42 s"),
        (ms, 74_000, "74 s"),
        (count, None, "—"),
        (count, 0, "0"),
        (count, 2604, "2,604"),
        (rate, None, "—"),
        (rate, 3.21, "3.2 tok/s"),
        (rate, 71.4, "71 tok/s"),
        (usd, None, "—"),
        (usd, Decimal("0"), "$0.00"),
        (usd, Decimal("0.01462"), "$0.0146"),
        (usd, Decimal("1234.5"), "$1,234.50"),
        (dollars, None, "—"),
        (dollars, Decimal("0"), "$0.00"),
        (dollars, Decimal("0.5"), "$0.50"),
        (dollars, Decimal("0.0312"), "$0.0312"),
        (dollars, Decimal("0.01"), "$0.01"),
        (size, 1, "1 byte"),
        (size, 214, "214 bytes"),
        (size, 12_400, "12.4 kB"),
        (size, 10_000_000, "10.0 MB"),
        (ago, None, "—"),
        (moment, datetime(2026, 11, 22, 9, 14, 3, tzinfo=UTC), "2026-11-22 09:14:03 UTC"),
    ],
)
def test_a_value_is_written_so(write, value, said):
    assert write(value) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [({"seconds": 5}, "just now"), ({"minutes": 2, "seconds": 30}, "2 min ago"), ({"hours": 3}, "3 h ago")],
)
def test_a_moment_is_as_long_ago_as_a_person_says(before, said):
    assert ago(timezone.now() - timedelta(**before)) == said


def test_an_old_moment_is_a_date():
    assert ago(datetime(2025, 3, 9, tzinfo=UTC)) == "9 Mar 2025"


def test_looking_up_a_name_that_is_not_there_gives_nothing():
    assert get({"a": 1}, "a") == 1
    assert get({}, "a") is None
    assert get(None, "a") is None
