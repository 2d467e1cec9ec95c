"""Which keys the API refuses, as the last answer to each of them said."""

from collections.abc import Sequence

from django.db.models import F, OuterRef, Q, Subquery

from betaconsole.runs.models import Exchange
from betaconsole.teams.models import Connection


def refused_keys(connections: Sequence[Connection]) -> dict[int, Exchange]:
    """By connection the last answer to the key it has now, where that refused it (401).

    An error of the server says nothing of a key. Nobody has to take the mark away: the next answer does, or another key.
    """
    # What was asked before a key was put in is an answer to the one before.
    of_this_key = Q(connection__key_put_at=None) | Q(created_at__gte=F("connection__key_put_at"))
    answers = Exchange.objects.filter(of_this_key, connection=OuterRef("pk"), status__lt=500).order_by("-pk")
    with_key = [one.pk for one in connections if not one.is_simulator]
    last = Connection.objects.filter(pk__in=with_key).annotate(last=Subquery(answers.values("pk")[:1])).values("last")
    refused = Exchange.objects.filter(pk__in=last, status=401)
    return {one.connection_id: one for one in refused.only("public_id", "connection_id", "created_at")}
