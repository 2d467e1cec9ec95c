"""What is in the composer, kept by the server."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from betaconsole.checks.checks import Check, CheckError, read_checks
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.library.models import PromptVersion
from betaconsole.storage.fields import ExactTextField, JsonTextField, PackedBytesField, unpacked
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Connection, Team, User

from .apart import references, taken_apart
from .columns import Column, dump, load
from .facts import facts_of
from .file_kinds import TEXT as PLAIN_TEXT
from .file_kinds import kind_of
from .saved_state import differs


class Engine(models.TextChoices):
    """How the requests of a comparison go out: each on its own and at once, or together as Message Batches."""

    LIVE = "live"
    BATCH = "batch"


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, user: User) -> "DraftQuerySet":
        """A draft is its author's desk: nobody else sees it, and only while the author is in its team."""
        return self.filter(user.sees(), author=user)

    def light(self) -> "DraftQuerySet":
        """Without the body text and the stubs, which may have megabytes and which most edits neither read nor change."""
        return self.defer(
            "body_text", "tool_stubs", "case_set__summary", "prompt_version__body_text", "prompt_version__tool_stubs"
        ).select_related("connection", "prompt_version__prompt", "case_set")

    def to_edit(self) -> "DraftQuerySet":
        """Light, and held until the transaction ends, where the database can hold a row (SQLite holds everything)."""
        return self.light().select_for_update(of=("self",))

    def latest_of(self, user: User, team: Team) -> "Draft | None":
        """What this person had open last."""
        return self.visible_to(user).filter(team=team).order_by("-updated_at", "-pk").first()


