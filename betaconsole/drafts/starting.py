"""How a draft begins: blank, from an example question, from a saved prompt, from a comparison that was run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from betaconsole.catalogue.examples import Example
from betaconsole.catalogue.model_specs import default_model
from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.library.models import CombinationVersion, PromptVersion
from betaconsole.teams.models import Connection, Team, User

from .case_values import keep_values
from .columns import MAX_REPEATS, Column, new_key
from .endpoint_choice import is_count, takes
from .models import Draft, Engine, OwnBody


def blank_body() -> str:
    """The body a new draft starts with."""
    return jsontext.dumps(
        {
            "model": default_model(),
            "max_tokens": 1024,
            "stream": True,
            "messages": [{"role": "user", "content": ""}],
        },
        indent=2,
    )


def two_columns() -> list[Column]:
    """A baseline and a column to tick betas in."""
    return [Column(key=new_key()), Column(key=new_key())]


def blank(team: Team, author: User) -> Draft:
    """An empty composer on the default connection."""
    connection = Connection.objects.default_for(team, author)
    return Draft.start(
        team=team,
        author=author,
        connection=connection,
        version=connection.anthropic_version,
        body_text=blank_body(),
        columns=two_columns(),
    )


def latest_or_blank(team: Team, author: User) -> Draft:
    """What this person had open last, else an empty composer."""
    return Draft.objects.latest_of(author, team) or blank(team, author)


def from_example(team: Team, author: User, example: Example) -> Draft:
    """One of the example questions. It always goes to the simulator, whatever keys the team has."""
    columns = [
        Column(
            key=new_key(),
            name=column.label,
            betas=column.betas,
            version="" if column.version == DEFAULT_VERSION else column.version,
            changes_text=jsontext.dumps(column.changes, indent=2) if column.changes else "",
        )
        for column in example.columns
    ]
    return Draft.start(
        team=team,
        author=author,
        connection=Connection.objects.filter(team=team, kind=Connection.Kind.SIMULATOR).get(),
        body_text=jsontext.dumps(example.body, indent=2),
        columns=columns,
        repeats=min(example.repeats, MAX_REPEATS),
        title=example.title,
        tool_stubs=example.tool_stubs,
    )


def from_prompt(team: Team, author: User, version: PromptVersion) -> Draft:
    """A saved prompt, open with its cases: saving again makes its next version."""
    connection = Connection.objects.default_for(team, author)
    draft = Draft.start(
        team=team,
        author=author,
        connection=connection,
        version=connection.anthropic_version,
        body_text=version.body_text,
        columns=two_columns(),
        prompt_version=version,
        tool_stubs=version.tool_stubs,
        max_turns=version.max_turns,
    )
    if rows := [case.row for case in version.prompt.cases.all()]:
        keep_values(draft, rows, source=version.prompt.name)
    return draft


def from_combination(team: Team, author: User, version: CombinationVersion) -> Draft:
    """An empty prompt in two columns: without the combination and with this version of it."""
    connection = Connection.objects.default_for(team, author)
    baseline, other = two_columns()
    return Draft.start(
        team=team,
        author=author,
        connection=connection,
        version=connection.anthropic_version,
        body_text=blank_body(),
        columns=[
            baseline,
            replace(
                other,
                name=version.combination.name,
                betas=tuple(version.betas),
                changes_text=version.patch,
                combination=version.pk,
            ),
        ],
    )


def from_comparison_parts(
    team: Team,
    author: User,
    *,
    body_text: str,
    columns: Sequence[Column],
    version: str,
    repeats: int,
    connection: Connection | None,
    title: str = "",
    own_bodies: Mapping[str, str] | None = None,
    prompt_version: PromptVersion | None = None,
    endpoint: Endpoint = Endpoint.MESSAGES,
    tool_stubs: Sequence[Mapping[str, Any]] = (),
    max_turns: int | None = None,
    engine: str = Engine.LIVE,
    separate_caches: bool = False,
) -> Draft:
    """A comparison, open for editing. `own_bodies` maps keys of `columns` to whole bodies; `baseline` is such a key.

    A JSON body for another endpoint than messages leaves the blank one to come back to.
    """
    usable = connection is not None and Connection.objects.usable_by(author).filter(pk=connection.pk).exists()
    draft = Draft.start(
        team=team,
        author=author,
        connection=connection if usable else Connection.objects.default_for(team, author),
        version=version,
        body_text=body_text,
        columns=columns,
        own_bodies=own_bodies,
        repeats=min(repeats, MAX_REPEATS),
        title=title,
        prompt_version=prompt_version,
        endpoint=endpoint,
        tool_stubs=tool_stubs,
        max_turns=max_turns,
        engine=engine,
        separate_caches=separate_caches,
    )
    if not endpoint.is_messages and takes(endpoint) == "json":
        draft.messages_body = OwnBody.keep(draft, body_text if is_count(endpoint) else blank_body())
        draft.save(update_fields=["messages_body"])
    return draft
