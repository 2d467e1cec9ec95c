"""All that one beta's page shows of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.safestring import SafeString

from betaconsole.catalogue.betas import AREAS, Beta, Evidence, all_betas, find
from betaconsole.catalogue.checks.nearest import nearest
from betaconsole.catalogue.help import Link, help_for_beta
from betaconsole.catalogue.model_specs import find_model
from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.claude.snippets import SnippetRequest, curl, python_beta, typescript

from .listing import MARKS, TONES, can_try, gated_tools, needs_header, opened
from .marking import marked
from .spelling import Spelt, spelt
from .trials import PLAIN_BODY, TRIALS, WHY_ALIKE

ORIGIN = "https://api.anthropic.com"
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
    other_dates: tuple[Spelt, ...] = ()
    help: tuple[Link, ...] = ()
    geo: tuple[str, ...] = ()


@cache
def beta_page(name: str) -> BetaPage:
    """What the page of a well-formed name shows, the team's own comparisons aside."""
    beta = find(name)
    return (
        _known(beta)
        if beta
        else BetaPage(
            spelt(name),
            None,
            [spelt(near) for near in nearest(name, all_betas(), limit=5)],
            [],
            help=tuple(help_for_beta(name)),
        )
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
        other_dates=tuple(
            spelt(other.name) for other in all_betas().values() if other.family == beta.family and other != beta
        ),
        geo=tuple(_geo(beta.models)),
        help=tuple(help_for_beta(beta.name)),
    )


def codes_of(beta: Beta) -> list[Code]:
    """The example with the header and the changes, as code."""
    method, target = beta.example_request.split(" ")
    body, base = beta.example_body, beta.example_base
    if target == Endpoint.MESSAGES.path and base is None:
        body = base = PLAIN_BODY
    if method == "GET":
        body = base = None
    asked = _request(method, target, body=body, betas=(*beta.needs, beta.name))
    plain = _request(method, target, body=base, betas=())
    return [Code(slug, label, marked(write(asked), write(plain))) for slug, label, write in LANGUAGES]


def _request(method: str, target: str, *, body: dict[str, Any] | None, betas: tuple[str, ...]) -> SnippetRequest:
    return SnippetRequest(
        method=method,
        url=ORIGIN + target,
        betas=betas,
        version=DEFAULT_VERSION,
        body=None if body is None else jsontext.dumps(body, indent=2).encode(),
        stream=body is not None and body.get("stream") is True,
    )


def _geo(models: Sequence[str]) -> Iterator[str]:
    """In sentences, which of the models take which regions in inference_geo; those of which nothing is known are left out."""
    by_regions: dict[str, list[str]] = {}
    for model in models:
        spec = find_model(model)
        if spec and spec.inference_geo is not None:
            by_regions.setdefault(" or ".join(spec.inference_geo).capitalize() or "Not available", []).append(model)
    for regions, found in by_regions.items():
        others = [model for model in models if model not in found]
        named = ", ".join(found) if len(others) > 2 else f"all but {' and '.join(others)}" if others else "all of them"
        yield f"{regions} on {named}."


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
