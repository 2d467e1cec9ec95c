"""Model fields that give back exactly what was put in, on SQLite and on PostgreSQL.

A model's text may hold NUL (PostgreSQL refuses it in text and jsonb) and lone surrogates (SQLite's driver refuses
them); jsonb reorders keys and rewrites numbers. So exact text is kept as bytes and JSON as ASCII text.
"""

import json
import logging
import zlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db import models

logger = logging.getLogger(__name__)

PLAIN, DEFLATED = b"\x00", b"\x01"
WORTH_PACKING_BYTES = 200
_compact = json.JSONEncoder(separators=(",", ":"))


def pack(data: bytes) -> bytes:
    """The bytes to store: one byte that says how, then the data, deflated where that makes it smaller."""
    if len(data) >= WORTH_PACKING_BYTES:
        deflated = zlib.compress(data, 6)
        if len(deflated) < len(data):
            return DEFLATED + deflated
    return PLAIN + data


def unpack(stored: bytes) -> bytes:
    """What `pack` was given."""
    how, data = bytes(stored[:1]), bytes(stored[1:])
    return zlib.decompress(data) if how == DEFLATED else data


def unpack_start(stored: bytes, most: int) -> bytes:
    """The first bytes of what `pack` was given, at most so many; `stored` may be cut off."""
    how, data = bytes(stored[:1]), bytes(stored[1:])
    return zlib.decompressobj().decompress(data, most) if how == DEFLATED else data[:most]


class DamagedValue(ValueError):
    """What a column holds cannot be read any more."""

    is_damaged_row = True  # web.troubles knows it by this


class Damaged:
    """In place of a value that cannot be read, in columns that are only shown: empty, and of the column's own type.

    Written to such a column it is read as damaged again, so that nobody takes it for nothing.
    """


class DamagedBytes(Damaged, bytes):
    pass


class DamagedText(Damaged, str):
    pass


class DamagedList(Damaged, list[Any]):
    pass


class DamagedDict(Damaged, dict[str, Any]):
    pass


AnyValue = TypeVar("AnyValue")


def undamaged(value: AnyValue) -> AnyValue:
    """The value of such a column, for whoever sends it or concludes something from it. Raises `DamagedValue`."""
    if isinstance(value, Damaged):
        raise DamagedValue("A value that stands in for a damaged one is only to be shown")
    return value


def readable(value: AnyValue) -> AnyValue | None:
    """The value of such a column, for whoever shows it; None in place of a damaged one, which `damaged_columns` names."""
    return None if isinstance(value, Damaged) else value


def damaged_columns(row: models.Model) -> list[str]:
    """The names of the row's columns that could not be read."""
    return [name for name, value in vars(row).items() if isinstance(value, Damaged)]


class _MayBeDamaged(models.Field):
    """`if_damaged`: what stands in for a value that cannot be read. Without it the whole row fails with `DamagedValue`:
    right for everything that is sent, since nothing that is read as empty may go out. Where a column is both shown and sent,
    `undamaged` keeps the two apart."""

    def __init__(self, *args: Any, if_damaged: Callable[[], Damaged] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.if_damaged = if_damaged  # no part of the schema: left out of migrations

    def _read(self, read: Callable[[Any], Any], value: Any) -> Any:
        try:
            return read(value)
        except (ValueError, RecursionError, zlib.error) as error:
            logger.error("%s.%s holds something that cannot be read", self.model._meta.db_table, self.column)
            if self.if_damaged is None:
                raise DamagedValue(f"{self.model._meta.db_table}.{self.column} cannot be read") from error
            return self.if_damaged()


def stand_ins(model: type[models.Model], names: Iterable[str]) -> dict[str, Damaged]:
    """What stands in for damaged values of these columns, for whoever brings a row that was damaged where it comes from."""
    fields = {name: model._meta.get_field(name) for name in names}
    return {
        name: field.if_damaged()
        for name, field in fields.items()
        if isinstance(field, _MayBeDamaged) and field.if_damaged is not None
    }


class Stored(bytes):
    """Bytes in the form they have at rest, for the two fields below to write as they are.

    Deflating lets other threads run; inside a transaction that is a lock held for as long as they like. So a writer
    with much to write packs first: `at_rest`.
    """


STILL_DAMAGED = Stored(DEFLATED)  # deflated, and nothing there: what stands in for a damaged value stays damaged


def at_rest(model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """The values of these columns with everything packed that is packed at rest."""
    packed = {name: model._meta.get_field(name) for name, value in values.items() if value is not None}
    return {
        name: field.at_rest(value)
        if isinstance(field := packed.get(name), PackedBytesField | ExactTextField)
        else value
        for name, value in values.items()
    }


def unpacked(data: bytes) -> Stored:
    """Bytes to be stored without deflating them: for what is soon deleted."""
    return Stored(PLAIN + data)


class PackedBytesField(_MayBeDamaged, models.BinaryField):
    """Bytes, compressed at rest."""

    # What django-stubs reads: the types that assignment takes and access gives.
    _pyi_private_set_type: bytes
    _pyi_private_get_type: bytes

    def get_internal_type(self) -> str:
        return "BinaryField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else self._read(unpack, value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, bytes | bytearray | memoryview):
            value = connection.Database.Binary(self.at_rest(value))
        return value

    @staticmethod
    def at_rest(value: bytes | bytearray | memoryview) -> Stored:
        if isinstance(value, Damaged):
            return STILL_DAMAGED
        return value if isinstance(value, Stored) else Stored(pack(bytes(value)))


def _text(stored: bytes) -> str:
    return unpack(stored).decode("utf-8", "surrogatepass")


class ExactTextField(_MayBeDamaged):
    """Any Python string, NUL and lone surrogates included, compressed at rest. It cannot be searched: index a copy."""

    _pyi_private_set_type: str
    _pyi_private_get_type: str

    def get_internal_type(self) -> str:
        return "BinaryField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else self._read(_text, value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if value is None else connection.Database.Binary(self.at_rest(value))

    @staticmethod
    def at_rest(value: str | Stored) -> Stored:
        if isinstance(value, Damaged):
            return STILL_DAMAGED
        return value if isinstance(value, Stored) else Stored(pack(value.encode("utf-8", "surrogatepass")))


class JsonTextField(_MayBeDamaged, models.TextField):
    """A JSON value kept as ASCII text: key order, NUL and surrogates survive on every database."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else self._read(json.loads, value)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Damaged) and self.if_damaged is not None:
            return ""  # no JSON: what stands in for a damaged value is as damaged wherever it is written
        return None if value is None else _compact.encode(value)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj))


def showable(text: str) -> str:
    """The text as a page or a search index can hold it: NUL and lone surrogates become U+FFFD."""
    # Through UTF-16 because two halves of a pair that stand side by side are one character there.
    return text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
