"""How a call can fail, as a tree: each class knows the state it leads to and what it means for a retry.

States and the rules of retrying follow the product's fault catalogue: only what was provably not sent may be sent
again freely; where the API may already have billed, a person must ask for it.
"""

from enum import Enum

from .advice import advice
from .api_errors import ApiError, parse_error, refused_betas

__all__ = [
    "AddressRefused",
    "ApiError",
    "CallError",
    "Cancelled",
    "ConnectTimeout",
    "ConnectionRefused",
    "CutBeforeStatus",
    "DnsFailed",
    "HttpError",
    "IdleTimeout",
    "Incomplete",
    "LimitExceeded",
    "NotSent",
    "ProtocolError",
    "ProxyFailed",
    "RedirectRefused",
    "Retry",
    "StatusTimeout",
    "StreamError",
    "TlsFailed",
    "TotalTimeout",
    "UnknownOutcome",
    "advice",
    "parse_error",
    "refused_betas",
]

_REFUSED_UNREAD = frozenset({408, 429, 503, 529})
_MAYBE_BILLED = frozenset({500, 502, 504})


class Retry(Enum):
    """Whether the same request may be sent again."""

    NEVER = "never"
    SAFE = "safe"  # nothing was sent
    AFTER_DELAY = "after_delay"  # turned away before any work: wait first
    ASK = "ask"  # may be billed twice: only when a person says so


class CallError(Exception):
    """Root of the tree. `state` is the final state of the exchange, `kind` the word stored for it.

    `message` is one plain sentence, safe to show: it never holds a key.
    """

    state: str = "failed"
    kind: str = "failed"
    retry: Retry = Retry.NEVER
    default_message = "The call failed."

    def __init__(self, message: str = "") -> None:
        self.message = message or self.default_message
        super().__init__(self.message)


class NotSent(CallError):
    """No byte of the request left this machine; it may be sent again."""

    kind = "not_sent"
    retry = Retry.SAFE
    default_message = "The request was not sent."


class DnsFailed(NotSent):
    """The host's name has no address."""

    default_message = "The name of the host could not be resolved; nothing was sent."


class AddressRefused(NotSent):
    """The host's name leads where it may not: into a private network, or to an address that no host has."""

    retry = Retry.NEVER
    default_message = "The name of the host leads to an address where requests do not go; nothing was sent."


class ConnectionRefused(NotSent):
    """Nothing accepts connections at this address, or it cannot be reached."""

    default_message = "The connection was refused; nothing was sent."


class ConnectTimeout(NotSent):
    """No connection within the connect deadline."""

    default_message = "No connection came about in time; nothing was sent."


class TlsFailed(NotSent):
    """The certificate or the handshake was not acceptable."""

    default_message = "The secure connection (TLS) could not be set up; nothing was sent."


class ProxyFailed(NotSent):
    """The proxy refused or broke off the tunnel."""

    default_message = "The proxy did not open a tunnel; nothing was sent."


class UnknownOutcome(CallError):
    """Sent, at least in part, and no status line came back: the API may have run and billed it. Never sent again by itself."""

    state = "unknown_outcome"
    kind = "cut_before_status"
    retry = Retry.ASK
    default_message = "The connection ended before any answer; the API may have run and billed the request."


class CutBeforeStatus(UnknownOutcome):
    """The connection broke between sending and the status line."""


class StatusTimeout(UnknownOutcome):
    """No complete status line and headers within the deadline."""

    kind = "status_timeout"
    default_message = "No answer came in time; the API may have run and billed the request."


class RedirectRefused(CallError):
    """A 3xx answer. Never followed: the key must not travel to another host."""

    kind = "redirect_refused"
    default_message = "The server answered with a redirect, which is never followed."


class HttpError(CallError):
    """A status of 400 or more, with what its body says."""

    kind = "http_error"

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry = _retry_after_refusal(error)


class StreamError(CallError):
    """An `error` event after status 200: some output may have been billed."""

    kind = "stream_error"

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error


class Incomplete(CallError):
    """The answer began (status 200) and ended early; what arrived is kept."""

    state = "incomplete"
    kind = "cut_after_status"
    default_message = "The answer was cut off before its end; what had arrived is kept."


class IdleTimeout(Incomplete):
    """Nothing arrived for longer than the idle deadline."""

    kind = "idle_timeout"
    default_message = "The answer stalled and was given up; what had arrived is kept."


class TotalTimeout(Incomplete):
    """The call took longer than its total deadline."""

    kind = "total_timeout"
    default_message = "The answer took longer than the total deadline and was given up; what had arrived is kept."


class ProtocolError(CallError):
    """The answer is no HTTP, or not the kind of answer that was due (a web page in place of a message)."""

    kind = "protocol"
    default_message = "The server answered with something that is not an API answer."


class LimitExceeded(CallError):
    """The answer is larger than this console reads (body, line or number of events)."""

    kind = "limit"
    default_message = "The answer is larger than this console reads."


class Cancelled(CallError):
    """Stopped by a person; what the API had already generated may still be billed."""

    state = "cancelled"
    kind = "cancelled"
    default_message = "Stopped here; the API may still bill what it had generated."


def _retry_after_refusal(error: ApiError) -> Retry:
    """`x-should-retry` decides where it is present; else the status does."""
    if error.should_retry is False:
        return Retry.NEVER
    if error.should_retry is True or error.status in _REFUSED_UNREAD:
        return Retry.AFTER_DELAY
    if error.status == 502 and error.type:
        return Retry.AFTER_DELAY  # the API itself turned it away; without an error type an edge lost the answer
    if error.status in _MAYBE_BILLED:
        return Retry.ASK
    return Retry.NEVER