class Draft(models.Model):
    """A composer's content: the body text as typed, the columns, and a revision that every edit moves by one."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    revision = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200, blank=True)
    body_text = ExactTextField(default="")
    facts = JsonTextField(default=dict)  # drafts.facts of body_text, so that a tick need not read it
    version = models.CharField(max_length=10)  # anthropic-version of every column that names none
    columns = JsonTextField(default=list)  # drafts.columns
    rows = JsonTextField(default=list)  # betas shown as rows of the matrix, ticked or not, in order
    repeats = models.PositiveIntegerField(default=1)
    preset = models.CharField(max_length=24, blank=True)  # what filled the matrix last: drafts.presets
    checks = JsonTextField(default=list)  # what is checked of each output
    counts = JsonTextField(default=dict)  # drafts.token_counts: input tokens of its columns, by what was counted
    # Where to: claude.endpoints. A body that is no JSON object is an upload, and `parts` is what it takes along.
    method = models.CharField(max_length=8, default="POST")
    path = models.CharField(max_length=2000, default="/v1/messages")
    query = models.CharField(max_length=2000, blank=True)
    # Digest of the OwnBody that keeps the body for /v1/messages while body_text is one for another endpoint.
    messages_body = models.CharField(max_length=64, blank=True)
    parts = JsonTextField(default=list)  # drafts.uploads: fields and files of a multipart body
    tool_stubs = JsonTextField(default=list)  # library.stubs
    max_turns = models.PositiveIntegerField(null=True)  # null: library.stubs.turns_allowed decides
    engine = models.CharField(max_length=8, choices=Engine.choices, default=Engine.LIVE)
    separate_caches = models.BooleanField(default=False)
    case_set = models.ForeignKey("CaseSet", on_delete=models.SET_NULL, null=True, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="+")
    prompt_version = models.ForeignKey(PromptVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    is_changed = models.BooleanField(default=False)  # since prompt_version: drafts.saved_state
    updated_at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["author", "-updated_at"])]

    def __str__(self) -> str:
        return self.title or f"Draft {self.public_id}"

    @property
    def known_checks(self) -> Sequence[Check]:
        """What is checked of each output; nothing where that cannot be read any more."""
        try:
            return read_checks(self.checks)
        except CheckError:
            return ()

    @classmethod
    @transaction.atomic
    def start(
        cls,
        *,
        team: Team,
        author: User,
        connection: Connection | None,
        body_text: str,
        columns: Sequence[Column],
        own_bodies: Mapping[str, str] | None = None,
        version: str = DEFAULT_VERSION,
        repeats: int = 1,
        title: str = "",
        prompt_version: PromptVersion | None = None,
        endpoint: Endpoint = Endpoint.MESSAGES,
        tool_stubs: Sequence[Mapping[str, Any]] = (),
        max_turns: int | None = None,
        engine: str = Engine.LIVE,
        separate_caches: bool = False,
    ) -> "Draft":
        """A new draft. `own_bodies` maps column keys to the text of their own body; rows are the betas ticked.

        `tool_stubs` are in their written form (library.stubs).
        """
        apart = taken_apart(body_text)
        sizes = {digest: len(data) for digest, data in apart.files.items()}
        draft = cls.objects.create(
            team=team,
            author=author,
            connection=connection,
            body_text=apart.text,
            facts=facts_of(apart.text, sizes).dump(),
            columns=dump(columns),
            rows=list(dict.fromkeys(beta for column in columns for beta in column.betas)),
            version=version,
            repeats=repeats,
            title=title[:200],
            prompt_version=prompt_version,
            method=endpoint.method,
            path=endpoint.path,
            query=endpoint.query,
            tool_stubs=list(tool_stubs),
            max_turns=max_turns,
            engine=engine,
            separate_caches=separate_caches,
            is_changed=differs(prompt_version, body_text=apart.text, tool_stubs=tool_stubs, max_turns=max_turns),
        )
        Upload.keep(draft, apart.files)
        if own_bodies:
            draft.keep_own_bodies(own_bodies)
        return draft

    def keep_own_bodies(self, texts: Mapping[str, str]) -> None:
        """The text of the own body of each of these columns, by its key."""
        kept = {key: OwnBody.keep(self, text) for key, text in texts.items()}
        self.columns = [{**row, "own_body": kept.get(row["key"], row["own_body"])} for row in self.columns]
        self.save(update_fields=["columns"])

    @property
    def sheet(self) -> list[Column]:
        """The columns, typed."""
        return load(self.columns)

    @property
    def endpoint(self) -> Endpoint:
        """Where its requests go, as it was typed: `check_endpoint` has the last word."""
        return Endpoint(self.method, self.path, self.query)

    @property
    def recorded(self) -> "CaseSet | None":
        """The recorded requests that run in place of its body."""
        return self.case_set if self.case_set and self.case_set.kind != CaseSet.Kind.VALUES else None

    @property
    def value_set(self) -> "CaseSet | None":
        """The cases that fill in the variables of its body."""
        return self.case_set if self.case_set and self.case_set.kind == CaseSet.Kind.VALUES else None


class OwnBody(models.Model):
    """A whole body beside the draft's own: a column's, or the one for messages while another endpoint is asked.

    It stands apart from the columns, so that a tick neither reads nor writes it.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="own_bodies")
    digest = models.CharField(max_length=64)
    text = ExactTextField()
    facts = JsonTextField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "digest"], name="one_own_body_per_digest")]

    def __str__(self) -> str:
        return f"{self.draft_id}: {self.digest[:12]}"

    @classmethod
    def keep(cls, draft: Draft, text: str) -> str:
        """The digest under which the draft has this text, kept once."""
        apart = taken_apart(text)
        Upload.keep(draft, apart.files)
        digest = hashlib.sha256(apart.text.encode("utf-8", "surrogatepass")).hexdigest()
        facts = facts_of(apart.text, Upload.sizes(draft, apart.text))
        row = OwnBody(draft=draft, digest=digest, text=apart.text, facts=facts.dump())
        OwnBody.objects.bulk_create([row], ignore_conflicts=True)
        return digest

    @classmethod
    def sweep(cls, draft: Draft) -> None:
        """Drop the bodies that neither the draft, a column nor a step to undo names any more."""
        named = {draft.messages_body, *(row.get("own_body") for row in draft.columns)}
        for before in draft.steps.values_list("before", flat=True):
            named |= {row.get("own_body") for row in (*before.get("columns", ()), *before.get("changed_columns", ()))}
            named.add(before.get("messages_body"))
        cls.objects.filter(draft=draft).exclude(digest__in=named - {None}).delete()


