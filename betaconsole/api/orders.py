"""What was asked for, found and planned: ready to be looked at, or launched."""

import hashlib
from dataclasses import dataclass

from betaconsole.claude import jsontext
from betaconsole.library.models import PromptVersion
from betaconsole.runs.launching.launching import launch, launched_before
from betaconsole.runs.launching.planning import Plan
from betaconsole.runs.models import Comparison
from betaconsole.teams.models import Connection, Team, User

from .asking import NewComparison
from .plans import plan_of
from .problems import Problem
from .saved import taken_by


@dataclass(frozen=True)
class Order:
    """A plan, the connection it goes over, and the saved prompt that it began with; `digest` as `launch` takes it."""

    team: Team
    user: User
    connection: Connection
    plan: Plan
    prompt: PromptVersion | None
    digest: str | None

    @property
    def is_changed(self) -> bool:
        """Whether the request puts stubs or turns of its own in place of the prompt's."""
        saved, plan = self.prompt, self.plan
        return saved is not None and (saved.tool_stubs, saved.max_turns) != (list(plan.tool_stubs), plan.max_turns)

    def launch(self, *, client_token: str | None, over_budget: bool) -> tuple[Comparison, bool]:
        """The comparison and whether it is new; raises what `runs.launching.launch` raises."""
        return launch(
            self.plan,
            team=self.team,
            author=self.user,
            connection=self.connection,
            client_token=client_token,
            digest=self.digest,
            prompt_version=self.prompt,
            prompt_changed=self.is_changed,
            over_budget=over_budget,
        )


def order_of(asked: NewComparison, *, team: Team, user: User) -> Order:
    """What this person asks for in the team. Raises `Problem`."""
    connection, taken = connection_for(team, asked.connection, user), taken_by(asked, team=team, user=user)
    plan = plan_of(asked, version=connection.anthropic_version, taken=taken)
    return Order(team, user, connection, plan, taken.prompt, digest_of(asked))


def digest_of(asked: NewComparison) -> str | None:
    """SHA-256 of a request that takes something from the library, where a name may stand for another version, or for
    nothing, once it is asked again. None for every other: its plan tells whether it is the same."""
    if asked.prompt is None and all(one.combination is None for one in asked.variants or ()):
        return None
    said = asked.model_dump(exclude={"client_token", "over_budget"})
    return hashlib.sha256(jsontext.dumps(said).encode()).hexdigest()


def ordered_before(asked: NewComparison, *, team: Team) -> Comparison | None:
    """What this request made when it came first, whatever became of what it names in the library. Raises `TokenReused`."""
    digest = digest_of(asked)
    if asked.client_token is None or digest is None:
        return None
    return launched_before(team, asked.client_token, digest)


def connection_for(team: Team, named: str | None, user: User | None = None) -> Connection:
    """The connection that was asked for by id, name or kind, or the team's default, of those that `user` may send on."""
    usable = Connection.objects.filter(team=team).usable().order_by("-pk")
    if named is None:
        if not usable.exists():
            raise Problem(422, "The team has no connection.", field="connection")
        return Connection.objects.default_for(team, user)
    for key in ("public_id", "name", "kind"):
        if found := usable.filter(**{key: named}).first():
            return found
    raise Problem(422, f"The team has no connection with the id or name {named!a}.", field="connection")
