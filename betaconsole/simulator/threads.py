"""Message threads: conversations that the simulated API keeps for a few minutes (beta message-threads)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .refusals import Refusal, invalid
from .store import Shelf

LIFE_S = 300.0
MOST = 500
MOST_BYTES = 64 * 1024 * 1024
CREATE_ONLY = ("system", "tools")
# which fields may not change from turn to turn is invented, but for those a continuing request may not send at all
FIXED = ("model", "mcp_servers")
UNSUPPORTED = ("context_management",)
REPLAY = 'Replay the full conversation with `thread: {"type": "create"}`.'


@dataclass(frozen=True)
class Thread:
    """A conversation as it stood with one answer, whose id it has.

    `body` is the request with all messages so far. `answered_at_s` is when that answer is whole, `continued_until_s` when the
    turn that follows it will be, None while there is none.
    """

    id: str
    owner: str
    body: Mapping[str, Any]
    size_bytes: int
    answered_at_s: float
    continued_until_s: float | None = None


class Threads:
    """The threads of one simulator. `clock` is in seconds and only differences count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: Shelf[Thread] = Shelf(most=MOST, most_bytes=MOST_BYTES)

    def resumed(self, body: Mapping[str, Any], owner: str) -> Mapping[str, Any]:
        """The request with the whole conversation in it; one that continues no thread is returned as it is."""
        asked = body.get("thread")
        if not asked:
            return body
        if unsupported := [field for field in UNSUPPORTED if body.get(field)]:
            raise _unsupported(unsupported)
        if asked["type"] == "create":
            return body
        thread = self._found(asked["previous_message_id"], owner)
        self._check_free(thread)
        for field in CREATE_ONLY:
            if body.get(field) is not None:
                raise invalid(f"{field}: not permitted when a thread is continued. The thread keeps its `{field}`.")
        if changed := [f"`{field}`" for field in FIXED if body.get(field) != thread.body.get(field)]:
            raise invalid(
                f"thread: {', '.join(changed)} must be the same in every turn of a thread. {REPLAY}",
                code="thread_fingerprint_mismatch",
            )
        kept = {field: thread.body[field] for field in CREATE_ONLY if field in thread.body}
        return {**kept, **body, "messages": [*thread.body["messages"], *body["messages"]]}

    def hold(self, body: Mapping[str, Any], message: Mapping[str, Any], owner: str, *, takes_s: float) -> None:
        """Keep the conversation under the id of its answer, once that is whole (`takes_s` from now).

        `body` is the request as `resumed` gave it. Raises a Refusal where another request has continued meanwhile.
        """
        asked = body.get("thread")
        if not asked:
            return
        now_s = self._clock()
        if asked["type"] == "continue":
            self._held.change(
                asked["previous_message_id"], owner, lambda thread: self._claimed(thread, now_s + takes_s)
            )
        if message["stop_reason"] == "refusal" or _fell_back(message):
            return
        said = [*body["messages"], {"role": "assistant", "content": message["content"]}]
        if message["stop_reason"] == "compaction" and body.get("compaction"):
            said = said[-1:]
        kept = {field: value for field, value in body.items() if field in (*CREATE_ONLY, *FIXED)} | {"messages": said}
        self._held.put(Thread(message["id"], owner, kept, len(json.dumps(kept)), now_s + takes_s))

    def _found(self, ident: str, owner: str) -> Thread:
        thread = self._held.find(ident, owner)
        if thread is None or self._clock() >= thread.answered_at_s + LIFE_S:
            raise Refusal(404, f"thread: no thread was found for {ident}. {REPLAY}", code="thread_not_found")
        return thread

    def _claimed(self, thread: Thread, until_s: float) -> Thread:
        self._check_free(thread)
        return replace(thread, continued_until_s=until_s)

    def _check_free(self, thread: Thread) -> None:
        if thread.continued_until_s is None:
            return
        if self._clock() < thread.continued_until_s:
            raise invalid(
                f"thread: another request is still continuing from {thread.id}. Wait for it. " + REPLAY,
                code="thread_continue_in_flight",
            )
        raise invalid(
            f"thread: {thread.id} has already been continued. Continue from the latest response of the thread. "
            + REPLAY,
            code="thread_already_continued",
        )


def _unsupported(fields: list[str]) -> Refusal:
    names = ", ".join(f"`{field}`" for field in fields)
    return invalid(
        f"thread: cannot be combined with {names}. Send the full conversation without `thread`.",
        code="thread_unsupported_request",
        details={"unsupported": fields},
    )


def _fell_back(message: Mapping[str, Any]) -> bool:
    iterations = message["usage"].get("iterations") or ()
    return any(entry["type"] == "fallback_message" for entry in iterations)
