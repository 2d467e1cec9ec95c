"""A history of any length, made up: for looking at pages that are full and for measuring them.

Everything is marked as simulated. Bodies, summaries and the index are what a real run would have left.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.db import transaction
from django.utils import timezone

from betaconsole.claude.headers import DEFAULT_VERSION, join_betas, request_headers
from betaconsole.runs import documents
from betaconsole.runs.documents import Offers
from betaconsole.runs.fulltext import SLOT_BITS, Document
from betaconsole.runs.models import Body, Case, Comparison, ComparisonBeta, Exchange, ExchangeBeta, Variant
from betaconsole.runs.states import State
from betaconsole.runs.summaries import Turn, summary_of
from betaconsole.storage.fields import pack
from betaconsole.storage.public_id import ALPHABET, LENGTH
from betaconsole.teams.models import Connection, Membership, Role, Team, User
from betaconsole.teams.solo import make_connections, set_up_solo

from . import seeding_texts as texts
from .seeding_rows import Table, index_documents, let_keys_follow, moment

SMALL_TEAM = "Research (small)"
SMALL_SHARE = 0.001
DAYS = 180
ANSWERS = 5000
AT_ONCE = 3000  # exchanges per transaction
BETAS = (
    *("context-management-2025-06-27", "interleaved-thinking-2025-05-14", "context-1m-2025-08-07", "skills-2025-10-02"),
    *("fine-grained-tool-streaming-2025-05-14", "code-execution-2025-08-25", "files-api-2025-04-14"),
)
MODELS = ("claude-sonnet-4-6", "claude-opus-4-8", "claude-haiku-4-5")
TAGS = ("launch", "refunds", "weekly", "regression")
ENDS = (State.SUCCEEDED, State.FAILED, State.INCOMPLETE, State.CANCELLED, State.SKIPPED, State.INTERRUPTED)
SHARES = (900, 60, 15, 10, 10, 5)
ERRORS = ((529, "overloaded_error"), (429, "rate_limit_error"), (400, "invalid_request_error"), (500, "api_error"))
VERDICTS = ("effective", "no_visible_effect", "not_observable_here", "inconclusive", "pins_older_shape")


@dataclass(frozen=True)
class Seeded:
    """What was made."""

    exchanges: int
    comparisons: int


class _Owner(NamedTuple):
    team: Team
    connection: Connection
    authors: list[int]


class _Variant(NamedTuple):
    pk: int
    position: int
    baseline_id: int | None
    model: str
    betas: tuple[str, ...]
    header: str
    request_headers: str
    body: int
    role: str = ""


@dataclass
class _Sent:
    """An exchange as far as its terms and words need it."""

    pk: int
    team_id: int
    author_id: int
    comparison_id: int
    connection_id: int
    state: str
    model: str
    model_used: str = ""
    status: int | None = None
    error_type: str = ""
    error_message: str = ""
    failure_kind: str = ""
    cost_usd: Decimal | None = None
    total_ms: float | None = None
    outcomes: dict[str, Any] | None = None
    text: str = ""
    request_id: str = ""


def seed(exchanges: int, *, said: Callable[[int], object] = lambda made: None) -> Seeded:
    """Add so many exchanges, in comparisons of one to sixty. `said` is told how many are made, from time to time."""
    last = Exchange.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    maker = _Maker(random.Random(last), answers=min(ANSWERS, exchanges))  # noqa: S311 - made-up rows
    big, small = _owners()
    made = comparisons = 0
    began = timezone.now() - timedelta(days=DAYS)
    while made < exchanges:
        with transaction.atomic():
            until = min(made + AT_ONCE, exchanges)
            while made < until:
                owner = small if maker.chance.random() < SMALL_SHARE else big
                made += maker.comparison(
                    owner, began + timedelta(days=DAYS) * (made / exchanges), most=exchanges - made
                )
                comparisons += 1
            maker.flush()
        said(made)
    let_keys_follow(maker.tables)
    for owner in (big, small):
        newest = Comparison.objects.filter(team=owner.team).order_by("-number").values_list("number", flat=True).first()
        Team.objects.filter(pk=owner.team.pk).update(next_comparison=(newest or 0) + 1)
    return Seeded(made, comparisons)


def _owners() -> tuple[_Owner, _Owner]:
    """The console's own team, and one that has a thousandth of the rows."""
    local = set_up_solo()
    mates = [_person(local.team, name) for name in ("Bo", "Cleo", "Dara")]
    small = Team.objects.filter(name=SMALL_TEAM).first() or Team.objects.create(name=SMALL_TEAM)
    finch = _person(small, "Finch", role=Role.OWNER)
    if not Connection.objects.filter(team=small, kind="simulator").exists():
        make_connections(small, author=finch)
    return _owner(local.team, [local.user, *mates]), _owner(small, [finch])


