"""Builders for drafts in tests: the local owner's desk, with sensible defaults."""

import json
import re
from collections.abc import Sequence
from typing import Any

from django.test import Client
from django.urls import reverse

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


class Tab:
    """A tab with the composer open: posts edits as the page does, with the revision it last heard of."""

    def __init__(self, client: Client, draft: Draft, name: str = "tab1") -> None:
        self.client = client
        self.id = draft.public_id
        self.pk = draft.pk
        self.name = name
        self.revision = draft.revision

    @property
    def draft(self) -> Draft:
        return Draft.objects.get(pk=self.pk)

    def post(self, edit: str, /, *key: str, **values: Any) -> Any:
        """Post an edit; the revision in the answer is the one sent next."""
        stamped = {"revision": self.revision, "tab": self.name, "view": "form", **values}
        address = reverse(f"drafts:{edit}", args=[self.id, *key])
        answer = self.client.post(address, stamped, headers={"HX-Request": "true"})
        if found := re.search(r'name="revision" value="(\d+)"', answer.content.decode()):
            self.revision = int(found[1])
        return answer

    def get(self, fragment: str, /, *key: str, **values: Any) -> Any:
        return self.client.get(reverse(f"drafts:{fragment}", args=[self.id, *key]), values)


def targets(answer: Any) -> set[str]:
    """The ids whose elements the answer replaces."""
    return set(re.findall(r'<hx-partial hx-target="#([^"]+)"', answer.content.decode()))
