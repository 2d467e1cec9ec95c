"""What an answer says of columns that cannot be read any more: its fields are null, and `damaged` names them."""

from collections.abc import Mapping
from typing import Annotated, NotRequired

from django.db import models
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.storage.fields import damaged_columns

DamagedFields = Annotated[
    list[str],
    Field(
        description="Fields of this answer, such as request.headers, that are null because what the database holds there "
        "cannot be read any more. Left out where there are none."
    ),
]


class Damage(TypedDict):
    damaged: NotRequired[DamagedFields]


def damage(row: models.Model, fields: Mapping[str, str], *further: str) -> Damage:
    """`fields`: where the answer has what a column holds, by the column's name; `further` fields are damaged too."""
    found = [fields[name] for name in damaged_columns(row) if name in fields]
    return {"damaged": [*found, *further]} if found or further else {}
