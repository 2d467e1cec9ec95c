"""What an answer shows of each beta that was sent: the rules that need no more than the catalogue's data."""

from __future__ import annotations

from betaconsole.catalogue.betas import Beta, Status, find
from betaconsole.catalogue.checks.endpoints import BATCHES

from .facts import Facts, Outcome, Pair, Verdict, objects, text
from .missing import missing, opens_endpoint
from .particular import RULES
from .reach import not_here
from .saying import absent, effective, elsewhere, listed, quiet, said, taken, unclear
from .showing import Sign, nothing_there, signs_of
from .strangers import stranger
from .unlocking import gated_tool_types, own_paths, used, used_gated, used_of_its_own, written

MOST_NAMED = 3
BUILT_IN, RETIRED = "built in", "retired"


def effect(name: str, pair: Pair) -> Outcome:
    """What came of this beta in a request that was accepted."""
    beta, facts = find(name), pair.facts
    if beta is None:
        return stranger(name, pair, "is not in the catalogue: what it adds is not known")
    if away := not_here(beta, facts):
        return elsewhere(name, away.sentence, there=away.there)
    if beta.pins is not None:
        return _pinned(beta, facts)
    if facts.is_batch_call and BATCHES not in beta.endpoints:
        return unclear(name, "the batch was taken; what its requests come to stands in its results")
    particular = RULES.get(name)
    outcome = (particular and particular(beta, pair)) or _by_catalogue(beta, pair)
    if outcome.outcome is Verdict.EFFECTIVE and _works_without(beta, pair):
        return quiet(name, *outcome.evidence, "the baseline used the same, and was accepted without the header")
    return outcome


def _works_without(beta: Beta, pair: Pair) -> bool:
    """Whether the baseline used what this beta unlocks and was accepted, though it did not send it."""
    if not used(beta, pair.facts):
        return False
    baseline = pair.alone(beta.name)
    return baseline is not None and baseline.is_whole and bool(used(beta, baseline))


def _by_catalogue(beta: Beta, pair: Pair) -> Outcome:
    facts = pair.facts
    if beta.status is Status.UNKNOWN and not used(beta, facts):
        return stranger(beta.name, pair, "was taken; nothing public says what it does")
    gated = used_gated(beta, facts)
    if not gated and beta.status in (Status.GENERALLY_AVAILABLE, Status.RETIRED):
        return quiet(beta.name, *built_in(beta))
    if shown := _shown(beta, pair):
        return shown
    if gated:
        return _taken(beta, pair, gated)
    if opens_endpoint(beta):
        return _endpoint_opened(beta, pair)
    return _unused(beta, facts)


def built_in(beta: Beta) -> list[str]:
    """Why a header that once did something shows nothing."""
    if beta.status is Status.RETIRED:
        first, *rest = beta.status_note.removesuffix(".").split(". ")
        return [f"{RETIRED}: {first[:1].lower()}{first[1:]}", *rest]
    since = f" since {beta.built_in_since}" if beta.built_in_since else ""
    return [f"{BUILT_IN}{since}: the header is not needed"]


def _shown(beta: Beta, pair: Pair) -> Outcome | None:
    """Effective by what the answer holds, unless another beta of the header, or none at all, brings the same."""
    signs = [sign for sign in signs_of(beta, pair.facts) if not _is_anothers(sign, beta, pair.facts)]
    if not signs:
        return None
    baseline = pair.alone(beta.name)
    if baseline is None or not baseline.is_whole:
        return effective(beta.name, *(sign.sentence for sign in signs))
    there_too = {sign.key for sign in signs_of(beta, baseline)}
    new = [sign.sentence for sign in signs if sign.key not in there_too]
    if new:
        return effective(beta.name, *new, "the baseline, without the header, shows none of it")
    return quiet(beta.name, *(sign.sentence for sign in signs), "the baseline shows it too, without the header")


def _is_anothers(sign: Sign, beta: Beta, facts: Facts) -> bool:
    """Whether another beta sent brings the same, and the request uses what that one unlocks and nothing of this one."""
    if used_of_its_own(beta, facts):
        return False
    others = [other for name in facts.betas if name != beta.name and (other := find(name))]
    theirs = [sign.key for other in others if used_of_its_own(other, facts) for sign in signs_of(other, facts)]
    return sign.key in theirs


def _taken(beta: Beta, pair: Pair, gated: list[str]) -> Outcome:
    """The request used what only this header unlocks, and was accepted."""
    facts, baseline = pair.facts, pair.alone(beta.name)
    if calls := _calls(beta, facts):
        return effective(beta.name, *calls)
    if baseline and any(outcome.beta == beta.name for outcome in missing(baseline)):
        return effective(beta.name, f"the baseline was refused without it: {said(baseline)}", taken(gated))
    why = nothing_there(beta, facts) or ["nothing is known that it adds to an answer"]
    return absent(beta.name, facts, taken(gated), *why)


def _calls(beta: Beta, facts: Facts) -> list[str]:
    """Calls of tools whose type only this header unlocks."""
    kinds = gated_tool_types(beta)
    names = {
        text(tool.get("name")): text(tool.get("type"))
        for body in facts.bodies
        for tool in objects(body.get("tools"))
        if tool.get("type") in kinds
    }
    called = {text(block.get("name")) for block in facts.blocks if block.get("type") in ("tool_use", "server_tool_use")}
    return [
        f"the answer calls {name}, a tool of type {kind}" for name, kind in names.items() if name and name in called
    ]


def _pinned(beta: Beta, facts: Facts) -> Outcome:
    assert beta.pins is not None
    if not beta.pins.shape:
        note = "the header selects an older shape of this answer; the catalogue does not know what differs"
        return Outcome(beta.name, Verdict.PINS_OLDER_SHAPE, [note])
    fields = list(dict.fromkeys(path.rpartition(".")[2] for path in beta.pins.shape if _stands(path, facts)))
    if fields:
        return Outcome(beta.name, Verdict.PINS_OLDER_SHAPE, [f"{listed(fields)} in the answer: the older shape"])
    return absent(beta.name, facts, "the answer has nothing of the older shape")


def _stands(path: str, facts: Facts) -> bool:
    # Here a null tells as much as a value: an empty list has no first id, but the older shape has the field.
    *steps, last = path.split(".")
    nodes = [dict(facts.message)]
    for step in steps:
        nodes = [each for node in nodes for each in objects(node.get(step.removesuffix("[]")))]
    return any(last in node for node in nodes)


def _endpoint_opened(beta: Beta, pair: Pair) -> Outcome:
    """A beta whose endpoints answer 404 without it."""
    baseline = pair.alone(beta.name)
    if baseline and baseline.path == pair.facts.path and baseline.status == 404:
        return effective(beta.name, f"{pair.facts.path} answered; without the header it is not there (404)")
    return unclear(
        beta.name, "the endpoint answered; whether it needs the header shows only beside a request without it"
    )


def _unused(beta: Beta, facts: Facts) -> Outcome:
    """Sent with a request that gives it nothing to act on."""
    unlocks = [*map(written, own_paths(beta)), *(f"the tool type {kind}" for kind in beta.tool_types)]
    why = nothing_there(beta, facts)
    if unlocks and not beta.header_only:
        what = listed(unlocks[:MOST_NAMED], joined_by="or")
        return absent(beta.name, facts, f"the request uses nothing that it unlocks ({what})", *why)
    return absent(beta.name, facts, *(why or ["nothing is known that it adds to an answer"]))
