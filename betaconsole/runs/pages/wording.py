"""How the state of an exchange is said: the pill, the sentence under what arrived, the error and what to do. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from betaconsole.catalogue.help import Link, help_for_error
from betaconsole.claude.advice import advice, asked_wait
from betaconsole.claude.errors import ApiError
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import IN_FLIGHT, UNFINISHED, State
from betaconsole.storage.fields import Damaged, showable
from betaconsole.web.templatetags.figures import moment, ms, size

# Neither may be sent again by itself, and a person may want to: the outcome is missing or cut.
WORTH_ANOTHER_GO = (State.FAILED, State.INCOMPLETE, State.UNKNOWN_OUTCOME, State.INTERRUPTED, State.CANCELLED)
_CUT_PILLS = {
    "idle_timeout": "stalled after {status}",
    "total_timeout": "too long after {status}",
    "limit": "too large",
}
_FAILURE_PILLS = {
    "not_sent": "not sent",
    "redirect_refused": "{status} redirect",
    "stream_error": "error after {status}",
    "protocol": "no API answer",
    "limit": "too large",
    "expired": "expired",
    "no_result": "no result",
}
_FOR_SUPPORT = (State.FAILED, State.INCOMPLETE, State.UNKNOWN_OUTCOME)
_SILENT: Mapping[str, str] = {
    State.INCOMPLETE: "The connection ended without message_stop.",
    State.UNKNOWN_OUTCOME: "The connection was lost before a status line.",
}
_HELD_BACK = "Held back by a limit: it did not start together with the other columns, so compare its times with care."


@dataclass(frozen=True)
class Pill:
    """A state in a word or two. `tone`: good, bad, live, wait (for a person), or empty for none of them."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class ErrorView:
    """What went wrong, in the API's own words, and what to do about it."""

    status: int | None
    type: str
    code: str
    message: str
    advice: str


def pill(exchange: Exchange, *, done: int, total: int, waits: bool = False) -> Pill:
    """`done` of `total` repeats of this column have succeeded; one repeat alone shows its own status.

    `waits`: its cell cannot go on without a person.
    """
    state = exchange.state
    if waits:
        return Pill(f"turn {exchange.turn} · waiting", "wait")
    if state in UNFINISHED and exchange.turn > 1:
        return Pill(f"{done} of {total}" if total > 1 else f"turn {exchange.turn}", "live")
    if state == State.QUEUED:
        return Pill("waiting")
    if state in IN_FLIGHT:
        return Pill(f"{done} of {total}" if total > 1 else state, "live")
    if state == State.SUCCEEDED:
        return Pill(f"{done} of {total}" if total > 1 else _status(exchange), "good")
    if state == State.SKIPPED:
        return Pill("skipped")
    if state == State.CANCELLED:
        return Pill(ms(exchange.total_ms) if exchange.total_ms is not None else "stopped")
    return Pill(_bad_ending(exchange), "bad")


def _bad_ending(exchange: Exchange) -> str:
    if exchange.state == State.UNKNOWN_OUTCOME:
        return "no answer"
    if exchange.state == State.INTERRUPTED:
        return "restart"
    if exchange.state == State.INCOMPLETE:
        return _CUT_PILLS.get(exchange.failure_kind, "cut after {status}").format(status=_status(exchange))
    if exchange.refused_betas:
        return f"{_status(exchange)} refused"
    if exchange.failure_kind == "http_error" and (wait := asked_wait(_api_error(exchange))):
        return f"{exchange.status} · retry in {wait}"
    return _FAILURE_PILLS.get(exchange.failure_kind, "{status} error").format(status=_status(exchange))


def _status(exchange: Exchange) -> str:
    # A result line of a batch has no status of its own.
    return str(exchange.status) if exchange.status else "batch" if exchange.batch_id else "no status"


def note(exchange: Exchange, *, kept_bytes: int | None, skipped: int = 0, limit: str = "") -> str:
    """The sentence that explains a state that does not explain itself; empty for one that does.

    `kept_bytes`: of the response; `skipped`: repeats of this column that were not sent; `limit`: why a queued one waits.
    """
    state = exchange.state
    if state == State.QUEUED:
        return _queued(exchange, limit)
    if state == State.SKIPPED:
        return "Not sent: the same request was refused before and would be refused again."
    if state == State.CANCELLED:
        if _was_stopped_before(exchange):
            before = "it ran in its batch" if exchange.batch_id else "it was sent"
            return f"Stopped before {before}: nothing was billed."
        return "Stopped here. The API may still bill what it generated."
    if state == State.INTERRUPTED:
        return _interrupted(kept_bytes)
    if state == State.INCOMPLETE:
        return _incomplete(exchange, kept_bytes)
    if state == State.UNKNOWN_OUTCOME:
        said = exchange.error_message if exchange.batch_id else _SILENT[State.UNKNOWN_OUTCOME]
        return f"{showable(said)} The request may have been processed and billed. It is not sent again by itself."
    if state == State.FAILED and skipped:
        return f"Refused once, {skipped} more not sent: the same request would be refused again."
    if state == State.SUCCEEDED and exchange.batch_id:
        return "Answered in a batch: its times cannot be compared, so there are none."
    if state == State.SUCCEEDED and exchange.waited:
        return _HELD_BACK
    return ""


