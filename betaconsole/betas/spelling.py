"""The name of a beta as a page shows it: whole, with one place where a line may break. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from betaconsole.drafts.labels import split_name


@dataclass(frozen=True)
class Spelt:
    """A name in two parts; a line breaks between them only. `date` begins with its hyphen, and is empty where there is none."""

    stem: str
    date: str

    def __str__(self) -> str:
        return self.stem + self.date


def spelt(name: str) -> Spelt:
    """The name, ready to break before its date."""
    return Spelt(*split_name(name))
