"""The reference the catalogue was written from. It lies outside the checkout, so tests that need it skip without it."""

import json
from typing import Any

import pytest

from tests.recorded import CHECKOUT


def reference_betas() -> dict[str, dict[str, Any]]:
    path = CHECKOUT.parent / "shared" / "reference" / "betas.json"
    if not path.exists():
        pytest.skip("betas.json is not beside this checkout")
    return {row["name"]: row for row in json.loads(path.read_text(encoding="utf-8"))}
