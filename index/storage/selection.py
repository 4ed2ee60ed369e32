"""What filters leave of an index, in the form that the indexes of this package understand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citeqa.index.protocols import Selection


@dataclass(frozen=True, slots=True, eq=False)
class SelectedPassages(Selection):
    """The ids of documents and the numbers of their passages, both ascending."""

    document_ids: list[str]
    passage_ids: NDArray[np.int64]

    @property
    def empty(self) -> bool:
        return not len(self.passage_ids)


def selected(selection: Selection | None) -> SelectedPassages | None:
    """A selection in that form. Raises TypeError if another kind of index made it."""
    if selection is None or isinstance(selection, SelectedPassages):
        return selection
    raise TypeError(f"a selection of another kind of index: {type(selection).__name__}")
