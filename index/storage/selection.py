"""What filters leave of an index."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Selection(NamedTuple):
    """What filters leave: ids of documents, and of their passages inside the index."""

    document_ids: list[str]
    passage_ids: NDArray[np.int64]
