"""What to send to Anthropic's support about a beta, or about a header line: no body, no key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from betaconsole.availability.wording import Stood
from betaconsole.catalogue.betas import catalogue_date, find
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages.beta_chips import lines_of
from betaconsole.runs.pages.wording import is_for_support, support_text
from betaconsole.runs.sending.exchange_facts import sent_betas
from betaconsole.runs.sending.judging import outcomes_of
from betaconsole.runs.states import FINAL
from betaconsole.teams.models import Team, User
from betaconsole.web.templatetags.figures import moment

from .checking import Checked, without_keys

NEWEST = 3  # comparisons that are searched for an exchange to ask about
MOST_SEARCHED = 200  # exchanges of them
HEAVY = ("message", "added", "text", "timeline", "response_headers", "usage")


def beta_support(user: User, team: Team, name: str) -> str:
    """The beta, what is known of it, and the team's newest exchange that sent it: one that broke where there is one."""
    beta = find(name)
    known = f"{beta.status.label.lower()} in" if beta else "not in"
    head = f"beta: {name}\nknown: {known} the catalogue of {catalogue_date()}"
    exchange = _to_ask_about(user, team, name)
    if exchange is None:
        return f"{head}\nrequest-id: none, this team has not sent it yet"
    told = {line.beta: line.words.text for line in lines_of([outcomes_of([exchange]).get(exchange.pk, [])])}
    outcome = {f"outcome of {name}": told[name]} if name in told else {}
    return f"{head}\n{support_text(exchange, outcome)}"


def _to_ask_about(user: User, team: Team, name: str) -> Exchange | None:
    seen = Comparison.objects.visible_to(user).filter(team=team, is_errand=False, betas__beta=name)
    newest = list(seen.order_by("-number").values_list("pk", flat=True)[:NEWEST])
    found = Exchange.objects.filter(comparison__in=newest, state__in=FINAL, sent_at__isnull=False)
    sent = [each for each in found.defer(*HEAVY).order_by("-pk")[:MOST_SEARCHED] if name in sent_betas(each)]
    return next((each for each in sent if is_for_support(each)), sent[0] if sent else None)


def check_support(
    checked: Sequence[Checked], probed: Mapping[str, Stood], *, model: str, version: str, now: datetime
) -> str:
    """The header line that was checked, and what became of each of its names."""
    lines = [
        "request-id: none, nothing was sent",
        f"time: {moment(now)}",
        f"model: {model}",
        f"anthropic-version: {version}",
        f"anthropic-beta: {','.join(str(one.name) for one in checked)}",
        f"catalogue: {catalogue_date()}",
    ]
    lines += [f"{one.name}: {one.kind.value}{_last_probe(probed.get(str(one.name)))}" for one in checked]
    return without_keys("\n".join(lines))


def _last_probe(stood: Stood | None) -> str:
    return f", {stood.title[0].lower()}{stood.title[1:]}" if stood and stood.title else ""
