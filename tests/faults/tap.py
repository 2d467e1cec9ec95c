"""A far end that says one word after the other, each only once the test lets it."""

import json
import threading
from collections import Counter

from tests.upstream import STREAM_HEAD, Peer, chunk

# Enough to tell a lost word from a doubled one, and hostile to whoever would take them for HTML.
EVIL = "<img src=x hx-get=/evil hx-trigger=load hx-on:load=alert(1) onerror=alert(1)>&amp;"
WORDS = [f"w{number} " if number % 10 else f"{EVIL}w{number} " for number in range(400)]
HANG_S = 120.0  # a guard: no word is waited for longer


def said(count: int) -> str:
    """The text after so many words."""
    return "".join(WORDS[:count])


class Tap:
    """The script of an upstream: what a request's first message names is told that many of WORDS, as far as `let` lets."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._allowed: Counter[str] = Counter()
        self._is_over = False
        self.sent: Counter[str] = Counter()
        self.asked: list[str] = []  # the names in the order they were asked for

    def let(self, name: str, count: int = len(WORDS)) -> None:
        """Say the first `count` words to whoever asks under this name; with all of them the answer ends."""
        with self._moved:
            self._allowed[name] = count
            self._moved.notify_all()

    def close(self) -> None:
        """Nobody is told anything more."""
        with self._moved:
            self._is_over = True
            self._moved.notify_all()

    def __call__(self, peer: Peer) -> None:
        request = json.loads(peer.read_request().body)
        name = request["messages"][0]["content"]
        self.asked.append(name)
        peer.send(STREAM_HEAD + chunk(_start(request["model"])))
        done = 0
        while done < len(WORDS):
            with self._moved:
                self._moved.wait_for(lambda: self._allowed[name] > done or self._is_over, HANG_S)  # noqa: B023
                if self._is_over or self._allowed[name] <= done:
                    return
                until = min(self._allowed[name], len(WORDS))
            for word in WORDS[done:until]:
                peer.send(chunk(_event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})))
            done = self.sent[name] = until
        peer.send(chunk(_end()) + chunk(b""))


def _event(name: str, **fields: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


def _start(model: str) -> bytes:
    usage = {"input_tokens": 9, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage}
    return _event("message_start", message=message) + _event(
        "content_block_start", index=0, content_block={"type": "text", "text": ""}
    )


def _end() -> bytes:
    return (
        _event("content_block_stop", index=0)
        + _event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": len(WORDS)})
        + _event("message_stop")
    )
