"""What was asked and answered about which betas a connection and model accept. Kept forever."""

from django.db import models
from django.utils import timezone

from betaconsole.storage.fields import ExactTextField, JsonTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Connection, Team, User
from betaconsole.teams.owned import OwnedQuerySet


class State(models.TextChoices):
    """What one probe said of one beta."""

    ACCEPTED = "accepted"
    REFUSED = "refused", "Refused as unknown"
    REFUSED_MODEL = "refused_model", "Refused for this model"
    REFUSED_ACCOUNT = "refused_account", "Refused for this account"
    NOT_CHECKED = "not_checked", "This endpoint does not check"  # a control was not answered as it must be
    UNREACHABLE = "unreachable", "Not reachable"
    INCONCLUSIVE = "inconclusive"  # an error that says nothing about the beta


class Method(models.TextChoices):
    """What was sent to find out."""

    COUNT_TOKENS = "count_tokens"
    MESSAGE = "message"  # the smallest request the model accepts
    LISTED = "listed"  # one request with several names: the API lists all it does not know
    ENDPOINT = "endpoint"  # the endpoint the beta acts on, where that is another one


class Check(models.Model):
    """One press of "Check availability", or one slot of a schedule: betas × models on a connection."""

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"  # by a person, the budget or the end of the process: what was found stands

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="availability_checks")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")  # null: the schedule
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="availability_checks")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    betas = JsonTextField(default=list)
    models_asked = JsonTextField(default=list)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    note = models.CharField(max_length=500, blank=True)  # why it stopped, what the controls said
    requests = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    slot = models.DateTimeField(null=True)  # the moment of the schedule that this one stands for
    # While it runs: by which sending process (empty: one that does not send), and when that one counts as dead.
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "slot"], name="one_check_per_slot")]
        indexes = [models.Index(fields=["connection", "-id"])]

    def __str__(self) -> str:
        return f"{self.public_id}: {len(self.betas)} betas × {len(self.models_asked)} models, {self.status}"


class Probe(models.Model):
    """What one check found out about one beta on one model. Never changed, never deleted."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    check_of = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="probes")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="probes")
    model = models.CharField(max_length=200)
    beta = models.CharField(max_length=128)
    state = models.CharField(max_length=16, choices=State.choices)
    method = models.CharField(max_length=12, choices=Method.choices)
    message = ExactTextField(default="")  # the far end's own words; empty where it accepted
    exchange = models.CharField(max_length=24, blank=True)  # public id of the exchange that told
    checked_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["check_of", "model", "beta"], name="one_probe_per_check")]
        indexes = [
            models.Index(fields=["connection", "beta", "model", "-id"]),
            models.Index(fields=["team", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.beta} on {self.model}: {self.state}"


class Standing(models.Model):
    """The last word on one beta, model and connection: a row that each conclusive probe moves, so that no page searches.

    `since` is when the state became what it is, `previous` what it was before. A probe that says nothing about the beta
    (not reachable, inconclusive, not checked) leaves a conclusive standing and moves only `last_probe`.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="standings")
    model = models.CharField(max_length=200)
    beta = models.CharField(max_length=128)
    state = models.CharField(max_length=16, choices=State.choices)
    previous = models.CharField(max_length=16, choices=State.choices, blank=True)
    since = models.DateTimeField()
    probe = models.ForeignKey(Probe, on_delete=models.CASCADE, related_name="+")  # the one that said so last
    last_probe = models.ForeignKey(Probe, on_delete=models.CASCADE, related_name="+")

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "beta", "model"], name="one_standing_per_beta_and_model")
        ]
        indexes = [models.Index(fields=["team", "-since"])]

    def __str__(self) -> str:
        return f"{self.beta} on {self.model}: {self.state} since {self.since:%Y-%m-%d}"


class Schedule(models.Model):
    """When a connection is checked by itself. Without a row, or `is_on` false: never."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="probe_schedule")
    is_on = models.BooleanField(default=False)
    every_hours = models.PositiveIntegerField(default=24)
    betas = JsonTextField(default=list)  # empty: every active beta of the catalogue
    models_asked = JsonTextField(default=list)  # empty: the default model
    daily_requests = models.PositiveIntegerField(default=200)
    daily_usd = models.DecimalField(max_digits=8, decimal_places=2, default=1)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.connection}: every {self.every_hours} h" if self.is_on else f"{self.connection}: off"


class Visit(models.Model):
    """When a person last looked at a team's list of betas: what changed since stands at its top.

    Looks at it one soon after the other are one visit; `news_from` is when the visit before that ended, null in the first.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    news_from = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="one_visit_per_person_and_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.seen_at:%Y-%m-%d %H:%M}"
