"""A far end that answers probes as an API might: it knows some betas, and what it does about the others is scripted."""

import json
import threading
from collections.abc import Callable, Collection
from typing import Any

from tests.upstream import Peer, Received, answer

MODEL = "claude-sonnet-5-5"
COUNT = "token-counting-2024-11-01"  # both are asked about where tokens are counted, without a field
ONE, OTHER = "pdfs-2024-09-25", "search-results-2025-06-09"

# Given the request and its betas: an answer to send, or None for the usual one.
Special = Callable[[Peer, Received, list[str]], bytes | None]


class FarEnd:
    """Pass it to `Upstream` as the script. `knows`: the betas it accepts, None for whatever comes.

    `lists_all`: a refusal names every beta that it does not know, as the API does; else the first. `most` is the largest
    number of requests it had at once.
    """

    def __init__(
        self, knows: Collection[str] | None = (), *, lists_all: bool = True, special: Special | None = None
    ) -> None:
        self._knows, self._lists_all, self._special = knows, lists_all, special
        self._lock = threading.Lock()
        self._at_once = self.most = 0

    def __call__(self, peer: Peer) -> None:
        request = peer.read_request()
        with self._lock:
            self._at_once += 1
            self.most = max(self.most, self._at_once)
        try:
            betas = betas_of(request)
            said = self._special(peer, request, betas) if self._special else None
            peer.send(said if said is not None else self._usual(request, betas))
        finally:
            with self._lock:
                self._at_once -= 1

    def _usual(self, request: Received, betas: list[str]) -> bytes:
        unknown = [] if self._knows is None else [name for name in betas if name not in self._knows]
        if unknown:
            named = ", ".join(f"`{name}`" for name in unknown[: None if self._lists_all else 1])
            return refusal(400, f"Unexpected value(s) {named} for the `anthropic-beta` header.")
        if request.line.startswith("GET"):
            return answer(b'{"data": [], "has_more": false}')
        if "count_tokens" in request.line:
            return answer(b'{"input_tokens": 8}')
        return answer(json.dumps(MESSAGE).encode())


def betas_of(request: Received) -> list[str]:
    return (request.header("anthropic-beta") or "").split(",") if request.header("anthropic-beta") else []


def refusal(status: int, message: str, *lines: str, kind: str = "invalid_request_error") -> bytes:
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return answer(json.dumps(body).encode(), status, *lines)


MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "max_tokens",
    "stop_sequence": None,
    "usage": {"input_tokens": 8, "output_tokens": 1},
}
