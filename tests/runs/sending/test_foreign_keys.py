"""Somebody else's keys in a refusal, and all that only looks like them."""

from collections.abc import Iterator

import pytest

from betaconsole.claude.errors import Incomplete
from betaconsole.runs.sending.foreign_keys import LONGEST_BYTES, PIECE_BYTES, ForeignKeys

KEY = "sk-ant-api03-of-somebody-else-0123456789"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.gateway=="
KNOWN = "gateway: key of no shape"
MASK = "$ANTHROPIC_API_KEY"


@pytest.mark.parametrize("before", ["", "x-api-key=", "Bearer ", "authorization: bearer ", '{"key": "'])
@pytest.mark.parametrize("key", [KEY, KNOWN])
def test_a_key_is_masked_at_its_own_length(before, key):
    assert ForeignKeys([KNOWN]).whole(f'{before}{key}", it says') == f'{before}{MASK.ljust(len(key), "*")}", it says'


@pytest.mark.parametrize("end", ["", '"}', " is unknown", ", it says"])
def test_a_token_after_bearer_is_masked(end):
    assert ForeignKeys([]).whole(f"Bearer {TOKEN}{end}") == f"Bearer {MASK.ljust(len(TOKEN), '*')}{end}"


@pytest.mark.parametrize(
    "text",
    [
        "Use Bearer authentication with a token",
        "Bearer authentication-is-required-for-this",
        'Bearer resource_metadata="https://api.example/1"',
        'Bearer resource_metadata_uri_v2="https://api.example/0123456789abcdef"',
        "Bearer error=invalid_token_20261122,scope=all",
        "Bearer https://api.example/a-long-way/0123456789",
        "x-api-key: required for this",
        "sk-ant is how keys begin, as in sk-ant-...",
        "http://user:word@host.example/",
    ],
)
def test_what_is_no_key_stays_byte_for_byte(text):
    assert ForeignKeys([KNOWN]).whole(text) == text


@pytest.mark.parametrize("key", [KEY, f"Bearer {TOKEN[:-2]}", KNOWN])
def test_a_key_across_the_border_of_two_pieces_is_masked(key):
    secret = key.removeprefix("Bearer ").encode()
    for at in range(len(key) + 2):
        begin = b" " * (PIECE_BYTES + 1 - at)
        body = begin + key.encode() + b" " * (PIECE_BYTES + 1)
        pieces = [body[: PIECE_BYTES + 1], body[PIECE_BYTES + 1 :]]
        masked = b"".join(ForeignKeys([KNOWN]).body(iter(pieces)))
        assert masked == body.replace(secret, MASK.encode().ljust(len(secret), b"*"))


def test_a_key_where_the_held_back_part_begins_is_masked():
    body = b" " * PIECE_BYTES + KEY.encode() + b" " * (LONGEST_BYTES - 10)
    masked = b"".join(ForeignKeys([]).body(iter([body, b"end"])))
    assert masked == (body + b"end").replace(KEY.encode(), MASK.encode().ljust(len(KEY), b"*"))


def test_a_refusal_that_is_cut_off_is_kept_as_far_as_it_came():
    def cut() -> Iterator[bytes]:
        yield b"no: " + KEY.encode()
        raise Incomplete

    pieces = ForeignKeys([]).body(cut())
    assert next(pieces) == b"no: " + MASK.encode().ljust(len(KEY), b"*")
    with pytest.raises(Incomplete):
        next(pieces)
