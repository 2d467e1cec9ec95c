"""Comparisons and the exchanges they are made of: everything that was sent, exactly as it was on the wire."""

from .bodies import Body, PackedBody
from .columns import Case, ColumnRole, Variant
from .comparisons import Addition, Comparison, ComparisonQuerySet, Import, Imported
from .exchanges import Batch, Continues, Exchange, ExchangeQuerySet, Segment, Wait
from .indexing import ComparisonBeta, ExchangeBeta, SentValue, ToIndex, VerdictDue
from .reservations import Reservation

__all__ = [
    "Addition",
    "Batch",
    "Body",
    "Case",
    "ColumnRole",
    "Comparison",
    "ComparisonBeta",
    "ComparisonQuerySet",
    "Continues",
    "Exchange",
    "ExchangeBeta",
    "ExchangeQuerySet",
    "Import",
    "Imported",
    "PackedBody",
    "Reservation",
    "Segment",
    "SentValue",
    "ToIndex",
    "Variant",
    "VerdictDue",
    "Wait",
]
