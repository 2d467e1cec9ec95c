"""What a team keeps for later: prompts with their versions and cases, and combinations of betas."""

from .combinations import Combination, CombinationVersion
from .kept import Kept, KeptQuerySet
from .prompts import Prompt, PromptCase, PromptTag, PromptVersion

__all__ = [
    "Combination",
    "CombinationVersion",
    "Kept",
    "KeptQuerySet",
    "Prompt",
    "PromptCase",
    "PromptTag",
    "PromptVersion",
]
