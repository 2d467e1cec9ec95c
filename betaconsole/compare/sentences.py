"""What a verdict is made of. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from betaconsole.statistics.inputs import Inputs

Kind = Literal[
    "untrusted",
    "changed",
    "contribution",
    "refused",
    "unchanged",
    "not_enough",
    "nothing",
    "controls",
    "caches",
    "cost",
    "scarce",
    "counted",
    "quality",
    "simulated",
]
MAIN: tuple[Kind, ...] = ("untrusted", "refused", "changed", "contribution", "not_enough", "unchanged", "nothing")


@dataclass(frozen=True)
class Sentence:
    """`text` is plain words without a full stop; `figures` what stands behind them, empty where the words say it all. Both
    may hold what a far end made up: a name of a beta, of a block."""

    kind: Kind
    text: str
    figures: str = ""

    @property
    def whole(self) -> str:
        return f"{self.text} ({self.figures})." if self.figures else f"{self.text}."

    @property
    def in_a_list(self) -> str:
        """One line among many: how much more data it takes stands on the comparison's page."""
        return f"{self.text.partition(':')[0] if self.kind == 'not_enough' else self.text}."


@dataclass(frozen=True)
class Verdict:
    """`sentences`: first the verdict proper, one to three; then what is to be known beside it. `trusted`: no control failed.
    `enough`: every column that answered has data enough for a difference to show."""

    sentences: tuple[Sentence, ...]
    trusted: bool
    enough: bool

    @property
    def main(self) -> tuple[Sentence, ...]:
        return tuple(one for one in self.sentences if one.kind in MAIN)

    @property
    def notes(self) -> tuple[Sentence, ...]:
        return tuple(one for one in self.sentences if one.kind not in MAIN)

    def dump(self) -> dict[str, Any]:
        return {"sentences": [asdict(one) for one in self.sentences], "trusted": self.trusted, "enough": self.enough}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Verdict":
        return cls(tuple(Sentence(**one) for one in data["sentences"]), data["trusted"], data["enough"])


@dataclass(frozen=True)
class Facts:
    """What is known of a comparison beside its results. `separate_caches`: each column has a prompt cache of its own."""

    inputs: Inputs
    simulated: bool
    separate_caches: bool = False
