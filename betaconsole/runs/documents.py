"""What comparisons and exchanges are found by: their words and the terms of what is true of them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .fulltext import SLOT_BITS, Document
from .models import Comparison, Exchange, SentValue
from .states import UNFINISHED
from .summaries import Summary
from .terms import COMPARISON, EXCHANGE, Facts

MAX_INDEXED_CHARS = 200_000
MAX_WORD = 60
WORD = re.compile(r"[^\W_]+")
# What the menus of history offer, as it was sent.
OFFERED = ("beta", "model", "error", "tag")
OF_EXCHANGES = (
    *("team_id", "author_id", "comparison_id", "connection_id", "state", "status", "model", "model_used", "error_type"),
    *("failure_kind", "cost_usd", "total_ms", "outcomes"),
)
WORDS_OF_EXCHANGES = ("text", "error_message", "request_id")
SAID_OF_COMPARISONS = ("tags", "pinned_at", "simulated", "engine", "is_trace")


def words(text: str) -> list[str]:
    """The words of a text as they are indexed: letters and digits, case folded, everything else stands between."""
    return [word[:MAX_WORD] for word in WORD.findall(text.casefold())]


def normalised(parts: Iterable[str]) -> str:
    """Words with single blanks between, no longer than the index should bear."""
    text = " ".join(part[:MAX_INDEXED_CHARS] for part in parts)[:MAX_INDEXED_CHARS]
    return " ".join(words(text))


# Words ------------------------------------------------------------------------------------------------------------------


def comparison_document(comparison: Comparison, facts: Facts) -> Document:
    """Title, labels, betas, prompt. Body and variants are loaded."""
    parts = [comparison.title, *_labels(comparison), *_strings(_parsed(bytes(comparison.body.data)))]
    return Document(comparison.pk << SLOT_BITS, None, list(facts.terms()), normalised(parts))


def exchange_document(exchange: Exchange, facts: Facts, *, slot: int) -> Document:
    """Output, error, request-id. `slot`: its place among the comparison's exchanges, from 1."""
    parts = [exchange.request_id, exchange.error_type, exchange.error_message, exchange.text]
    key = (exchange.comparison_id << SLOT_BITS) | slot
    return Document(key, exchange.pk, list(facts.terms()), normalised(parts))


def _labels(comparison: Comparison) -> Iterator[str]:
    for variant in comparison.variants.all():
        yield variant.label
        yield variant.model
        yield from variant.betas


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body[:MAX_INDEXED_CHARS].decode("utf-8", "replace")


def _strings(value: Any) -> Iterator[str]:
    """Every string of a document but its keys: the system text, the messages, tool descriptions."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


# Terms ------------------------------------------------------------------------------------------------------------------


def exchange_facts(exchange: Exchange, comparison: Comparison, betas: Iterable[str]) -> Facts:
    """What is true of one exchange, and what people say of its comparison."""
    facts = Facts(exchange.team_id, {EXCHANGE})
    _add_exchange(facts, exchange)
    _add_said(facts, comparison)
    facts.add("beta", *betas)
    facts.add_cost(exchange.cost_usd)
    facts.add_latency(exchange.total_ms)
    return facts


def comparison_facts(
    comparison: Comparison, exchanges: Iterable[Exchange], betas: Iterable[str], summary: Summary
) -> Facts:
    """What is true of a comparison: all that is true of anything in it, its whole cost, and the time of its slowest."""
    facts = Facts(comparison.team_id, {COMPARISON})
    for exchange in exchanges:
        _add_exchange(facts, exchange)
    # Where cells stand, not what an earlier attempt came to.
    facts.values -= {found for found in facts.values if found[0] == "state"}
    facts.add("state", *summary.states)
    if any(summary.states.get(state) for state in UNFINISHED):
        facts.add("state", "running")
    facts.add("state", *(["waiting"] if summary.is_waiting else ()), *(["refused"] if summary.refused else ()))
    facts.add("beta", *betas)
    facts.add("model", *summary.models)
    facts.add("by", comparison.author_id)
    facts.add("connection", comparison.connection_id)
    _add_said(facts, comparison)
    facts.add_cost(summary.cost_usd)
    facts.add_latency(summary.slowest_ms)
    return facts


def _add_exchange(facts: Facts, exchange: Exchange) -> None:
    facts.add("state", exchange.state, *(["refused"] if _was_refused(exchange) else ()))
    facts.add("model", exchange.model, exchange.model_used)
    facts.add("connection", exchange.connection_id)
    facts.add("by", exchange.author_id)
    facts.add("error", exchange.error_type or exchange.failure_kind)
    facts.add_status(exchange.status)
    facts.add("outcome", *(row["outcome"] for row in (exchange.outcomes or {}).get("betas", ())))


def _add_said(facts: Facts, comparison: Comparison) -> None:
    facts.add("tag", *(comparison.tags or ()))
    facts.add("is", *_kinds(comparison))


def _was_refused(exchange: Exchange) -> bool:
    return any(row["outcome"].startswith("refused") for row in (exchange.outcomes or {}).get("betas", ()))


def _kinds(comparison: Comparison) -> Iterator[str]:
    if comparison.simulated:
        yield "simulated"
    if comparison.pinned_at:
        yield "pinned"
    if comparison.engine == "batch":
        yield "batch"
    if comparison.is_trace:
        yield "trace"


# What was ever sent -----------------------------------------------------------------------------------------------------


@dataclass
class Offers:
    """The values that are new in this batch, for the menus: kept once per team."""

    values: set[tuple[int, str, str]] = field(default_factory=set)

    def add(self, facts: Facts) -> None:
        """Those of the facts that a menu offers."""
        self.values.update((facts.team_id, kind, value[:200]) for kind, value in facts.values if kind in OFFERED)

    def keep(self) -> None:
        """Write those that nobody has written yet."""
        if not self.values:
            return
        teams, texts = {team for team, _, _ in self.values}, {value for _, _, value in self.values}
        kept = SentValue.objects.filter(team__in=teams, value__in=texts).values_list("team_id", "kind", "value")
        rows = [
            SentValue(team_id=team, kind=kind, value=value) for team, kind, value in sorted(self.values - set(kept))
        ]
        SentValue.objects.bulk_create(rows, ignore_conflicts=True)


def by_comparison(rows: Iterable[tuple[int, str]]) -> Mapping[int, Sequence[str]]:
    """Pairs gathered under their first."""
    found: dict[int, list[str]] = {}
    for key, value in rows:
        found.setdefault(key, []).append(value)
    return found
