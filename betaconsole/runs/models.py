"""Comparisons and the exchanges they are made of: everything that was sent, exactly as it was on the wire."""

import hashlib
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db import connection as database
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts.columns import letter
from betaconsole.drafts.controls import CONTROLS_IN_SHORT
from betaconsole.drafts.models import Draft, Engine
from betaconsole.drafts.presets import PRESETS
from betaconsole.library.models import CombinationVersion, PromptVersion
from betaconsole.storage.fields import (
    DamagedBytes,
    DamagedDict,
    DamagedList,
    DamagedText,
    ExactTextField,
    JsonTextField,
    PackedBytesField,
    Stored,
    pack,
)
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Connection, Team, User
from betaconsole.teams.owned import OwnedQuerySet

from .states import FINAL, IN_FLIGHT, UNFINISHED, State


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
        return cls(hashlib.sha256(data).hexdigest(), len(data), Stored(pack(data)))


class Continues(models.TextChoices):
    """Why a further turn was sent."""

    STUBS = "stubs"  # every tool call was answered by a stub
    RESULTS = "results"  # a person gave at least one result
    PAUSE = "pause"  # pause_turn: the reply goes back as it is
    MESSAGE = "message"  # a person's next message


class ComparisonQuerySet(OwnedQuerySet):
    def visible_to(self, user: User) -> "ComparisonQuerySet":
        return super().visible_to(user).filter(deleted_at=None)

    def listed(self) -> "ComparisonQuerySet":
        """What history shows: no errands, each is found where it was run from."""
        return self.filter(is_errand=False)

    def unfinished(self) -> "ComparisonQuerySet":
        return self.filter(finished_at=None)

    def extend(self) -> None:
        """More is asked of these than was planned. Of one that had ended somebody may have seen the verdict."""
        self.filter(finished_at__isnull=False, planned_repeats=None).update(planned_repeats=F("repeats"))


class Comparison(models.Model):
    """One press of Run: a snapshot of the prompt × variants × cases × repeats."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comparisons")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="comparisons")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="comparisons")
    simulated = models.BooleanField()
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")  # as composed, before any changes
    content_type = models.CharField(max_length=200, default="application/json")  # of `body`; empty: none is sent
    anthropic_version = models.CharField(max_length=10)
    repeats = models.PositiveIntegerField()
    # Those asked for at first, where more was asked for since: repeats, or a column or a check once it had ended; else null.
    planned_repeats = models.PositiveIntegerField(null=True)
    seed = models.BigIntegerField(
        null=True
    )  # the order of its requests was drawn with it; null: in the order of columns
    preset = models.CharField(max_length=24, blank=True)  # what filled the matrix; drafts.presets
    checks = JsonTextField(default=list, if_damaged=DamagedList)  # what is checked of each output
    # Where to: claude.endpoints.
    method = models.CharField(max_length=8, default="POST")
    path = models.CharField(max_length=2000, default="/v1/messages")
    query = models.CharField(max_length=2000, blank=True)
    engine = models.CharField(max_length=8, choices=Engine.choices, default=Engine.LIVE)
    # What answers tool calls, and how many turns a cell may take. A stub typed while cells wait is added here.
    tool_stubs = JsonTextField(default=list, if_damaged=DamagedList)  # library.stubs
    max_turns = models.PositiveIntegerField(default=1)
    is_trace = models.BooleanField(default=False)  # cases are recorded turns: sent in order, all columns in step
    separate_caches = models.BooleanField(default=False)
    # Something the console asked for on somebody's way to a comparison: a file uploaded, files listed, a batch followed.
    is_errand = models.BooleanField(default=False)
    draft = models.ForeignKey(Draft, on_delete=models.SET_NULL, null=True, related_name="comparisons")
    prompt_version = models.ForeignKey(PromptVersion, on_delete=models.SET_NULL, null=True, related_name="comparisons")
    prompt_changed = models.BooleanField(default=False)  # what ran was that version with changes nobody had saved
    # Pressing twice sends once: the second press finds the first one's comparison.
    client_token = models.CharField(max_length=128, null=True)  # noqa: DJ001 - null: many comparisons without a token
    request_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)  # nothing of it is claimed since then
    # For lists. The first three are written by the index once it is finished, the summary is emptied when it finishes anew.
    summary = JsonTextField(null=True, if_damaged=DamagedDict)  # runs.summaries
    # The first sentence of its verdict, written by who works that out; null before, and where each column ran once.
    verdict = ExactTextField(null=True, if_damaged=DamagedText)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    slowest_ms = models.FloatField(null=True)
    tags = JsonTextField(null=True, if_damaged=DamagedList)  # a list of words
    pinned_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)  # hidden since then, and purged some time later

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "client_token"], name="one_comparison_per_token"),
            models.UniqueConstraint(fields=["team", "number"], name="one_comparison_per_number"),
        ]
        indexes = [
            models.Index(fields=["team", "-id"]),
            models.Index(fields=["team", "created_at"], name="comparison_by_time"),
            models.Index(fields=["team"], condition=Q(pinned_at__isnull=False), name="comparison_pinned"),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="comparison_deleted"),
            models.Index(fields=["engine"], condition=Q(finished_at__isnull=True), name="comparison_unfinished"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}".strip()

    def get_absolute_url(self) -> str:
        return reverse("runs:comparison", args=[self.public_id])

    @property
    def endpoint(self) -> Endpoint:
        """Where its requests go."""
        return Endpoint(self.method, self.path, self.query)

    @property
    def preset_title(self) -> str:
        """What made its columns, in words; empty where a person did."""
        return PRESETS[self.preset].title.lower() if self.preset in PRESETS else ""

    @property
    def preset_question(self) -> str:
        """What they answer."""
        return PRESETS[self.preset].question if self.preset in PRESETS else ""

    @cached_property
    def brought(self) -> "Imported | None":
        """The file it came out of; None where it ran here."""
        return Imported.objects.filter(comparison=self).select_related("source__author").first()


class Addition(models.Model):
    """Repeats that somebody added to a comparison: `repeats` of them, from `first_repeat` on, in every column and case."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="additions")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    first_repeat = models.PositiveIntegerField()
    repeats = models.PositiveIntegerField()
    # Pressing twice adds once.
    client_token = models.CharField(max_length=128, null=True)  # noqa: DJ001 - null: many additions without a token
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comparison", "client_token"], name="one_addition_per_token"),
            models.UniqueConstraint(fields=["comparison", "first_repeat"], name="one_addition_per_first_repeat"),
        ]

    def __str__(self) -> str:
        return f"{self.repeats} more from repeat {self.first_repeat}"


