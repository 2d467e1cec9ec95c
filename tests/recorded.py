"""Real traffic recorded with the Claude API, kept outside the checkout: see the README beside the recordings.

Found through BETACONSOLE_RECORDED, else in `shared/recorded` beside the checkout. Where they are not, the tests over
them are skipped, and the head of pytest's report says so.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Where the recordings are."""
    return Path(os.environ.get("BETACONSOLE_RECORDED") or CHECKOUT.parent / "shared" / "recorded")


def is_there() -> bool:
    """Whether there are recordings on this machine. A test that needs them and runs without is skipped here and now."""
    there = folder().is_dir()
    # Unset while tests are collected: a table of cases from recordings that are not there is then empty.
    if not there and "PYTEST_CURRENT_TEST" in os.environ:
        pytest.skip(f"no recorded traffic in {folder().name}: see tests/README.md")
    return there


def exchanges() -> tuple[dict[str, Any], ...]:
    """Every recorded exchange, in the form the README beside the file describes."""
    if not is_there():
        return ()
    return _read_exchanges()


@cache
def _read_exchanges() -> tuple[dict[str, Any], ...]:
    with (folder() / "exchanges.jsonl").open(encoding="utf-8", newline="\n") as lines:
        return tuple(json.loads(line) for line in lines)


def messages() -> tuple[dict[str, Any], ...]:
    """The exchanges of `POST /v1/messages`, streamed or not."""
    return tuple(row for row in exchanges() if _is_messages(row["request"]))


def streams() -> tuple[dict[str, Any], ...]:
    """The streamed answers of `POST /v1/messages`."""
    return tuple(row for row in messages() if row["response"]["is_sse"])


def beta_errors() -> tuple[dict[str, Any], ...]:
    """Error texts about betas quoted in public threads: status, type, message, context, source."""
    if not is_there():
        return ()
    return tuple(json.loads((folder() / "beta_errors.json").read_text(encoding="utf-8")))


def _is_messages(request: dict[str, Any]) -> bool:
    return request["method"] == "POST" and request["path"].split("?")[0] == "/v1/messages"
