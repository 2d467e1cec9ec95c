"""Runs that said the very same, collapsed: of each column the different outputs with how many runs had each. Pure."""

from dataclasses import dataclass

from betaconsole.statistics.inputs import Column


@dataclass(frozen=True)
class Output:
    """One output and the repeats that had it, in order."""

    repeats: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.repeats)


@dataclass(frozen=True)
class Said:
    """What a column said in one case: its different outputs, the most frequent first, then the one that came first."""

    position: int
    case: int
    outputs: tuple[Output, ...]

    @property
    def runs(self) -> int:
        return sum(output.count for output in self.outputs)

    @property
    def in_short(self) -> str:
        """`18 of 20 said the same`, `all 20 said the same`, `20 runs, each said something else`."""
        if not self.outputs:
            return "no answer"
        if self.runs == 1:
            return "one answer"
        most = self.outputs[0].count
        if most == self.runs:
            return f"all {self.runs:,} said the same"
        if most == 1:
            return f"{self.runs:,} runs, each said something else"
        return f"{most:,} of {self.runs:,} said the same"


def said_by(column: Column, *, case: int) -> Said:
    """`case`: the position of the case that is looked at: what others were asked differs."""
    by_digest: dict[str, list[int]] = {}
    for (at, repeat), digest in sorted(column.outputs.items()):
        if at == case:
            by_digest.setdefault(digest, []).append(repeat)
    ordered = sorted(by_digest.values(), key=lambda repeats: (-len(repeats), repeats[0]))
    return Said(column.position, case, tuple(Output(tuple(repeats)) for repeats in ordered))