class ColumnRole(models.TextChoices):
    """What a column is for, beside an answer: controls tell whether a comparison can be trusted."""

    MADE_UP = "made_up", "made-up beta"  # must be refused
    TWIN = "twin", "twin"  # equal to its baseline: must show no difference


class Variant(models.Model):
    """One column: label, betas, anthropic-version, changes to the body, and the column it is compared with."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveIntegerField()
    label = models.CharField(max_length=200)
    role = models.CharField(max_length=12, choices=ColumnRole.choices, blank=True)
    betas = JsonTextField(default=list)
    header = models.TextField(blank=True)  # the exact value of anthropic-beta; empty: no such header
    anthropic_version = models.CharField(max_length=10)
    model = models.CharField(max_length=200, blank=True)  # as sent, of the first case
    model_override = models.CharField(max_length=200, blank=True)  # where the column asks for its own
    changes = ExactTextField(null=True)  # JSON: a merge patch (object) or an RFC 6902 patch (array)
    own_body = ExactTextField(null=True)
    headers = JsonTextField(default=list)  # further request headers: [[name, value], …]
    cache_nonce = models.CharField(max_length=40, blank=True)  # stands at the start of its system text
    baseline = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    # What it took from the library; its betas and changes stand here as they were sent.
    combination_version = models.ForeignKey(
        CombinationVersion, on_delete=models.SET_NULL, null=True, related_name="variants"
    )
    # "Add a column without it": the refused column this one came from.
    origin = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comparison", "position"], name="one_variant_per_position"),
            models.UniqueConstraint(fields=["comparison", "label"], name="one_variant_per_label"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.label

    @property
    def letter(self) -> str:
        return letter(self.position)

    @property
    def took_changed(self) -> bool:
        """Whether the combination that it took was changed in the column before it ran."""
        taken = self.combination_version
        is_as_saved = taken is not None and taken.is_in(betas=self.betas, changes_text=self.changes or "")
        return not is_as_saved or self.own_body is not None

    @property
    def control_in_short(self) -> str:
        """What it is as a control, in a word or two; empty for none."""
        return CONTROLS_IN_SHORT.get(self.role, "")


class Case(models.Model):
    """One assignment of the prompt's variables, or a whole body of its own. A comparison without cases has one, empty."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="cases")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    variables = JsonTextField(default=dict)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "position"], name="one_case_per_position")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name or f"case {self.position + 1}"


