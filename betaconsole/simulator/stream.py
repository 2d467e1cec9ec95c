"""One message as server-sent events with the moments at which they are due."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .blocks import Block
from .pace import Pace
from .replies import Message
from .wire import Part

HEAD_SHARE = 0.9
PING = '{"type": "ping"}'
PING_EVERY_S = 15.0
INPUT_TOKENS_PER_TTFT = 100_000


@dataclass(frozen=True)
class Frame:
    """One event. `data` is JSON text, or bytes where a fault needs ones that are no JSON."""

    at_s: float
    event: str
    data: str | bytes

    def encode(self) -> bytes:
        data = self.data.encode("utf-8", "replace") if isinstance(self.data, str) else self.data
        return b"event: %s\ndata: %s\n\n" % (self.event.encode(), data)


@dataclass(frozen=True)
class Tempo:
    """The pace of one answer with its jitter already drawn: when output token number n is there, in seconds."""

    ttft_s: float
    tps: float

    @classmethod
    def of(
        cls, pace: Pace, rng: random.Random, *, input_tokens: int, model_pace: float, ttft_share: float = 1.0
    ) -> Tempo:
        """A prompt of 100,000 uncached tokens doubles the time to the first token, of which `ttft_share` is taken."""
        ttft_s = pace.ttft_ms / 1000 * (1 + input_tokens / INPUT_TOKENS_PER_TTFT) * ttft_share
        return cls(ttft_s * _jitter(rng, pace), pace.tps * model_pace * _jitter(rng, pace))

    def at(self, tokens: float) -> float:
        """The first token is there at `ttft_s`, the next ones follow."""
        return self.ttft_s + max(0.0, tokens - 1) / self.tps


def _jitter(rng: random.Random, pace: Pace) -> float:
    return max(0.3, rng.gauss(1.0, pace.jitter)) if pace.jitter else 1.0


def frames(message: Message, tempo: Tempo) -> list[Frame]:
    """The whole stream in order, one block at a time, with pings after the first block's start and in long pauses."""
    head_at_s = tempo.ttft_s * HEAD_SHARE
    made = [_frame(head_at_s, "message_start", message=message.head())]
    tokens = 0.0
    for index, block in enumerate(message.blocks):
        tokens += block.delay_tokens
        made.append(
            _frame(max(head_at_s, tempo.at(tokens)), "content_block_start", index=index, content_block=block.start)
        )
        if index == 0:
            made.append(Frame(made[-1].at_s, "ping", PING))
        made += _deltas(block, index, tokens, tempo)
        tokens += block.tokens
        made.append(_frame(tempo.at(tokens), "content_block_stop", index=index))
    made.append(
        _frame(
            tempo.at(tokens),
            "message_delta",
            delta=message.stop(),
            usage=message.final_usage(),
            **message.question.closing,
        )
    )
    made.append(_frame(made[-1].at_s, "message_stop"))
    return list(_with_pings(made))


def _deltas(block: Block, index: int, tokens: float, tempo: Tempo) -> Iterator[Frame]:
    prefix = f'{{"type":"content_block_delta","index":{index},"delta":'
    for delta in block.deltas:
        tokens += delta.tokens
        yield Frame(tempo.at(tokens), "content_block_delta", prefix + _dumps(delta.data) + "}")


def _with_pings(made: Sequence[Frame]) -> Iterator[Frame]:
    last_s = made[0].at_s
    for frame in made:
        while frame.at_s - last_s > PING_EVERY_S:
            last_s += PING_EVERY_S
            yield Frame(last_s, "ping", PING)
        last_s = frame.at_s
        yield frame


def encoded(made: Sequence[Frame]) -> list[Part]:
    return [Part(frame.at_s, frame.encode()) for frame in made]


def error_frame(at_s: float, error: Mapping[str, Any]) -> Frame:
    """The event that ends a stream in an error after 200."""
    return _frame(at_s, "error", error=error)


def _frame(at_s: float, event: str, **data: Any) -> Frame:
    return Frame(at_s, event, _dumps({"type": event, **data}))


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
