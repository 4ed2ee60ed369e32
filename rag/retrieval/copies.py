"""Merges passages that repeat a better one: syndicated and lightly edited copies of a story.

Resemblance is estimated from a sample of each passage's shingles. As in Broder, "On the resemblance and containment of
documents" (SEQUENCES 1997), the sample holds the shingles divisible by a number, which estimates containment as well as
resemblance. A shingle is a run of `WIDTH` bytes of the text without case, spaces and punctuation. Everything is
computed for the passages of one question at once: nothing is stored, so nothing can be out of date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from citeqa.rag.matching import quantities
from citeqa.rag.types import Evidence

WIDTH = 16  # bytes of a shingle, about three words; a power of two
SAMPLED = 8  # one shingle in this many is kept; a power of two
AMONG = 30  # best passages that are compared; the others are never merged
CONTAINED = 0.5  # the share of a passage's shingles in a better one from which it is a copy
FEW = 8  # with fewer sampled shingles no estimate is made
_BASE = 0x01000193

_FOLDED = np.zeros(256, dtype=np.uint8)  # keeps letters, digits and everything that is not ASCII
for _byte in range(256):
    _FOLDED[_byte] = ord(chr(_byte).lower()) if _byte < 128 and chr(_byte).isalnum() else _byte * (_byte >= 128)


def merge_copies(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The evidence without the copies among its first `AMONG`, in the same order. Each passage lists its copies, in
    their order.

    A copy is a passage of another document of which a better passage contains at least the share `CONTAINED`, and which
    names no quantity that the better one lacks: an update that says 14 where the first report said 12 is not a copy.
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
    """An `(n, n)` matrix: row i, column j is the estimated share of text i's shingles that text j contains, 0 to 1. It
    is 0 for a text with fewer than `FEW` sampled shingles."""
    shingles, owners = _sampled(texts)
    shared = np.zeros((len(texts), len(texts)), dtype=np.float32)
    counts = np.bincount(owners, minlength=len(texts))
    apart = 1
    while apart < len(shingles):  # the shingles are sorted, so equal ones are adjacent
        (equal,) = np.nonzero(shingles[apart:] == shingles[:-apart])
        if not len(equal):
            break
        np.add.at(shared, (owners[equal], owners[equal + apart]), 1)
        np.add.at(shared, (owners[equal + apart], owners[equal]), 1)
        apart += 1
    shared[counts < FEW] = 0
    return shared / np.maximum(counts, 1).astype(np.float32)[:, None]


def _sampled(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """The sampled shingles of all texts, ascending, each once per text, and the number of the text that each belongs
    to."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    owners = np.repeat(np.arange(len(texts), dtype=np.uint32), [len(data) for data in encoded])
    folded = _FOLDED[np.frombuffer(b"".join(encoded), dtype=np.uint8)]
    kept = folded > 0
    hashes, owners = folded[kept].astype(np.uint32), owners[kept]
    if len(hashes) < WIDTH:
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.intp)
    width, base = 1, _BASE
    while width < WIDTH:  # each step combines the hashes of two neighbouring runs into that of a run twice as long
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
