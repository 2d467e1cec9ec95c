"""A key that shows itself only when asked by name, and how to take it out of bytes again."""

import base64
import json
import re
from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import quote_from_bytes

from .headers import KEY_REFERENCE, HeaderError

_SHOWN = 4
_SHORTEST_SHOWN = 12
_SHORTEST_MASKED = 8
_PERCENT = re.compile(rb"%[0-9A-F]{2}")


class Secret:
    """An API key. Every way of printing it gives `***` and at most its last four characters; it cannot be pickled."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The key itself: only for what writes it on the wire or seals it."""
        return self.__value

    def as_header_value(self) -> bytes:
        """The key as bytes for a header line. Raises HeaderError (without the key) where it cannot stand in one."""
        if not self._fits_a_header():  # asked elsewhere, so that the frame that raises holds no key
            raise HeaderError("The API key holds a character that cannot stand in a header, or is empty.")
        return self.__value.encode("ascii")

    def _fits_a_header(self) -> bool:
        value = self.__value
        return bool(value) and value.isascii() and value.isprintable() and " " not in value

    def __repr__(self) -> str:
        return "***" + (self.__value[-_SHOWN:] if len(self.__value) >= _SHORTEST_SHOWN else "")

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A Secret cannot be pickled or copied.")


def redact(data: bytes, key: Secret) -> bytes:
    """`data` with every occurrence of the key masked, in any of its forms.

    A mask is as long as what it hides, so offsets and lengths stay true. A key cut in two by the border of a piece is
    not found: redact whole bodies, not pieces (`masking.KeyMask` takes pieces).
    """
    return mask_forms(data, key_forms(key))


def mask_forms(data: bytes, forms: Sequence[bytes]) -> bytes:
    """`data` with each of these masked."""
    for form in forms:
        if form in data:
            data = data.replace(form, mask_of(len(form)))
    return data


def key_forms(key: Secret) -> tuple[bytes, ...]:
    """The key as it may stand in what a far end sends: plain, in JSON, percent-encoded, hex, base64 and reversed.

    Base64 shows a key in three ways, by what stands before it; of each the part that does not depend on what stands
    around it. Keys under eight characters have no forms: they would match ordinary words.
    """
    text = key.reveal()
    value = text.encode("utf-8", "surrogatepass")
    if len(value) < _SHORTEST_MASKED:
        return ()
    escaped, quoted = json.dumps(text)[1:-1].encode(), quote_from_bytes(value, safe="").encode()
    quoted_small = _PERCENT.sub(lambda found: found[0].lower(), quoted)
    inner = [value[skip : len(value) - (len(value) - skip) % 3] for skip in range(3)]
    coded = [code(piece) for piece in inner for code in (base64.b64encode, base64.urlsafe_b64encode)]
    in_hex = value.hex().encode()
    forms = [value, escaped, escaped.replace(b"/", b"\\/"), quoted, quoted_small, in_hex, in_hex.upper(), *coded]
    return tuple(dict.fromkeys([*forms, value[::-1]]))


def mask_of(length: int) -> bytes:
    """What stands for a key of that many bytes."""
    return KEY_REFERENCE.encode().ljust(length, b"*") if length >= len(KEY_REFERENCE) else b"*" * length
