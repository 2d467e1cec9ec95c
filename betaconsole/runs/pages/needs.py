"""What a cell needs from a person before it goes on: results of tool calls, or a word after a restart or at the cap. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from betaconsole.library.stubs import ToolStub, find
from betaconsole.runs.models import Exchange, Wait
from betaconsole.runs.sending.turns import UNFINISHED_REPLY, Call, calls_of
from betaconsole.runs.states import State
from betaconsole.storage.fields import showable

SHORT_INPUT = 160


@dataclass(frozen=True)
class ResultField:
    """A call that nothing answers, and the field for its result: as typed, and what is wrong with it.

    `index` is the call's place among the message's calls: its id is anybody's text, which a form might not give back as it is.
    """

    index: int
    name: str
    code: str
    text: str = ""
    is_error: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Need:
    """What stands in the way, in a sentence, and the fields to fill in; without fields a press of Go on is enough.

    `waits`: the comparison waits for it; where it does not, the cell is over unless a person lets it go on.
    """

    sentence: str
    fields: tuple[ResultField, ...] = ()
    waits: bool = False
    problem: str = ""
    is_refused: bool = False  # it holds what was typed and refused
    may_pass: bool = False  # as of Typed

    @property
    def is_several(self) -> bool:
        return len(self.fields) > 1


@dataclass(frozen=True)
class Typed:
    """What a person sent that was refused, to be shown again: of the form `form` under the exchange `xid`.

    `results`: text and error mark by the call's index; `problems`: what is wrong, by the same; `problem`: with the whole.
    """

    form: str
    xid: str
    problem: str = ""
    results: Mapping[int, tuple[str, bool]] = field(default_factory=dict)
    problems: Mapping[int, str] = field(default_factory=dict)
    text: str = ""
    scope: str = ""
    every_repeat: bool = False
    may_pass: bool = False  # a budget stands in the way, and this person may have it sent all the same

    @property
    def texts(self) -> list[str]:
        """Everything typed, showable."""
        typed = [self.text, *(text for text, _ in self.results.values())]
        return [showable(text) for text in typed if text]


def need_of(
    exchange: Exchange,
    message: Mapping[str, Any] | None,
    *,
    wait: str | None,
    stubs: Sequence[ToolStub],
    max_turns: int,
) -> Need | None:
    """What the cell needs whose latest exchange this is; None where it needs nothing. `wait`: the reason it waits for."""
    if wait == Wait.Reason.RESTART:
        return Need(f"The console stopped before turn {exchange.turn + 1} was sent.", waits=True)
    if exchange.state != State.SUCCEEDED or message is None:
        return None
    calls = calls_of(message)
    missing = [_field(index, call) for index, call in enumerate(calls) if find(stubs, call.name, call.input) is None]
    if missing:
        sentence = "No stub answers this call." if len(missing) == 1 else "No stub answers these calls."
        return Need(sentence, tuple(missing), waits=wait is not None)
    if not calls and message.get("stop_reason") not in UNFINISHED_REPLY:
        return None
    if exchange.turn >= max_turns:
        turns = "turn" if exchange.turn == 1 else "turns"
        return Need(f"Stopped after {exchange.turn} {turns} (max_turns).")
    return Need("A stub answers this by now.", waits=wait is not None) if calls else None


def with_typed(need: Need | None, typed: Typed | None) -> Need | None:
    """The need with what was typed before it was refused."""
    if need is None or typed is None:
        return need
    fields = []
    for one in need.fields:
        text, is_error = typed.results.get(one.index, ("", False))
        fields.append(replace(one, text=text, is_error=is_error, problem=typed.problems.get(one.index, "")))
    return replace(need, fields=tuple(fields), problem=typed.problem, is_refused=True, may_pass=typed.may_pass)


def _field(index: int, call: Call) -> ResultField:
    name, given = showable(call.name), showable(json.dumps(call.input, ensure_ascii=False))
    shown = given if len(given) <= SHORT_INPUT else f"{given[:SHORT_INPUT]}…"
    return ResultField(index, name, f"{name}({shown})")