class Upload(models.Model):
    """A file of a draft: one that an upload takes along, or the data of a block in a body (drafts.apart).

    It stands apart from the parts and the body's text, so that an edit neither reads nor writes it.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="uploads")
    digest = models.CharField(max_length=64)  # drafts.apart.digest_of
    data = PackedBytesField()
    size = models.PositiveIntegerField()
    about = JsonTextField(default=dict)  # what it is by its bytes: drafts.attachments.FileNote

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "digest"], name="one_upload_per_digest")]

    def __str__(self) -> str:
        return f"{self.draft_id}: {self.digest[:12]}"

    @classmethod
    def keep(cls, draft: Draft, files: Mapping[str, bytes]) -> None:
        """Keep the files, each once; `files` by `drafts.apart.digest_of`."""
        rows = [cls._row(draft, digest, data) for digest, data in files.items()]
        Upload.objects.bulk_create(rows, ignore_conflicts=True)

    @classmethod
    def _row(cls, draft: Draft, digest: str, data: bytes) -> "Upload":
        kind = kind_of(data)
        about = {name: value for name, value in vars(kind).items() if value and name != "label"}
        stored = data if kind.media_type == PLAIN_TEXT else unpacked(data)  # the others are packed as they come
        return cls(draft=draft, digest=digest, data=stored, size=len(data), about=about)

    @classmethod
    def sizes(cls, draft: Draft, text: str) -> dict[str, int]:
        """The size of each file that the text of a body refers to."""
        digests = {reference.digest for reference in references(text)}
        if not digests:
            return {}
        return dict(cls.objects.filter(draft=draft, digest__in=digests).values_list("digest", "size"))


class CaseSet(models.Model):
    """What a draft runs more than once: the turns of a recorded trace or independent cases, whole bodies in place of its
    own, or values for the variables of its own."""

    class Kind(models.TextChoices):
        CASES = "cases"
        TRACE = "trace"
        VALUES = "values"

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="case_sets")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    source = models.CharField(max_length=200, blank=True)  # the name of the file it came from
    count = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    notes = JsonTextField(default=list)  # what the import noticed, one sentence each
    summary = JsonTextField(default=dict)  # what a page shows without reading a body: drafts.importing.Recording

    def __str__(self) -> str:
        return f"{self.draft_id}: {self.count} {self.kind}"

    @property
    def is_trace(self) -> bool:
        return self.kind == self.Kind.TRACE

    @property
    def left_out(self) -> int:
        """How many its summary does not list."""
        return self.count - len(self.summary.get("listed", ()))


class CaseBody(models.Model):
    """One body of a case set, as its JSON text; of values an object, text by variable."""

    case_set = models.ForeignKey(CaseSet, on_delete=models.CASCADE, related_name="bodies")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    text = ExactTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case_set", "position"], name="one_case_body_per_position")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name or f"case {self.position + 1}"


class Step(models.Model):
    """One edit of a draft: what it replaced, for undo, and which tab made it, for noticing a second one.

    An undone step stays as a mark of who moved the revision; its `before` is empty.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="steps")
    revision = models.PositiveIntegerField()  # the draft's revision after this edit
    tab = models.CharField(max_length=24)
    what = models.CharField(max_length=120)  # said on the undo button: "tick context-1m in B"
    place = models.CharField(max_length=120, blank=True)  # the field that was typed into; typing on there is one step
    before = JsonTextField(default=dict)  # the fields this edit replaced, but for the body text
    body_before = ExactTextField(null=True)  # the body text it replaced; None where the edit left it alone
    size = models.PositiveIntegerField(default=0)  # characters of body_before
    undone = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "revision"], name="one_step_per_revision")]

    def __str__(self) -> str:
        return f"{self.draft_id}@{self.revision}: {self.what}"


class TokenCount(models.Model):
    """How many input tokens a request has on a connection, as count_tokens said: the same request is counted once."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)  # drafts.token_counts.digest_of
    input_tokens = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "connection", "digest"], name="one_token_count_per_request")
        ]

    def __str__(self) -> str:
        return f"{self.digest[:12]}: {self.input_tokens:,}"
