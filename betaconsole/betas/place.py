"""Which connection and model the pages under /betas/ speak of, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, Q
from django.utils import timezone

from betaconsole.availability.keeping import CONCLUSIVE
from betaconsole.availability.models import Method, Standing
from betaconsole.availability.standings import standings
from betaconsole.availability.wording import short_model
from betaconsole.catalogue.model_specs import all_models, default_model
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection, Team, User

LONGEST_MODEL = 200


@dataclass(frozen=True)
class Place:
    """A connection and a model, the choices for both, and where each beta stands there."""

    connection: Connection
    model: str
    connections: Sequence[Connection]
    models: Sequence[str]
    stood: dict[str, Standing]

    @property
    def short_model(self) -> str:
        return short_model(self.model)


def place_for(user: User, team: Team, *, connection_id: str = "", model: str = "") -> Place:
    """The place asked for (public id, model), else the team's default connection and the model that answered there last.

    What names nothing of the team's is answered as if it were not there. Four queries.
    """
    connections = list(Connection.objects.visible_to(user).filter(team=team).usable().order_by("pk"))
    chosen = next((one for one in connections if one.public_id == connection_id), None)
    connection = chosen or Connection.objects.default_for(team, user)
    asked = asked_models(connection)
    last = next((name for name, told in asked.items() if told), next(iter(asked), default_model()))
    model = showable(model.strip())[:LONGEST_MODEL] or last
    found = standings(user, team=team, connection=connection, model=model)
    menu = list(dict.fromkeys([*served_models(), *sorted(asked), model]))
    return Place(connection, model, connections, menu, {beta: row for (_, _, beta), row in found.items()})


def asked_models(connection: Connection) -> dict[str, bool]:
    """The models a connection was asked about, the last one to answer first, and whether each itself ever said something of
    a beta: a model that does not exist is still told what other endpoints accept. One query."""
    itself = Q(state__in=CONCLUSIVE) & ~Q(probe__method=Method.ENDPOINT)
    rows = Standing.objects.filter(connection=connection).order_by().values_list("model")
    last = dict(rows.annotate(last=Max("last_probe", filter=itself)))
    return {model: last[model] is not None for model in sorted(last, key=lambda name: -(last[name] or 0))}


def served_models() -> list[str]:
    """The models of the catalogue that have not ended."""
    today = timezone.now().date()
    return [name for name, spec in all_models().items() if not spec.is_retired(today)]
