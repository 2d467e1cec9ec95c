"""Keys out of texts: the last net under everything that is written down."""

import logging
import re

MARK = "[key removed]"
PATTERNS = [
    re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}"),
    re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(x-api-key['\"]?\s*[:=]\s*['\"]?)[A-Za-z0-9._~+/=-]{8,}"),
]


def redact(text: str) -> str:
    """The text with everything that looks like a key replaced."""
    for pattern in PATTERNS:
        text = pattern.sub(lambda found: (found.group(1) if found.re.groups else "") + MARK, text)
    return text


class RedactKeys(logging.Filter):
    """Logging filter: the finished line, arguments and traceback included, is redacted."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True
