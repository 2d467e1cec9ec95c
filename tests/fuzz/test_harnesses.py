"""What `make fuzz` runs: every harness holds for what it begins with, and a broken promise is found and kept."""

import pytest

from tests.fuzz.__main__ import NAMES
from tests.fuzz.engines import replay, search
from tests.fuzz.harnesses import HARNESSES


def test_every_harness_is_run():
    assert set(NAMES) == set(HARNESSES)


@pytest.mark.parametrize("name", NAMES)
def test_the_promises_hold_for_the_seeds_and_their_halves_of(name):
    for seed in HARNESSES[name].seeds:
        for data in (seed, seed[: len(seed) // 2], seed[len(seed) // 3 :]):
            HARNESSES[name].check(data)


def test_bytes_that_break_a_promise_are_found_made_small_and_read_again(tmp_path, capsys):
    def check(data: bytes) -> None:
        if len(data) > 3 and not data.startswith(b"seed"):
            raise RuntimeError("a promise")

    crash = search(check, (b"seed of it",), 60)
    assert crash == bytes(4)
    path = tmp_path / "crash"
    path.write_bytes(crash)
    assert replay(check, path) == 1
    assert "a promise" in capsys.readouterr().err
    path.write_bytes(b"seed")
    assert replay(check, path) == 0
