"""Keys out of what somebody brings: masked at their own length, so that offsets stay true and all else stays as it came."""

import re
from collections.abc import Mapping
from typing import Any

from betaconsole.runs.sending.foreign_keys import KEY_LIKE, ForeignKeys
from betaconsole.web.redaction import remembered

# Names of header lines that sign somebody in; `anthropic-ratelimit-tokens-limit` is none of them.
SECRET_NAME = re.compile(
    r"(?:.*[_-])?(?:(?:api|subscription|access|functions|secret|private)[_-]?key|auth|authorization|token|jwt"
    r"|jwt-assertion|secret|password|credentials?|signature|cookie2?)",
    re.IGNORECASE | re.DOTALL,
)
_SUSPECT = re.compile(rb"sk-ant-|(?i:bearer) |\\u00[2-7]")  # nobody but a forger escapes an ASCII letter


class Keys:
    """Takes keys out and counts them."""

    def __init__(self) -> None:
        self.count = 0
        self._known = tuple(remembered())
        self._masks = ForeignKeys(self._known)

    def masked(self, data: bytes) -> bytes:
        """A body without keys."""
        clean = self._masks.masked(data)
        if clean != data:
            self.count += max(1, len(KEY_LIKE.findall(data)))
        return clean

    def masked_in(self, value: Mapping[str, Any], line: bytes) -> Mapping[str, Any]:
        """The object that a line is, without keys in any text and any name."""
        if _SUSPECT.search(line) or any(known.encode("utf-8", "replace") in line for known in self._known):
            return {self._text(name): self.out_of(one) for name, one in value.items()}
        return value

    def out_of(self, value: Any) -> Any:
        """The same in a part of one; it is nested no deeper than a line may be."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.out_of(one) for one in value]
        return {self._text(name): self.out_of(one) for name, one in value.items()} if isinstance(value, dict) else value

    def _text(self, text: str) -> str:
        return self.masked(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def without_secrets(pairs: list[list[str]]) -> list[list[str]]:
    """The header lines that sign nobody in."""
    return [pair for pair in pairs if not SECRET_NAME.fullmatch(pair[0].strip())]
