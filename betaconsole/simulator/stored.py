"""The things that a simulator keeps: files, and skills with their versions."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class StoredFile:
    """One file of the Files API. Times are seconds since 1970; only what a tool made is `downloadable`."""

    id: str
    owner: str
    filename: str
    mime_type: str
    data: bytes
    created_s: float
    expires_s: float | None = None
    downloadable: bool = False

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    @property
    def expired(self) -> bool:
        return self.expires_s is not None and self.expires_s <= time.time()


@dataclass(frozen=True)
class SkillVersion:
    """One upload of a skill: its files by path within the skill's folder. `epoch` names it as the first beta did."""

    id: str
    epoch: str
    name: str
    description: str
    files: tuple[tuple[str, bytes], ...]
    created_s: float

    @property
    def size_bytes(self) -> int:
        return sum(len(data) for _, data in self.files)


@dataclass(frozen=True)
class Skill:
    """A skill and its versions, oldest first; there is always one. `source` is `custom` or `anthropic`."""

    id: str
    owner: str
    display_name: str
    source: str
    versions: tuple[SkillVersion, ...]
    created_s: float
    updated_s: float

    @property
    def latest(self) -> SkillVersion:
        return self.versions[-1]

    @property
    def size_bytes(self) -> int:
        return sum(version.size_bytes for version in self.versions)
