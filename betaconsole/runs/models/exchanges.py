"""What was sent and received: exchanges, their stretches while they stream, cells that wait, batches."""

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from betaconsole.claude.endpoints import Endpoint
from betaconsole.runs.states import FINAL, IN_FLIGHT, UNFINISHED, State
from betaconsole.storage.fields import (
    DamagedBytes,
    DamagedDict,
    DamagedList,
    DamagedText,
    ExactTextField,
    JsonTextField,
    PackedBytesField,
)
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Connection, Team, User
from betaconsole.teams.owned import OwnedQuerySet

from .bodies import Body
from .columns import Case, Variant
from .comparisons import Comparison


class Continues(models.TextChoices):
    """Why a further turn was sent."""

    STUBS = "stubs"  # every tool call was answered by a stub
    RESULTS = "results"  # a person gave at least one result
    PAUSE = "pause"  # pause_turn: the reply goes back as it is
    MESSAGE = "message"  # a person's next message


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
    version = models.PositiveIntegerField(default=0)  # moves with the state, and when the bytes are read anew
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
    # [[name, value], …] in wire order, the key as a reference. What is sent or concluded from them asks for them `undamaged`.
    request_headers = JsonTextField(default=list, if_damaged=DamagedList)
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
