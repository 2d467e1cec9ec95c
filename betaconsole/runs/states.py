"""The states of an exchange, named once. `dispatch` and `recording` move an exchange; nothing else does.

queued → sending (claimed, committed before the socket opens) → streaming (status line seen) → a final state. What
was `queued` after a crash was provably not sent; what was `sending` or `streaming` may have been billed.
"""

from django.db import models


class State(models.TextChoices):
    """Where an exchange stands. What is final never changes."""

    QUEUED = "queued"
    SENDING = "sending"
    STREAMING = "streaming"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    UNKNOWN_OUTCOME = "unknown_outcome"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"


IN_FLIGHT = (State.SENDING, State.STREAMING)
UNFINISHED = (State.QUEUED, *IN_FLIGHT)
FINAL = tuple(state for state in State if state not in UNFINISHED)