def _person(team: Team, name: str, *, role: Role = Role.MEMBER) -> User:
    email = f"{name.lower()}@example.com"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
    Membership.objects.get_or_create(user=user, team=team, defaults={"role": role})
    return user


def _owner(team: Team, authors: list[User]) -> _Owner:
    connection = Connection.objects.get(team=team, kind="simulator")
    return _Owner(team, connection, [author.pk for author in authors])


class _Answer(NamedTuple):
    """A reply as it is kept: making it takes longer than writing it, so there are some thousand and each comes often."""

    words: str
    text: bytes
    message: bytes
    size: int
    output_tokens: int


def _an_answer(chance: random.Random) -> _Answer:
    text = texts.answer(chance)
    tokens = len(text) // 4
    message = {
        "id": f"msg_{chance.randrange(10**12)}", "type": "message", "role": "assistant", "model": MODELS[0],
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
        "usage": {"input_tokens": chance.randint(300, 9000), "output_tokens": tokens},
    }  # fmt: skip
    data = json.dumps(message).encode()
    return _Answer(documents.normalised([text]), pack(text.encode()), pack(data), len(data), tokens)


class _Maker:
    """Rows of comparisons, gathered until they are flushed."""

    def __init__(self, chance: random.Random, *, answers: int) -> None:
        self.chance = chance
        self.tables = [
            Table(model) for model in (Body, Comparison, Variant, Case, ComparisonBeta, Exchange, ExchangeBeta)
        ]
        self.body, self.comparisons, self.variants, self.cases, self.used, self.exchanges, self.sent_betas = self.tables
        self.numbers: dict[int, int] = {}
        self.documents: list[Document] = []
        self.terms: list[tuple[int, list[str]]] = []
        self.offers = Offers()
        self._answers = [_an_answer(chance) for _ in range(answers)]
        self._counted = (0, 0)  # a comparison, and how many of its exchanges there are
        self._timeline = pack(
            json.dumps([[640.0 + n * 31.5, 200 + n * 140, "content_block_delta"] for n in range(24)]).encode()
        )

    def flush(self) -> None:
        for table in self.tables:
            table.flush()
        index_documents(self.documents, self.terms)
        self.offers.keep()
        self.documents, self.terms, self.offers = [], [], Offers()

    def comparison(self, owner: _Owner, at: datetime, *, most: int) -> int:
        """One comparison with its exchanges; gives how many of those there are."""
        chance, team = self.chance, owner.team.pk
        columns = chance.choice((1, 2, 2, 2, 2, 3, 3, 4, 6, 8))
        repeats = chance.choice((1, 1, 1, 2, 3, 5, 10))
        while repeats > 1 and columns * repeats > most:
            repeats -= 1
        columns = max(1, min(columns, most))
        row = self._comparison(owner, repeats=repeats)
        own = {
            "system": texts.SYSTEM,
            "max_tokens": 1024,
            "stream": True,
            "messages": [{"role": "user", "content": texts.question(chance)}],
        }
        variants = self._columns(row.pk, columns, team, own)
        case = self.cases.add(comparison_id=row.pk, position=0)
        turns, sents, then = [], [], moment(at)
        for repeat in range(1, repeats + 1):
            for variant in variants:
                sent, turn = self._exchange(row, variant, case, repeat=repeat, at=then)
                turns.append(turn)
                sents.append(sent)
        self._comparison_row(row, variants, (turns, sents), at=then, body=own)
        return len(turns)

    def _comparison(self, owner: _Owner, *, repeats: int) -> Comparison:
        """What is true of the comparison itself; its row is written once its exchanges are known."""
        team = owner.team.pk
        number = self.numbers.get(team) or owner.team.next_comparison
        self.numbers[team] = number + 1
        return Comparison(
            pk=self.comparisons.next_id,
            number=number,
            team_id=team,
            author_id=self.chance.choice(owner.authors),
            connection_id=owner.connection.pk,
            title=texts.title(self.chance),
            simulated=True,
            repeats=repeats,
            tags=[self.chance.choice(TAGS)] if self.chance.random() < 0.1 else None,
        )

    def _comparison_row(
        self,
        row: Comparison,
        variants: list[_Variant],
        ended: tuple[list[Turn], list[_Sent]],
        *,
        at: Any,
        body: dict[str, Any],
    ) -> None:
        turns, sents = ended
        summary = summary_of(cast(list[Variant], variants), turns)
        betas = sorted({beta for variant in variants for beta in variant.betas})
        kept = {
            "summary": json.dumps(summary.dump()),
            "cost_usd": _dollars(summary.cost_usd),
            "slowest_ms": summary.slowest_ms,
        }
        self.comparisons.add(
            team_id=row.team_id,
            author_id=row.author_id,
            public_id=self._public_id(),
            number=row.number,
            title=row.title,
            connection_id=row.connection_id,
            simulated=True,
            body_id=self._keep_bytes(row.team_id, json.dumps({"model": MODELS[0], **body}).encode()),
            anthropic_version=DEFAULT_VERSION,
            repeats=row.repeats,
            created_at=at,
            finished_at=at,
            tags=None if row.tags is None else json.dumps(row.tags),
            **kept,
        )
        for beta in betas:
            self.used.add(comparison_id=row.pk, beta=beta)
        facts = documents.comparison_facts(row, cast(list[Exchange], sents), betas, summary)
        terms = list(facts.terms())
        said = [
            row.title,
            *(variant.model for variant in variants),
            *betas,
            texts.SYSTEM,
            body["messages"][0]["content"],
        ]
        self.offers.add(facts)
        self.terms.append((row.pk, terms))
        self.documents.append(Document(row.pk << SLOT_BITS, None, terms, documents.normalised(said)))

    def _columns(self, comparison: int, count: int, team: int, own: dict[str, Any]) -> list[_Variant]:
        chance, made = self.chance, list[_Variant]()
        for position in range(count):
            betas = tuple(chance.sample(BETAS, k=min(position, chance.choice((1, 1, 2, 3))))) if position else ()
            if not position and chance.random() < 0.3:
                betas = (chance.choice(BETAS),)
            model = (
                chance.choice(MODELS) if position and chance.random() < 0.2 else (made[0].model if made else MODELS[0])
            )
            baseline = made[0].pk if made else None
            header = join_betas(betas) if betas else ""
            headers = json.dumps(
                [list(pair) for pair in request_headers(betas=betas, version=DEFAULT_VERSION, stream=True)]
            )
            pk = self.variants.add(
                comparison_id=comparison,
                position=position,
                label="Baseline" if not position else f"Column {position}",
                betas=json.dumps(betas),
                header=header,
                anthropic_version=DEFAULT_VERSION,
                model=model,
                baseline_id=baseline,
            )
            body = self._keep_bytes(
                team, json.dumps({"model": model, **own, "metadata": {"user_id": str(pk)}}).encode()
            )
            made.append(_Variant(pk, position, baseline, model, betas, header, headers, body))
        return made

    def _exchange(self, row: Comparison, variant: _Variant, case: int, *, repeat: int, at: Any) -> tuple[_Sent, Turn]:
        chance = self.chance
        state = chance.choices(ENDS, SHARES)[0]
        pk, author = self.exchanges.next_id, row.author_id or 0
        sent = _Sent(pk, row.team_id, author, row.pk, row.connection_id, state.value, variant.model)
        answered = self._answered(sent, variant) if state == State.SUCCEEDED else self._ended(sent, variant)
        self.exchanges.add(
            team_id=row.team_id,
            author_id=author,
            public_id=self._public_id(),
            comparison_id=row.pk,
            variant_id=variant.pk,
            case_id=case,
            repeat=repeat,
            connection_id=row.connection_id,
            state=state.value,
            version=3,
            url="http://simulator.invalid/v1/messages",
            request_headers=variant.request_headers,
            request_body_id=variant.body,
            stream=True,
            model=variant.model,
            created_at=at,
            sent_at=at if sent.status else None,
            ended_at=at,
            **answered,
        )
        for beta in variant.betas:
            self.sent_betas.add(exchange_id=pk, beta=beta)
        facts = documents.exchange_facts(cast(Exchange, sent), row, variant.betas)
        slot = self._slot(row.pk)
        self.documents.append(documents.exchange_document(cast(Exchange, sent), facts, slot=slot))
        return sent, Turn(
            id=pk, comparison=row.pk, variant=variant.pk, case=case, repeat=repeat, turn=1, attempt=1,
            state=state.value, wait=None, is_refused=sent.error_type == "invalid_request_error", status=sent.status,
            error_type=sent.error_type, failure_kind=sent.failure_kind, model=variant.model,
            input_tokens=answered.get("input_tokens"), output_tokens=answered.get("output_tokens"),
            cost_usd=sent.cost_usd, total_ms=sent.total_ms,
        )  # fmt: skip

    def _slot(self, comparison: int) -> int:
        if self._counted[0] != comparison:
            self._counted = (comparison, 0)
        self._counted = (comparison, self._counted[1] + 1)
        return self._counted[1]

    def _answered(self, sent: _Sent, variant: _Variant) -> dict[str, Any]:
        chance = self.chance
        said = chance.choice(self._answers)
        sent.text, sent.status, sent.model_used = said.words, 200, variant.model
        sent.request_id = "req_011C" + "".join(chance.choices(ALPHABET, k=16))
        tokens_in = chance.randint(300, 9000)
        sent.cost_usd = Decimal(tokens_in * 3 + said.output_tokens * 15).scaleb(-6)
        sent.total_ms = round(chance.lognormvariate(8.3, 0.6), 1)
        if variant.betas:
            rows = [{"beta": beta, "outcome": chance.choice(VERDICTS), "evidence": []} for beta in variant.betas]
            sent.outcomes = {"baseline": None, "betas": rows}
        return {
            "status": 200,
            "response_headers": f'[["content-type","application/json"],["request-id","{sent.request_id}"]]',
            "response_body_id": self._keep(sent.team_id, said.message, said.size),
            "timeline": self._timeline,
            "connect_ms": 31.0,
            "queue_ms": 0.4,
            "first_byte_ms": min(640.0, sent.total_ms),
            "first_text_ms": min(812.0, sent.total_ms),
            "total_ms": sent.total_ms,
            "message": said.message,
            "text": said.text,
            "model_used": variant.model,
            "stop_reason": "end_turn",
            "usage": f'{{"input_tokens":{tokens_in},"output_tokens":{said.output_tokens},"cache_read_input_tokens":0}}',
            "input_tokens": tokens_in,
            "output_tokens": said.output_tokens,
            "cost_usd": _dollars(sent.cost_usd),
            "request_id": sent.request_id,
            "outcomes": None if sent.outcomes is None else json.dumps(sent.outcomes),
        }

    def _ended(self, sent: _Sent, variant: _Variant) -> dict[str, Any]:
        if sent.state != State.FAILED:
            sent.failure_kind = sent.state if sent.state in (State.INCOMPLETE, State.INTERRUPTED) else ""
            return {"failure_kind": sent.failure_kind}
        sent.status, sent.error_type = self.chance.choices(ERRORS, (60, 25, 12, 3))[0]
        sent.failure_kind, sent.total_ms = "status", round(self.chance.uniform(60, 900), 1)
        sent.error_message = f"The request was not answered: {sent.error_type.replace('_', ' ')}."
        is_refused = sent.error_type == "invalid_request_error" and bool(variant.betas)
        if is_refused:
            row = {"beta": variant.betas[0], "outcome": "refused_unknown", "evidence": [sent.error_message]}
            sent.outcomes = {"baseline": None, "betas": [row]}
        said = json.dumps({"type": "error", "error": {"type": sent.error_type, "message": sent.error_message}}).encode()
        return {
            "status": sent.status,
            "failure_kind": sent.failure_kind,
            "error_type": sent.error_type,
            "error_message": pack(sent.error_message.encode()),
            "refused_betas": json.dumps(variant.betas[:1] if is_refused else []),
            "response_headers": '[["content-type","application/json"]]',
            "response_body_id": self._keep_bytes(sent.team_id, said),
            "total_ms": sent.total_ms,
            "outcomes": None if sent.outcomes is None else json.dumps(sent.outcomes),
        }

    def _keep_bytes(self, team: int, data: bytes) -> int:
        return self._keep(team, pack(data), len(data))

    def _keep(self, team: int, packed: bytes, size: int) -> int:
        # Made up: equal bytes stand as often here as different ones would in earnest.
        return self.body.add(team_id=team, sha256=f"5eed{self.body.next_id:060x}", size=size, data=packed)

    def _public_id(self) -> str:
        return "".join(self.chance.choices(ALPHABET, k=LENGTH))


def _dollars(value: Decimal | None) -> str | None:
    """As a decimal column keeps it on both databases."""
    return None if value is None else f"{value:.8f}"
