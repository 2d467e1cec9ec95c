"""Keys out of texts: the last net under everything that is written down."""

import logging
import re
from collections.abc import Iterable

MARK = "[key removed]"
PATTERNS = [
    re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}"),
    re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(authorization[\\'\"]*\s*[:=][\s\\'\"]*basic\s+)[A-Za-z0-9+/=_-]{4,}"),
    re.compile(r"(?i)(x-api-key[\\'\"]*\s*[:=][\s\\'\"]*)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(\bhttps?://)[^\s/@:'\"<>]{1,200}:[^\s/@'\"<>]{1,200}(?=@)"),
]
LONGEST_LINE = 500
SHORTEST = 8  # anything shorter would match ordinary words
_known: set[str] = set()


def remember(key: str) -> None:
    """Take this very text out from now on, whatever it looks like."""
    if len(key) >= SHORTEST:
        _known.add(key)


def remembered() -> frozenset[str]:
    """The texts to take out, whatever they look like."""
    return frozenset(_known)


def redact(text: str) -> str:
    """The text with every remembered key, and everything else that looks like one, replaced.

    For logs and pages: it rather takes a word too many. What must stay as it came goes another way (runs.sending.foreign_keys).
    """
    for key in tuple(_known):
        text = text.replace(key, MARK)
    for pattern in PATTERNS:
        text = pattern.sub(lambda found: (found.group(1) if found.re.groups else "") + MARK, text)
    return text


class RedactKeys(logging.Filter):
    """Logging filter: the finished line, arguments and traceback included, is redacted."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        super().__init__()
        for key in keys:
            remember(key)

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a mistake in a logging call must not become one of the caller's
            message = f"{record.msg!r} {record.args!r}"
        record.msg, record.args = redact(message), None
        if record.exc_info:
            record.exc_text = redact(_bounded(logging.Formatter().formatException(record.exc_info)))
        return True


def _bounded(traceback: str) -> str:
    """Without what an exception quotes at length: PostgreSQL's DETAIL is a whole row, with prompts in it."""
    lines = [line[:LONGEST_LINE] for line in traceback.splitlines() if not line.startswith("DETAIL:")]
    return "\n".join(lines)