class ExchangeQuerySet(OwnedQuerySet):
    def visible_to(self, user: User) -> "ExchangeQuerySet":
        return super().visible_to(user).filter(comparison__deleted_at=None)

    def queued(self) -> "ExchangeQuerySet":
        return self.filter(state=State.QUEUED)

    def in_flight(self) -> "ExchangeQuerySet":
        # A lease is set by the claim and cleared by every ending: SQLite matches this condition with the partial index,
        # and no condition on the state.
        return self.filter(lease_until__isnull=False, state__in=IN_FLIGHT)

    def unfinished(self) -> "ExchangeQuerySet":
        return self.filter(state__in=UNFINISHED)


class Exchange(models.Model):
    """One HTTP request and its response: the logged pair, immutable once final. Everything but the bodies."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="exchanges")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="exchanges")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="exchanges")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="exchanges")
    repeat = models.PositiveIntegerField()  # from 1
    attempt = models.PositiveIntegerField(default=1)
    turn = models.PositiveIntegerField(default=1)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")

    # Where it stands. `worker` is the process that claimed it; `lease_until` is in the database's time.
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    version = models.PositiveIntegerField(default=0)  # moves with every change of state
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    waited = models.BooleanField(default=False)  # held back by a limit: its columns did not start together
    send_after = models.DateTimeField(null=True)  # a stub's delay: not to be claimed before
    batch = models.ForeignKey("Batch", on_delete=models.SET_NULL, null=True, related_name="exchanges", db_index=False)

    # What a further turn adds to the one before it.
    continues = models.CharField(max_length=8, choices=Continues.choices, blank=True)  # empty: a first turn
    added = PackedBytesField(null=True)  # JSON: the content of the user message added; null where none was

    # The request, complete before anything is sent.
    method = models.CharField(max_length=8, default="POST")
    url = models.TextField()
    request_headers = JsonTextField(default=list)  # [[name, value], …] in wire order, the key as a reference
    request_body = models.ForeignKey(Body, on_delete=models.PROTECT, null=True, related_name="+")
    stream = models.BooleanField()
    model = models.CharField(max_length=200, blank=True)

    # The response, as received.
    status = models.PositiveIntegerField(null=True)
    response_headers = JsonTextField(null=True, if_damaged=DamagedList)
    response_body = models.ForeignKey(Body, on_delete=models.PROTECT, null=True, related_name="+")
    timeline = PackedBytesField(
        null=True, if_damaged=DamagedBytes
    )  # JSON: [[at_ms, end offset, event type], …], at_ms from the last request byte

    # When. Milliseconds; first byte, first text and total count from the last request byte.
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)  # the moment of the last request byte
    ended_at = models.DateTimeField(null=True)
    connect_ms = models.FloatField(null=True)
    queue_ms = models.FloatField(null=True)
    first_byte_ms = models.FloatField(null=True)
    first_text_ms = models.FloatField(null=True)
    total_ms = models.FloatField(null=True)

    # Derived from the raw bytes; `manage.py reparse` rebuilds all of it.
    message = PackedBytesField(
        null=True, if_damaged=DamagedBytes
    )  # JSON, ASCII: the message as the API would have returned it non-streamed
    text = ExactTextField(default="", if_damaged=DamagedText)
    model_used = models.CharField(max_length=200, blank=True)
    stop_reason = models.CharField(max_length=64, blank=True)
    usage = JsonTextField(null=True, if_damaged=DamagedDict)
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cache_read_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    request_id = models.CharField(max_length=200, blank=True)
    failure_kind = models.CharField(max_length=40, blank=True)  # claude.errors: kind
    error_type = models.CharField(max_length=100, blank=True)
    error_message = ExactTextField(default="", if_damaged=DamagedText)
    error_code = models.CharField(max_length=100, blank=True)
    refused_betas = JsonTextField(default=list, if_damaged=DamagedList)
    retry_after_s = models.FloatField(null=True)
    warnings = JsonTextField(default=list, if_damaged=DamagedList)
    outcomes = JsonTextField(null=True, if_damaged=DamagedDict)  # runs.judging; null until somebody looked

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "case", "repeat", "attempt", "turn"], name="one_exchange_per_attempt_and_turn"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in State]), name="exchange_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["comparison", "repeat", "id"]),
            models.Index(fields=["team", "-id"]),
            models.Index(fields=["comparison", "id"], condition=Q(state="queued"), name="exchange_queued"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="exchange_batch"),
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="exchange_in_flight"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("runs:exchange", args=[self.public_id])

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def answers_message(self) -> bool:
        """Whether a message is what answers it; anything else is kept and shown as JSON or bytes."""
        is_messages = self.method == "POST" and urlsplit(self.url).path.endswith(Endpoint.MESSAGES.path)
        return is_messages or self.batch_id is not None


class Wait(models.Model):
    """A cell that cannot go on without a person. Deleted when it goes on; its comparison is not finished before.

    `exchange` is the cell's last turn. RESULT: a tool call that no stub answers. RESTART: the next turn was ready and not
    sent when the console stopped; `body`, `added` and `continues` are that turn.
    """

    class Reason(models.TextChoices):
        RESULT = "result"
        RESTART = "restart"

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="waits")
    exchange = models.OneToOneField(Exchange, on_delete=models.CASCADE, related_name="wait")
    reason = models.CharField(max_length=8, choices=Reason.choices)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, null=True, related_name="+")
    added = PackedBytesField(null=True)
    continues = models.CharField(max_length=8, choices=Continues.choices, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.exchange_id} waits: {self.reason}"


class Batch(models.Model):
    """One Message Batch that carries cells of a comparison: those that share a header line and a version.

    The calls that make, follow, cancel and read it are the exchanges of `errand`, each kept like any other.
    """

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="batches")
    errand = models.OneToOneField(Comparison, on_delete=models.CASCADE, related_name="batch")
    position = models.PositiveIntegerField()
    batch_id = models.CharField(max_length=200, blank=True)  # the API's, once it is known
    status = models.CharField(max_length=40, blank=True)  # the API's processing_status
    counts = JsonTextField(default=dict)  # the API's request_counts
    expires_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # every cell has its outcome

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "position"], name="one_batch_per_position")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.batch_id or f"batch {self.position + 1} of {self.comparison_id}"


class Segment(models.Model):
    """A stretch of a response while it streams; folded into a `Body` when the exchange ends."""

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="segments")
    seq = models.PositiveIntegerField()
    data = PackedBytesField()
    timeline = JsonTextField(default=list)  # as Exchange.timeline, for the events that end in this segment

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exchange", "seq"], name="one_segment_per_seq")]
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"{self.exchange_id}/{self.seq}"


class ComparisonBeta(models.Model):
    """Which betas a comparison used: drives the beta filters of history."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="betas")
    beta = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["beta", "comparison"], name="one_beta_per_comparison")]

    def __str__(self) -> str:
        return self.beta


