"""Our own key out of an answer that sends it back: before it is stored or shown, and without holding a stream up."""

from collections.abc import Iterator

from .errors import CallError
from .secret import Secret, key_forms, mask_forms


class KeyMask:
    """Takes the key out of one response, in each form of `secret.key_forms` and wherever it is cut; lengths stay the same.

    Written in a way that is none of these (in pieces, encoded twice, in base32) it is not found.
    """

    def __init__(self, key: Secret) -> None:
        self._forms = key_forms(key)
        self._signs = frozenset(b"".join(self._forms))
        self._held = b""

    def whole(self, value: str) -> str:
        """A header's value."""
        return mask_forms(value.encode("latin-1", "replace"), self._forms).decode("latin-1")

    def chunks(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The body's chunks. A chunk's tail is held back only where it could be the beginning of the key."""
        try:
            for chunk in chunks:
                if passed := self._feed(chunk):
                    yield passed
        except CallError:
            # Cut off: what was held back is all that comes, and no key.
            if self._held:
                yield self._held
            raise
        if self._held:
            yield self._held

    def _feed(self, chunk: bytes) -> bytes:
        data = mask_forms(self._held + chunk, self._forms)
        passed = len(data) - self._beginning_at_end_of(data)
        self._held = data[passed:]
        return data[:passed]

    def _beginning_at_end_of(self, data: bytes) -> int:
        """How many bytes at the end could be the beginning of the key. Nearly always none: an event ends with a line end."""
        if not data or data[-1] not in self._signs:
            return 0
        return max(_overlap(data, form) for form in self._forms)


def _overlap(data: bytes, form: bytes) -> int:
    """The length of the longest end of `data` that `form` begins with, without being all of it."""
    tail = data[-(len(form) - 1) :]
    at = tail.find(form[:1])
    while at >= 0 and not form.startswith(tail[at:]):
        at = tail.find(form[:1], at + 1)
    return len(tail) - at if at >= 0 else 0
