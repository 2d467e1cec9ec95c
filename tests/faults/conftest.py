"""One stage for the files of this folder that need a console and a far end that waits for them."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage, set_stage


@pytest.fixture(scope="package")
def stage() -> Iterator[Stage]:
    with set_stage() as stage:
        yield stage
