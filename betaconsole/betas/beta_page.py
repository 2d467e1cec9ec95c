"""All that one beta's page shows of it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.safestring import SafeString

from betaconsole.catalogue.betas import AREAS, Beta, Evidence, all_betas, find
from betaconsole.catalogue.checks.nearest import nearest
from betaconsole.claude import jsontext
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.claude.snippets import SnippetRequest, curl, python_beta, typescript

from .listing import MARKS, TONES, can_try, gated_tools, needs_header, opened
from .marking import marked
from .spelling import Spelt, spelt
from .trials import TRIALS, WHY_ALIKE

URL = "https://api.anthropic.com/v1/messages"
LANGUAGES: tuple[tuple[str, str, Callable[[SnippetRequest], str]], ...] = (
    ("curl", "curl", curl),
    ("python", "Python", python_beta),
    ("typescript", "TypeScript", typescript),
)


@dataclass(frozen=True)
class Code:
    """The example request in one language, the lines that are the beta's own marked."""

    slug: str
    label: str
    html: SafeString


@dataclass(frozen=True)
class BetaPage:
    """What is known of a name; `beta` is None where that is nothing, and `near` are known names it may have been meant to be."""

    name: Spelt
    beta: Beta | None
    near: list[Spelt]
    codes: list[Code]
    area: str = ""
    mark: str = ""
    tone: str = ""
    can_try: bool = False
    needs_header: bool = False
    look_for: str = ""
    why_alike: str = ""
    opens: tuple[str, ...] = ()
    gated: tuple[str, ...] = ()
    evidence: tuple[tuple[str, tuple[str, ...]], ...] = ()
    successor: Spelt | None = None
    predecessors: tuple[Spelt, ...] = ()
    companions: tuple[Spelt, ...] = ()


@cache
def beta_page(name: str) -> BetaPage:
    """What the page of a well-formed name shows, the team's own comparisons aside."""
    beta = find(name)
    return (
        _known(beta)
        if beta
        else BetaPage(spelt(name), None, [spelt(near) for near in nearest(name, all_betas(), limit=5)], [])
    )


def _known(beta: Beta) -> BetaPage:
    trial = TRIALS.get(beta.name)
    return BetaPage(
        name=spelt(beta.name),
        beta=beta,
        near=[],
        codes=codes_of(beta),
        area=AREAS[beta.area],
        mark=MARKS[beta.status],
        tone=TONES.get(beta.status, ""),
        can_try=can_try(beta),
        needs_header=needs_header(beta),
        look_for=trial.look_for if trial else "",
        why_alike=WHY_ALIKE.get(beta.name, ""),
        opens=tuple(opened(beta)),
        gated=(*beta.gated, *(f"tools[].type={kind}" for kind in gated_tools(beta))),
        evidence=tuple(_evidence(beta.evidence)),
        successor=spelt(beta.superseded_by) if beta.superseded_by else None,
        predecessors=tuple(spelt(other.name) for other in all_betas().values() if other.superseded_by == beta.name),
        companions=tuple(spelt(other) for other in beta.needs),
    )


def codes_of(beta: Beta) -> list[Code]:
    """The example with the header and the changes, as code; none where the catalogue has no example for Messages."""
    body, base = beta.example_body, beta.example_base
    if body is None or base is None or not beta.on_messages:
        return []
    asked, plain = _request(body, (*beta.needs, beta.name)), _request(base, ())
    return [Code(slug, label, marked(write(asked), write(plain))) for slug, label, write in LANGUAGES]


def _request(body: dict[str, Any], betas: tuple[str, ...]) -> SnippetRequest:
    return SnippetRequest(
        method="POST",
        url=URL,
        betas=betas,
        version=DEFAULT_VERSION,
        body=jsontext.dumps(body, indent=2).encode(),
        stream=body.get("stream") is True,
    )


def _evidence(evidence: Evidence) -> list[tuple[str, tuple[str, ...]]]:
    """Where in an answer it may be seen, in words, with the types or paths there."""
    named = (
        ("Content blocks", evidence.blocks),
        ("Deltas of a stream", evidence.deltas),
        ("Stop reasons", evidence.stop_reasons),
        ("Fields of the message", evidence.message),
        ("Fields of usage", evidence.usage),
        ("Fields of a token count", evidence.count_tokens),
        ("Fields of a model", evidence.models),
    )
    return [(label, paths) for label, paths in named if paths]
