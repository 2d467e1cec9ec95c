"""How the log is written: a line of text for people, or of JSON for programs; each with the id of its request, redacted."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from .redaction import redact
from .request_log import request_id, shown_beginning, shown_path


class InContext(logging.Filter):
    """Adds the request's id to a record, and takes whole addresses out of what Django and gunicorn say of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        fields = getattr(record, "fields", {})
        record.fields = (
            fields if "request_id" in fields or not request_id.get() else {**fields, "request_id": request_id.get()}
        )
        request = getattr(record, "request", None)
        if isinstance(record.args, tuple):
            if isinstance(request, HttpRequest):
                path = request.path
                record.args = tuple(shown_path(request) if arg == path else arg for arg in record.args)
            elif record.name.startswith("gunicorn"):
                record.args = tuple(_without_address(arg) for arg in record.args)
        return True


def _without_address(arg: object) -> object:
    return shown_beginning(arg) if isinstance(arg, str) and arg.startswith("/") else arg


class TextLine(logging.Formatter):
    """`2026-11-22 13:00:00,123 LEVEL logger message name=value ...`, and below it the traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        said = [super().formatMessage(record), *(f"{name}={value}" for name, value in _fields(record).items())]
        return " ".join(said)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class JsonLine(logging.Formatter):
    """One JSON object: `time`, `level`, `logger`, `message`, the fields of the record, `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = record.exc_text or self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False, default=str))


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, "fields", {})
