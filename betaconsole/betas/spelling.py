"""The name of a beta as a page shows it: whole, with one place where a line may break. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

DATED = re.compile(r"(.+-)(\d{4}-?\d{2}-?\d{2})")


@dataclass(frozen=True)
class Spelt:
    """A name in two parts; a line breaks between them only. `date` is empty where the name has none."""

    stem: str
    date: str

    def __str__(self) -> str:
        return self.stem + self.date


def spelt(name: str) -> Spelt:
    """The name, ready to break before its date."""
    found = DATED.fullmatch(name)
    return Spelt(found[1], found[2]) if found else Spelt(name, "")
