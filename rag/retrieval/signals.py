"""The ranking signals: what is asked of an index for a question, and how much each counts when they are fused.

Retrieval, fusion, the fields of evidence over HTTP and the explanation at the command line all read `SIGNALS`. A new
signal is a module with its ranking, and one line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from citeqa.index.protocols import SearchIndex, Selection
from citeqa.index.types import Ranked


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What a ranker gets: the words to search for, and their vector, shape `(dimension,)`."""

    text: str
    vector: NDArray[np.float32]


class Ranking(NamedTuple):
    """The passages that a signal finds, best first; `highest` is a bound that no score can exceed."""

    entries: list[Ranked]
    highest: float


class Rank(Protocol):
    """Ranks passages: the `k` best of the selection, ties by (document id, start)."""

    def __call__(self, index: SearchIndex, query: Query, k: int, selection: Selection | None) -> Ranking: ...


@dataclass(frozen=True, slots=True)
class Signal:
    """One ranking. `weight` is its share in the fused score; the shares of all signals add up to 1."""

    name: str
    weight: float
    rank: Rank


def _dense(index: SearchIndex, query: Query, k: int, selection: Selection | None) -> Ranking:
    return Ranking(index.rank_dense(query.vector, k, selection), 1.0)


def _lexical(index: SearchIndex, query: Query, k: int, selection: Selection | None) -> Ranking:
    return Ranking(index.rank_lexical(query.text, k, selection), index.highest_lexical(query.text))


# The weights were chosen on the fitting halves of SQuAD 2.0 dev and SciFact, where every dense weight from 0.33 to 0.41
# is as good.
SIGNALS = (Signal("dense", 0.375, _dense), Signal("lexical", 0.625, _lexical))
