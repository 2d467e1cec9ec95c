"""What tests are told and what they say."""

from dataclasses import dataclass

Interval = tuple[float, float]
Question = tuple[str, str]  # a figure's key, and what is asked of it


@dataclass(frozen=True)
class Terms:
    """`alpha`: intervals hold with 1 - alpha. `extended`: somebody looked before the last repeats were added. `draws`: how many
    rearrangements are drawn where there are too many to go through; `seed` of what is drawn."""

    alpha: float
    extended: bool
    draws: int
    seed: int


@dataclass(frozen=True)
class Chance:
    """`p`, and `smallest`: the least it could have been with these values, whichever column had them."""

    p: float
    smallest: float
