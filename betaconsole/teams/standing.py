"""Whether whoever opened a stream would still be let in: asked once for all that stays open in the same session."""

import threading
import time
from weakref import WeakValueDictionary

from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from .models import Membership, User

# Membership, the password of then, session; None where nobody is let in.
Key = tuple[int, str, str | None] | None


class Standing:
    """Somebody's in a team, active, with the password of then, in a session that goes on where it began in one.

    It holds no request and lives as long as a stream has it. `asked_at`: when that was true, by `time.monotonic()`.
    """

    def __init__(self, key: Key) -> None:
        self.asked_at = time.monotonic()  # whoever made the request was let in just now
        self._key, self._holds = key, key is not None
        self._asking = threading.Lock()

    def holds(self, *, at_most_s: float) -> bool:
        """Whether it did, so many seconds ago at most."""
        with self._asking:
            now = time.monotonic()
            if now - self.asked_at >= at_most_s:
                self._holds = self._ask()
                self.asked_at = now
            return self._holds

    def _ask(self) -> bool:
        if self._key is None:
            return False
        membership, password, session = self._key
        placed = Membership.objects.filter(pk=membership, user__is_active=True, user__password=password)
        going_on = Session.objects.filter(session_key=session, expire_date__gt=timezone.now())
        return placed.filter(team__deletes_at=None).exists() and (session is None or going_on.exists())


_shared: WeakValueDictionary[Key, Standing] = WeakValueDictionary()
_sharing = threading.Lock()


def standing_of(request: HttpRequest) -> Standing:
    """The one that all streams of this session share."""
    membership = getattr(request, "membership", None)
    key: Key = None
    if isinstance(request.user, User) and membership is not None:
        key = (membership.pk, request.user.password, getattr(getattr(request, "session", None), "session_key", None))
    with _sharing:
        return _shared.setdefault(key, Standing(key))
