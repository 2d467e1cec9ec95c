"""Rows whose columns cannot be read any more."""

from django.db import connection
from django.db.models import Model

NO_JSON, NO_ZLIB = "{no json", b"\x01no zlib"
# Of an exchange: the columns that are only shown.
SHOWN = {
    "text": NO_ZLIB,
    "message": NO_ZLIB,
    "timeline": NO_ZLIB,
    "error_message": NO_ZLIB,
    "response_headers": NO_JSON,
    "usage": NO_JSON,
    "warnings": NO_JSON,
    "refused_betas": NO_JSON,
    "outcomes": NO_JSON,
}


def spoil(row: Model, **columns: object) -> None:
    """Write these as they are, past the fields."""
    names = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {names} WHERE id = %s", [*columns.values(), row.pk])
