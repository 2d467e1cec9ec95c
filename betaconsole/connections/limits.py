"""How much of its rate limits a connection has left, as the last answers on it said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from betaconsole.runs.models import Comparison, Exchange
from betaconsole.teams.models import Connection
from betaconsole.web.templatetags.figures import DASH

KINDS = {
    "requests": "Requests",
    "tokens": "Tokens",
    "input-tokens": "Input tokens",
    "output-tokens": "Output tokens",
}
PREFIX = "anthropic-ratelimit-"
COMPARISONS, ANSWERS, MODELS = 20, 100, 4  # how far back is looked, and how many models are shown
SCARCE = 0.1


@dataclass(frozen=True)
class Limit:
    """One limit a minute or so: what is left of how much, and when it is whole again; None where a header is missing."""

    what: str
    limit: int | None
    remaining: int | None
    resets_at: datetime | None

    @property
    def is_scarce(self) -> bool:
        return bool(self.limit) and self.remaining is not None and self.remaining < SCARCE * (self.limit or 0)

    @property
    def resets_in(self) -> str:
        """When all of it can be used again, in words."""
        if self.resets_at is None:
            return DASH
        seconds = (self.resets_at - timezone.now()).total_seconds()
        if seconds <= 1:
            return "now"
        return f"in {seconds:.0f} s" if seconds < 120 else f"in {seconds / 60:.0f} min"


@dataclass(frozen=True)
class Limits:
    """What one answer said of the limits. `model`: empty for an answer of no model."""

    exchange: Exchange
    model: str
    rows: list[Limit]


def latest_limits(connection: Connection) -> list[Limits]:
    """What the last answers said, the newest of each model (of none, where no model answered); empty where none of the last ones said anything."""
    recent = list(
        Comparison.objects.filter(connection=connection).order_by("-pk").values_list("pk", flat=True)[:COMPARISONS]
    )
    answered = Exchange.objects.filter(comparison__in=recent, response_headers__isnull=False)
    columns = ("public_id", "model", "model_used", "sent_at", "created_at", "response_headers")
    found: dict[str, Limits] = {}
    for exchange in answered.only(*columns).order_by("-pk")[:ANSWERS]:
        model = exchange.model_used or exchange.model
        if model not in found and (rows := limits_of(exchange.response_headers or ())):
            found[model] = Limits(exchange, model, rows)
    of_models = [limits for model, limits in found.items() if model]
    return (of_models or list(found.values()))[:MODELS]


def limits_of(headers: Iterable[Iterable[str]]) -> list[Limit]:
    """The limits in the headers of a response; what is no number or no moment is left out."""
    said = {name.lower(): value for name, value in headers}
    rows = [_limit(said, kind, what) for kind, what in KINDS.items()]
    return [row for row in rows if row.limit is not None or row.remaining is not None]


def _limit(said: Mapping[str, str], kind: str, what: str) -> Limit:
    limit, remaining, reset = (said.get(f"{PREFIX}{kind}-{part}", "") for part in ("limit", "remaining", "reset"))
    return Limit(what, _count(limit), _count(remaining), _moment(reset))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