class ExchangeBeta(models.Model):
    """Which betas an exchange sent."""

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="betas")
    beta = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["beta", "exchange"], name="one_beta_per_exchange")]

    def __str__(self) -> str:
        return self.beta


class SentValue(models.Model):
    """A value the team has sent or got at least once: what the menus of history offer."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=12)  # runs.terms
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "kind", "value"], name="one_sent_value")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class ToIndex(models.Model):
    """Something whose searchable text changed: written with the change, deleted with the index write (see finding)."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="+")
    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, null=True, related_name="+")

    def __str__(self) -> str:
        return f"comparison {self.comparison_id}, exchange {self.exchange_id}"


class VerdictDue(models.Model):
    """A comparison that has ended, or of which other things are to be said since: written with that, deleted once its verdict
    is worked out."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"of comparison {self.comparison_id}"


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def open(self) -> "ReservationQuerySet":
        return self.filter(settled_at=None)


class Reservation(models.Model):
    """What one press of Run, or one step further, may cost at most: put aside before it is queued, settled when it has ended.

    It covers the comparison's exchanges after `after_exchange`, up to those of the next reservation. The sums of a
    connection's days stay when comparisons are deleted.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="reservations", db_index=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.SET_NULL, null=True, related_name="reservations")
    day = models.DateField()  # in UTC, of the moment it was queued
    after_exchange = models.BigIntegerField(default=0)
    requests = models.PositiveIntegerField()  # what was queued at first; further turns are part of the sum
    reserved_usd = models.DecimalField(max_digits=16, decimal_places=8, default=0)  # 0 once it is settled
    spent_usd = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    is_priced = models.BooleanField(
        default=True
    )  # False: of a part no price is known, and that part is not in the sums
    settled_at = models.DateTimeField(null=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["connection", "day"]),
            models.Index(fields=["connection"], condition=Q(settled_at=None), name="reservation_open"),
        ]

    def __str__(self) -> str:
        return f"${self.reserved_usd} reserved, ${self.spent_usd} spent"


class Import(models.Model):
    """One file of comparisons that somebody brought. While `finished_at` is null what it brought so far is hidden."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return self.file_name


class Imported(models.Model):
    """That a comparison came out of a file, and what it was there: its id, number and author as the file names them."""

    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, related_name="imported")
    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="comparisons")
    origin_id = models.CharField(max_length=24, db_index=True)
    number = models.PositiveIntegerField(default=0)
    author = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.comparison_id} from {self.source_id}"
