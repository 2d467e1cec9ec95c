"""Regular expressions that people type, on texts that a model wrote: given up where they take too long. Pure."""

import regex

PATIENCE_S = 0.2  # for one pattern on one text: some take longer than the universe lasts


class PatternError(ValueError):
    """No regular expression; the message is for people."""


def pattern(text: str, *, ignores_case: bool = False) -> "regex.Pattern[str]":
    """The pattern, in the syntax of Python's `regex` package. Raises `PatternError`."""
    try:
        return regex.compile(text, regex.IGNORECASE if ignores_case else 0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise PatternError(f"This is no regular expression: {error}") from error


def found(wanted: "regex.Pattern[str]", text: str) -> bool | None:
    """Whether it is found anywhere in the text; None where that takes too long to tell."""
    try:
        return wanted.search(text, timeout=PATIENCE_S) is not None
    except TimeoutError:
        return None
