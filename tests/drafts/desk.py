"""Builders for drafts in tests: the local owner's desk, with sensible defaults."""

import json
from collections.abc import Sequence
from typing import Any

from betaconsole.drafts.columns import Column
from betaconsole.drafts.models import Draft
from betaconsole.teams.models import Connection
from betaconsole.teams.solo import local_membership

BODY = {"model": "claude-sonnet-4-6", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}
THINKING = "interleaved-thinking-2025-05-14"
CONTEXT = "context-management-2025-06-27"
COMPACT = "compact-2026-01-12"
ADVISOR = "advisor-tool-2026-03-01"
TOOLS_CHANGE = "mid-conversation-tool-changes-2026-07-01"


def a_draft(
    body: Any = BODY, columns: Sequence[Column] = (Column("a"), Column("b")), *, text: str | None = None, **values: Any
) -> Draft:
    """A draft of the local owner; `text` is the body as typed, where it is not simply `body`."""
    owner = local_membership()
    return Draft.start(
        team=owner.team,
        author=owner.user,
        connection=Connection.objects.default_for(owner.team),
        body_text=json.dumps(body) if text is None else text,
        columns=columns,
        **values,
    )
