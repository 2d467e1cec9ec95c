"""JSON text with its spelling kept: reading, writing and changing the bodies that are sent."""

from .jsonpatching import PatchError, apply_changes, apply_patch, make_merge_patch, make_patch, merge_patch
from .jsonspelling import MAX_DEPTH, Integer, JsonError, Real, dumps, loads

__all__ = [
    "MAX_DEPTH",
    "Integer",
    "JsonError",
    "PatchError",
    "Real",
    "apply_changes",
    "apply_patch",
    "dumps",
    "loads",
    "make_merge_patch",
    "make_patch",
    "merge_patch",
]