def _was_stopped_before(exchange: Exchange) -> bool:
    """Whether somebody stopped it before anything of it was sent."""
    return exchange.state == State.CANCELLED and exchange.sent_at is None


def _queued(exchange: Exchange, limit: str) -> str:
    if exchange.batch_id:
        return "Went out in a batch: its answer comes when the batch has ended."
    if exchange.send_after is not None:
        takes_ms = (exchange.send_after - exchange.created_at).total_seconds() * 1000
        return f"The tool takes its time: its stub answers after {ms(takes_ms)}."
    return limit or "Waiting for its turn."


def _interrupted(kept_bytes: int | None) -> str:
    if kept_bytes:
        return "The console stopped while this was streaming. What had arrived is kept."
    return (
        "The console stopped while this was being sent. The request may have been processed and billed. "
        "It is not sent again by itself."
    )


def _incomplete(exchange: Exchange, kept_bytes: int | None) -> str:
    if exchange.failure_kind in ("", "cut_after_status") and exchange.answers_message:
        said = _SILENT[State.INCOMPLETE]
    else:
        said = showable(exchange.error_message) or "The answer did not come to its end."
    usage = ", usage so far" if exchange.usage else ""
    return f"{said} Kept: {size(kept_bytes or 0)}{usage}. Not counted."


def error_of(exchange: Exchange) -> ErrorView | None:
    """The error card of a failed exchange; None for every other state."""
    if exchange.state != State.FAILED:
        return None
    error = _api_error(exchange)
    return ErrorView(
        status=error.status,
        type=error.type or "",
        code=error.code or "",
        message=error.message,
        advice=advice(error, exchange.failure_kind, path=exchange.url),
    )


def _api_error(exchange: Exchange) -> ApiError:
    return ApiError(
        status=exchange.status,
        type=exchange.error_type or None,
        message=showable(exchange.error_message)
        or _SILENT.get(exchange.state, "The answer says nothing about the error."),
        code=exchange.error_code or None,
        request_id=exchange.request_id or None,
        refused_betas=tuple(exchange.refused_betas),
        retry_after_s=exchange.retry_after_s,
    )


def help_with(exchange: Exchange, betas: Iterable[str]) -> list[Link]:
    """Where to read on about how it failed; nothing where it did not. `betas`: those it was refused for, or for want of."""
    if exchange.state not in _FOR_SUPPORT:
        return []
    return help_for_error(status=exchange.status, message=exchange.error_message, betas=betas)


def is_for_support(exchange: Exchange) -> bool:
    """Whether it ended in a way that only who answered can explain: it failed, was cut, or got no answer."""
    return exchange.state in _FOR_SUPPORT


def support_text(exchange: Exchange, outcomes: Mapping[str, str] = MappingProxyType({})) -> str:
    """What Anthropic's support needs to find a request that was sent: no body, no key. Empty for one that was not, or not yet,
    or where nobody can say any more what it asked.

    `outcomes`: further lines, what came of its betas.
    """
    if exchange.state in UNFINISHED or exchange.state == State.SKIPPED or _was_stopped_before(exchange):
        return ""
    if isinstance(exchange.request_headers, Damaged):
        return ""
    sent = {name.lower(): value for name, value in exchange.request_headers}
    lines = {
        "request-id": exchange.request_id or "none was returned",
        "time": moment(exchange.sent_at or exchange.created_at),
        "request": f"{exchange.method} {exchange.url}",
        "model": exchange.model or "none",
        "anthropic-version": sent.get("anthropic-version", "none"),
        "anthropic-beta": sent.get("anthropic-beta", "none"),
        **_ending(exchange),
        **outcomes,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def _ending(exchange: Exchange) -> dict[str, str]:
    """How it ended, as a line for support."""
    if not is_for_support(exchange):
        return {"status": f"{exchange.status or 'none'}, {exchange.state}"}
    said = " ".join(filter(None, [str(exchange.status or ""), exchange.error_type or exchange.failure_kind]))
    return {"error": f"{said}: {_api_error(exchange).message}"}
