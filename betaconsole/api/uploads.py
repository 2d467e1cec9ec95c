"""Uploads as the JSON API takes them: fields and files in a list, encoded here as multipart/form-data."""

import base64
import binascii
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from betaconsole.claude.multipart import Part, PartError, encode

from .problems import Problem

JSON = "application/json"


class AskedPart(BaseModel):
    """A field of an upload; a file where it has a file name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    filename: str = ""
    content_type: str = Field("", description="Of a file; application/octet-stream where left out.")
    text: str | None = None
    data_base64: str | None = Field(None, description="In place of text.")


def upload_of(asked: Sequence[AskedPart] | None) -> tuple[bytes | None, str]:
    """The body of an upload and its content type; None where there is no upload."""
    if asked is None:
        return None, JSON
    parts = [Part(part.name, _data(part, index), part.filename, part.content_type) for index, part in enumerate(asked)]
    try:
        return encode(parts)
    except PartError as error:
        raise Problem(422, str(error), field="parts") from error


def _data(part: AskedPart, index: int) -> bytes:
    if (part.text is None) == (part.data_base64 is None):
        raise Problem(422, "A part has text or data_base64, one of the two.", field=f"parts.{index}")
    if part.text is not None:
        return part.text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(part.data_base64 or "", validate=True)
    except (binascii.Error, ValueError):
        raise Problem(422, "This is not base64.", field=f"parts.{index}.data_base64") from None
