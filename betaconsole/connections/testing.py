"""Whether a connection works: its models are asked for, and what came of it is said in words."""

import json
from dataclasses import dataclass
from typing import Any

from betaconsole.catalogue.model_specs import find_model
from betaconsole.claude.endpoints import Endpoint
from betaconsole.runs.launching.launching import launch
from betaconsole.runs.launching.planning import Plan, VariantPlan
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages.wording import error_of, note
from betaconsole.runs.states import State
from betaconsole.runs.stored import response_bytes
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection, User

TITLE = "Test connection"
MODELS = Endpoint("GET", "/v1/models", "limit=1000")
LOOKED_BACK = 300  # comparisons on the connection among which its last test is looked for
MOST_LETTERS, MOST_MODELS = 120, 200
NOT_SENT_ADVICE = (
    "Look at the address, at this machine's network, and at BETACONSOLE_OUTBOUND_PROXY and BETACONSOLE_CA_BUNDLE."
)
ADVICE = {
    401: "Replace the key: this one is mistyped, revoked, or of another environment.",
    403: "The key is known and may not do this: look at its workspace and its rights in the API's console.",
    404: "There is no list of models at this address: is it the base address of the API?",
}


@dataclass(frozen=True)
class Model:
    """A model that the connection lists. Not `is_known`: the catalogue has never heard of it."""

    model_id: str
    name: str
    is_known: bool


@dataclass(frozen=True)
class Verdict:
    """What a test says: whether the far end was reached and took the key (None: not known), in a sentence, what to do."""

    is_reached: bool | None
    is_accepted: bool | None
    said: str
    todo: str = ""
    models: tuple[Model, ...] = ()

    @property
    def tone(self) -> str:
        return "good" if self.is_reached and self.is_accepted else "bad"


def start(connection: Connection, *, author: User) -> Comparison:
    """Ask for the models of a connection. Raises what `launch` raises."""
    version = connection.anthropic_version
    column = VariantPlan(label=TITLE, betas=(), version=version)
    plan = Plan(
        body=None, variants=[column], version=version, title=TITLE, endpoint=MODELS, is_errand=True, content_type=""
    )
    asked, _ = launch(plan, team=connection.team, author=author, connection=connection)
    return asked


def latest(connection: Connection) -> Exchange | None:
    """The last test of the key that a connection has now, where it was not long ago."""
    recent = Comparison.objects.filter(connection=connection).order_by("-pk").values_list("pk", flat=True)
    tests = Comparison.objects.filter(pk__in=list(recent[:LOOKED_BACK]), is_errand=True, title=TITLE)
    if connection.key_put_at:
        tests = tests.filter(created_at__gte=connection.key_put_at)
    last = tests.order_by("-pk").first()
    if last is None:
        return None
    return last.exchanges.select_related("response_body", "author").order_by("-pk").first()


def verdict(exchange: Exchange) -> Verdict | None:
    """What a test says; None while it is on its way."""
    if not exchange.is_final:
        return None
    if exchange.state == State.SUCCEEDED:
        return _answered(exchange)
    error = error_of(exchange)
    if error is None:
        return Verdict(None, None, note(exchange, kept_bytes=None) or "No answer came.", "Test it once more.")
    if exchange.failure_kind == "not_sent":
        return Verdict(False, None, error.message, NOT_SENT_ADVICE)
    said = f"It answers {error.status}: {error.message}" if error.status else error.message
    return Verdict(True, _is_accepted(error.status), said, ADVICE.get(error.status or 0, error.advice))


def _is_accepted(status: int | None) -> bool | None:
    if status == 401:
        return False
    return True if status in (403, 429) else None


def _answered(exchange: Exchange) -> Verdict:
    models = _models(exchange)
    if models is None:
        return Verdict(
            True, None, "It answers, and not with a list of models.", "Is this the address of the API, or of a page?"
        )
    count = f"{len(models)} model{'' if len(models) == 1 else 's'}"
    key = "" if exchange.comparison.simulated else ", the key is accepted,"
    return Verdict(True, True, f"It is reached{key} and it lists {count}.", models=models)


def _models(exchange: Exchange) -> tuple[Model, ...] | None:
    """The models that the answer lists; None where it is no such list."""
    try:
        rows: Any = json.loads(response_bytes(exchange))["data"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return None
    if not isinstance(rows, list):
        return None
    named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return tuple(
        Model(
            showable(row["id"][:MOST_LETTERS]),
            showable(str(row.get("display_name") or "")[:MOST_LETTERS]),
            is_known=find_model(row["id"]) is not None,
        )
        for row in named[:MOST_MODELS]
    )
