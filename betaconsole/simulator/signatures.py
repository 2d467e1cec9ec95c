"""Signatures of thinking and compaction blocks: opaque to a client, checked when they come back.

A signature has the outer form of the API's own. It names the model, the prefix the block was made after and the block's text,
and it is sealed, so that every change shows. What the real API signed cannot be checked here and is taken as it is, so that
recorded conversations run; so is BY_HAND, for conversations that a person writes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BY_HAND = base64.b64encode(b"simulated").decode()
HEAD = b"\x0a\x09simulated"
TAIL = b"\x1a\x04seal"
INNER_FIELD, OUTER_END = 2, b"\x18\x01"
VARINT, LENGTH_DELIMITED = 0, 2
SEAL_KEY = b"nothing depends on keeping this secret"
DIGEST, SEAL = 16, 16


class BadSignature(Exception):
    """A signature that was changed, or never was one."""


@dataclass(frozen=True)
class Signed:
    """What a signature of ours says: which model made the block, after what, and of which text.

    `binds`: that model has preserved thinking.
    """

    model_id: str
    prefix: bytes
    text: bytes
    binds: bool = False


def text_digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:DIGEST]


def sign(signed: Signed, rng: random.Random, *, filler: int) -> str:
    """The signature as text. `filler` bytes stand for what the real one holds besides."""
    model = signed.model_id.encode()[:255]
    said = bytes([signed.binds, len(model)]) + model + signed.prefix + signed.text + rng.randbytes(filler)
    return _wrapped(HEAD + said + _seal(said) + TAIL)


def read_signature(signature: Any) -> Signed | None:
    """What a signature says, or None where it is not ours but may be the real API's. Raises BadSignature."""
    if signature == BY_HAND:
        return None
    raw, inner = _opened(signature)
    if HEAD not in raw and TAIL not in raw:
        return None
    said, seal = inner[len(HEAD) : -SEAL - len(TAIL)], inner[-SEAL - len(TAIL) : -len(TAIL)]
    if not said or signature != _wrapped(HEAD + said + seal + TAIL) or seal != _seal(said):
        raise BadSignature
    binds, length = said[:2]
    model, rest = said[2 : 2 + length], said[2 + length :]
    return Signed(model.decode(), rest[:DIGEST], rest[DIGEST : 2 * DIGEST], bool(binds))


def compacted_prefix(block: Mapping[str, Any]) -> bytes | None:
    """The prefix that a compaction block of ours stands for."""
    try:
        signed = read_signature(block.get("signature") or block.get("encrypted_content"))
    except BadSignature:
        return None
    return signed.prefix if signed else None


def _wrapped(inner: bytes) -> str:
    tag = bytes([INNER_FIELD << 3 | LENGTH_DELIMITED])
    return base64.b64encode(tag + _varint(len(inner)) + inner + OUTER_END).decode()


def _opened(signature: Any) -> tuple[bytes, bytes]:
    """The bytes of a signature, and of them what its outer form holds: numbered fields, as Protocol Buffers write them."""
    try:
        raw = base64.b64decode(signature, validate=True)
        return raw, dict(_fields(raw))[INNER_FIELD]
    except (binascii.Error, ValueError, TypeError, IndexError, KeyError) as error:
        raise BadSignature from error


def _fields(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message by number; those that hold a number come empty. Raises ValueError or IndexError."""
    place = 0
    while place < len(raw):
        tag, place = _read_varint(raw, place)
        value, place = _read_varint(raw, place)
        if tag & 7 == LENGTH_DELIMITED and place + value <= len(raw):
            yield tag >> 3, raw[place : place + value]
            place += value
        elif tag & 7 == VARINT:
            yield tag >> 3, b""
        else:
            raise ValueError("no such field")


def _seal(said: bytes) -> bytes:
    return hashlib.sha256(SEAL_KEY + said).digest()[:SEAL]


def _varint(number: int) -> bytes:
    parts = []
    while True:
        number, part = number >> 7, number & 0x7F
        parts.append(part | (0x80 if number else 0))
        if not number:
            return bytes(parts)


def _read_varint(raw: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        part = raw[place]
        number |= (part & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not part & 0x80:
            return number, place
