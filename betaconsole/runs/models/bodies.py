"""Bytes that were on the wire."""

import hashlib
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import connection as database
from django.db import models

from betaconsole.storage.fields import PackedBytesField, Stored, pack
from betaconsole.teams.models import Team


class Body(models.Model):
    """Bytes that were on the wire, once per team and SHA-256: a hundred repeats share one request."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    data = PackedBytesField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "sha256"], name="one_body_per_team_and_hash")]

    def __str__(self) -> str:
        return f"{self.size} bytes {self.sha256[:12]}"

    @classmethod
    def keep(cls, team_id: int, data: bytes) -> int:
        """The key of the row that holds these bytes, made where there is none."""
        return cls.keep_all(team_id, [data])[0]

    @classmethod
    def keep_all(cls, team_id: int, datas: "Sequence[bytes | PackedBody]") -> list[int]:
        """The same for several, in three queries at most. Call inside the transaction that names the rows."""
        bodies = [data if isinstance(data, PackedBody) else PackedBody.of(data) for data in datas]
        by_digest = {body.sha256: body for body in bodies}
        found = cls._held(team_id, by_digest)
        if missing := [body for digest, body in by_digest.items() if digest not in found]:
            rows = [Body(team_id=team_id, sha256=body.sha256, size=body.size, data=body.stored) for body in missing]
            Body.objects.bulk_create(rows, ignore_conflicts=True)
            found = cls._held(team_id, by_digest)
        return [found[body.sha256] for body in bodies]

    @classmethod
    def _held(cls, team_id: int, digests: Collection[str]) -> dict[str, int]:
        """Keys by digest; the rows cannot be purged before this transaction ends (SQLite has one writer anyway)."""
        rows = cls.objects.filter(team_id=team_id, sha256__in=list(digests)).values_list("sha256", "pk")
        if database.vendor != "postgresql" or not digests:
            return dict(rows)
        sql, values = rows.query.sql_with_params()
        with database.cursor() as cursor:
            cursor.execute(f"{sql} FOR KEY SHARE", values)
            return dict(cursor.fetchall())


class PackedBody(NamedTuple):
    """A body ready to be kept: what takes time is done, outside of any transaction."""

    sha256: str
    size: int
    stored: Stored

    @classmethod
    def of(cls, data: bytes) -> "PackedBody":
        """Hashed and packed: takes time with large bytes."""
        return cls(hashlib.sha256(data).hexdigest(), len(data), Stored(pack(data)))
