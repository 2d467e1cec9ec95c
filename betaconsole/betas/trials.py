"""How each beta is tried, where the catalogue's own example does not do: facts as data.

`TRIALS` says what a pair of columns needs beside the example to show something; `WHY_ALIKE` why nothing is to be expected to
differ for the betas for which that is so. A test tries every beta that Messages accepts and holds both tables to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Json = dict[str, Any]

REFUSAL = "On the simulator the text asks the model to decline, so that there is something to fall back from."
TIME_STUB: Json = {"tool": "get_time", "result": "Saturday 21 November 2026, 14:05, Central European Time (UTC+1)."}


@dataclass(frozen=True)
class Trial:
    """What to change in the example of the catalogue.

    `body` is merged into it (RFC 7396); `wish` are directions to the simulator, left out elsewhere; `look_for` says in a
    sentence what the columns are about to show; `headerless_model`: one where the same field needs no header, for a third
    column. `without_field`: the header alone, without the catalogue's changes.
    """

    look_for: str
    body: Json | None = None
    wish: str = ""
    headerless_model: str = ""
    without_field: bool = False


TRIALS: Mapping[str, Trial] = MappingProxyType({})
WHY_ALIKE: Mapping[str, str] = MappingProxyType({})
