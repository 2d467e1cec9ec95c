"""One request as the rules see it: what a column sends, and the bodies for messages in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from betaconsole.catalogue.betas import Beta, find
from betaconsole.catalogue.model_specs import ModelSpec, find_model
from betaconsole.claude.headers import DEFAULT_VERSION

from .endpoints import BATCHES, COUNT_TOKENS, MESSAGES, PROMPTED, endpoint_word
from .outline import is_cut
from .paths import Place, everywhere, pointer, shown

MOST_BATCHED = 50  # requests of one batch that are looked at


@dataclass(frozen=True)
class ColumnRequest:
    """What one column is about to send. `body` is a JSON value (of a big one its outline will do), None for none.

    `extra_headers` are further request headers as (name, value); `is_stream` says whether the answer will stream.
    """

    label: str
    method: str = "POST"
    path: str = "/v1/messages"
    betas: tuple[str, ...] = ()
    version: str = DEFAULT_VERSION
    body: Any = None
    extra_headers: tuple[tuple[str, str], ...] = ()
    is_stream: bool = False


@dataclass(frozen=True)
class Asked:
    """One body for messages, alone or among those of a batch (`at` is its place there), or the request to another endpoint.

    `body` is the outline of what is sent, empty where that is no object.
    """

    request: ColumnRequest
    today: date
    body: dict[str, Any] = field(default_factory=dict)
    at: Place = ()

    @cached_property
    def endpoint(self) -> str:
        """The word of betas.toml; empty where unknown."""
        return endpoint_word(self.request.path)

    @property
    def is_prompt(self) -> bool:
        """Whether `body` is one for messages, to be answered, counted or batched."""
        is_there = isinstance(self.request.body, dict) and self.request.method == "POST"
        return is_there and (self.endpoint in (MESSAGES, COUNT_TOKENS) or (self.endpoint == BATCHES and bool(self.at)))

    @property
    def is_counted(self) -> bool:
        return self.endpoint == COUNT_TOKENS

    @property
    def is_batched(self) -> bool:
        return bool(self.at)

    @property
    def betas(self) -> tuple[str, ...]:
        return self.request.betas

    @cached_property
    def known_betas(self) -> list[Beta]:
        return [beta for beta in map(find, dict.fromkeys(self.betas)) if beta is not None]

    def takes(self, beta: Beta) -> bool:
        """Whether the beta acts where this request goes. What acts on messages acts on those of a batch."""
        if self.endpoint == BATCHES and MESSAGES in beta.endpoints:
            return True
        return self.endpoint in beta.endpoints or "all" in beta.endpoints

    def opens(self, beta: Beta) -> bool:
        """Whether the beta would open the fields it unlocks: an unknown endpoint is left to itself."""
        return self.endpoint not in PROMPTED or self.takes(beta)

    # The body ----------------------------------------------------------------------------------------------------

    def get(self, *steps: str) -> Any:
        """The value at these members, None where there is none."""
        node: Any = self.body
        for step in steps:
            node = node.get(step) if isinstance(node, dict) else None
        return node

    def text(self, *steps: str) -> str:
        """The text at these members, empty where there is none."""
        value = self.get(*steps)
        return value if isinstance(value, str) else ""

    def whole(self, *steps: str) -> int | None:
        """The whole number at these members."""
        value = self.get(*steps)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def objects(self, name: str) -> list[tuple[Place, dict[str, Any]]]:
        """The objects in a list of the body, with their places."""
        return [((name, index), each) for index, each in _numbered(self.body.get(name)) if isinstance(each, dict)]

    @cached_property
    def model_id(self) -> str:
        return self.text("model")

    @cached_property
    def model(self) -> ModelSpec | None:
        return find_model(self.model_id)

    @cached_property
    def thinking(self) -> str:
        """The type of thinking asked for; empty where the model decides."""
        return self.text("thinking", "type")

    @cached_property
    def thinks(self) -> bool:
        """Whether the request asks for thinking, or its model thinks anyway."""
        return self.thinking not in ("", "disabled") or (self.model is not None and self.model.always_thinks)

    @cached_property
    def tools(self) -> list[tuple[Place, dict[str, Any]]]:
        return self.objects("tools")

    @cached_property
    def messages(self) -> list[tuple[Place, dict[str, Any]]]:
        return self.objects("messages")

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name in the body, a person's own JSON left out: what is not among them need not be looked for."""
        return frozenset(name for _, node in everywhere(self.body) for name in node)

    @cached_property
    def is_cut(self) -> bool:
        """Whether there are messages that were not looked at."""
        return is_cut(self.body.get("messages"))

    @cached_property
    def blocks(self) -> list[tuple[Place, str, dict[str, Any]]]:
        """The content blocks of the messages: place, role of the message, block."""
        return [
            ((*place, "content", index), role, block)
            for place, message in self.messages
            for role in [_role(message)]
            for index, block in _numbered(message.get("content"))
            if isinstance(block, dict)
        ]

    # Places ------------------------------------------------------------------------------------------------------

    def shown(self, place: Place) -> str:
        """The place in what is sent, as the API writes it."""
        return ".".join([*map(str, self.at), *filter(None, [shown(self.body, place)])])

    def pointer(self, place: Place) -> str:
        """The JSON pointer of the place in what is sent."""
        return pointer((*self.at, *place))


def asked_of(request: ColumnRequest, today: date) -> list[Asked]:
    """The bodies of one request whose body is an outline: one, or as many of a batch as are looked at."""
    body = request.body if isinstance(request.body, dict) else {}
    whole = Asked(request, today, body)
    if whole.endpoint != BATCHES or request.method != "POST":
        return [whole]
    batched = [
        (index, each["params"])
        for index, each in _numbered(body.get("requests"))
        if isinstance(each, dict) and isinstance(each.get("params"), dict)
    ]
    return [
        whole,
        *(replace(whole, body=params, at=("requests", index, "params")) for index, params in batched[:MOST_BATCHED]),
    ]


def _role(message: dict[str, Any]) -> str:
    role = message.get("role")
    return role if isinstance(role, str) else ""


def _numbered(values: Any) -> Iterator[tuple[int, Any]]:
    return enumerate(values) if isinstance(values, list) else enumerate(())
