"""Passages that say what a better one says already: syndicated and lightly edited copies of a story.

Resemblance is estimated from a sample of each passage's shingles, as Broder, "On the resemblance and containment of
documents" (SEQUENCES 1997), does with his sketch of the shingles divisible by a number, which estimates containment as
well as resemblance. A shingle is a run of `WIDTH` bytes of the text without case, blanks and punctuation. All is
computed for the candidates of one question at once: nothing is stored, nothing can be out of date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from citeqa.rag.matching import quantities
from citeqa.rag.types import Evidence

WIDTH = 16  # bytes of a shingle, about three words; a power of two
SAMPLED = 8  # one shingle of so many is kept; a power of two
AMONG = 30  # candidates, best first, that are looked at; the others stand for themselves
CONTAINED = 0.5  # the share of a passage's shingles that a better one holds, from which on it is its copy
FEW = 8  # shingles below which nothing can be said
_BASE = 0x01000193

_FOLDED = np.zeros(256, dtype=np.uint8)  # letters, digits and all that is not ASCII; the rest is left out
for _byte in range(256):
    _FOLDED[_byte] = ord(chr(_byte).lower()) if _byte < 128 and chr(_byte).isalnum() else _byte * (_byte >= 128)


def merge_copies(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The evidence without the copies among its first `AMONG`, in its order; each piece has its copies, in theirs.

    A copy is a passage of another document that holds at least `CONTAINED` of its words in a better piece, and no
    quantity that is not in it: an update that says 14 where the first report said 12 stands for itself.
    """
    looked, rest = evidence[:AMONG], evidence[AMONG:]
    inside = containment([item.passage.text for item in looked])
    kept: list[int] = []
    copies: dict[int, list[int]] = {}
    for number, item in enumerate(looked):
        of = next((one for one in kept if inside[number, one] >= CONTAINED and _copies(item, evidence[one])), None)
        if of is None:
            kept.append(number)
        else:
            copies.setdefault(of, []).append(number)
    alone = [replace(looked[one], copies=tuple(looked[n].passage for n in copies.get(one, ()))) for one in kept]
    return [*alone, *rest]


def _copies(item: Evidence, better: Evidence) -> bool:
    if item.passage.document_id == better.passage.document_id:
        return False
    return quantities(item.passage.text) <= quantities(better.passage.text)


def containment(texts: Sequence[str]) -> NDArray[np.float32]:
    """An `(n, n)` matrix: in row i and column j the estimated share of text i's shingles that text j holds, 0 to 1; 0
    for a text of fewer than `FEW` sampled shingles."""
    shingles, owners = _sampled(texts)
    shared = np.zeros((len(texts), len(texts)), dtype=np.float32)
    counts = np.bincount(owners, minlength=len(texts))
    apart = 1
    while apart < len(shingles):  # shingles are in order: equal ones stand together
        (equal,) = np.nonzero(shingles[apart:] == shingles[:-apart])
        if not len(equal):
            break
        np.add.at(shared, (owners[equal], owners[equal + apart]), 1)
        np.add.at(shared, (owners[equal + apart], owners[equal]), 1)
        apart += 1
    shared[counts < FEW] = 0
    return shared / np.maximum(counts, 1).astype(np.float32)[:, None]


def _sampled(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """The sampled shingles of all texts, each once a text, ascending, and the numbers of the texts they are of."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    owners = np.repeat(np.arange(len(texts), dtype=np.uint32), [len(data) for data in encoded])
    folded = _FOLDED[np.frombuffer(b"".join(encoded), dtype=np.uint8)]
    told = folded > 0
    hashes, owners = folded[told].astype(np.uint32), owners[told]
    if len(hashes) < WIDTH:
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.intp)
    width, base = 1, _BASE
    while width < WIDTH:  # each step makes of the hashes of two neighbouring runs that of a run twice as long
        hashes = hashes[:-width] * np.uint32(base) + hashes[width:]
        width, base = 2 * width, base * base % 2**32
    whole = owners[: len(hashes)] == owners[WIDTH - 1 :]
    hashes ^= hashes >> np.uint32(15)
    hashes *= np.uint32(0x2C1B3C6D)
    hashes ^= hashes >> np.uint32(12)
    chosen = whole & (hashes % np.uint32(SAMPLED) == 0)
    pairs = hashes[chosen].astype(np.uint64) << np.uint64(32) | owners[: len(hashes)][chosen]
    pairs = np.unique(pairs)
    return (pairs >> np.uint64(32)).astype(np.uint32), (pairs & np.uint64(0xFFFFFFFF)).astype(np.intp)
