"""A key that shows itself only when asked by name, and how to take it out of bytes again."""

import base64
from typing import NoReturn
from urllib.parse import quote_from_bytes

from .headers import KEY_REFERENCE, HeaderError

_SHOWN = 4
_SHORTEST_SHOWN = 12
_SHORTEST_MASKED = 8


class Secret:
    """An API key. Every way of printing it gives `***` and at most its last four characters; it cannot be pickled."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
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
    """`data` with every occurrence of the key masked: plain, percent-encoded, hex, base64 and reversed.

    A mask is as long as what it hides, so offsets and lengths stay true. A key cut in two by the border of a piece is
    not found: redact whole bodies, not pieces. Keys under eight characters stay: they would match ordinary words.
    """
    value = key.reveal().encode("utf-8", "surrogatepass")
    if len(value) < _SHORTEST_MASKED:
        return data
    for form in _forms(value):
        if form in data:
            data = data.replace(form, _mask(len(form)))
    return data


def _forms(value: bytes) -> tuple[bytes, ...]:
    encoded = base64.b64encode(value).rstrip(b"=")[:-1]  # the last character depends on what follows the key
    return value, quote_from_bytes(value, safe="").encode(), value.hex().encode(), encoded, value[::-1]


def _mask(length: int) -> bytes:
    return KEY_REFERENCE.encode().ljust(length, b"*") if length >= len(KEY_REFERENCE) else b"*" * length
