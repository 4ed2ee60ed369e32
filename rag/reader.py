"""A question and a passage become scored spans in that passage, or nothing. Tokens become characters only here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from index.errors import CiteqaError
from index.files import sha256
from index.runtime import MODEL, TOKENIZER, Feed, SideBySide, tokenizer
from index.types import Span
from rag.boundaries import inside_word, outward, paragraphs, past_marks, trimmed
from rag.types import ScoredSpan

SHIPPED = Path(__file__).parent / "models" / "reader"
DESCRIPTION = "reader.json"

QUESTION_TOKENS = 64  # a longer question is read up to here, or to a third of what the model sees if that is less
STRIDE = 96  # tokens that two windows of one long passage share, or a third
LONGEST = 40  # tokens a span may have
SPANS = 8  # spans kept of a passage
_FEW = 256  # best spans looked at before all are put in order
SAME = (
    0.5  # difference the probe's margin may have here from where the model was made; other rounding made 0.22 at most
)


class ReaderError(CiteqaError):
    """A reader's model cannot be used; the message says why and what mends it."""


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """What identifies a reader: its name, the digest of its weights, the precision it computes in."""

    name: str
    sha256: str
    precision: str


class Reader(Protocol):
    """Reads passages, each on its own: the spans and scores of one never depend on the others beside it."""

    @property
    def info(self) -> ReaderInfo:
        """What identifies this reader."""

    def read(self, question: str, texts: Sequence[str], headings: Sequence[str]) -> list[list[ScoredSpan]]:
        """For each text its spans that may answer, best first; an empty list where nothing can.

        A span's score is its margin: how much more the reader believes in it than in no answer at all. `headings`
        says for each text where it is from (title, date), or is empty; no span is ever in a heading.
        """


@dataclass(frozen=True, slots=True)
class Window:
    """What the model sees at once: token ids, their types, and for each token its place in the passage.

    `starts[i] == -1` where token `i` is not of the passage (question, heading, special); `ends` are half-open.
    """

    ids: list[int]
    types: list[int]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def feed(self) -> Feed:
        """What the model takes of it."""
        ids, types = (np.array([values], dtype=np.int64) for values in (self.ids, self.types))
        return {"input_ids": ids, "token_type_ids": types, "attention_mask": np.ones_like(ids)}

    def tokens(self, span: Span) -> tuple[int, int] | None:
        """First and last token of a span of the passage; None if it is not whole in this window."""
        inside = np.flatnonzero((self.starts >= 0) & (self.starts < span.end) & (self.ends > span.start))
        if not len(inside) or self.starts[inside[0]] > span.start or self.ends[inside[-1]] < span.end:
            return None
        return int(inside[0]), int(inside[-1])


class Encoder:
    """Lays out a question and a passage for an extractive model: question first, then heading and passage."""

    def __init__(self, path: Path, max_tokens: int) -> None:
        """`path` is a tokenizer.json; `max_tokens` what the model sees at once."""
        self._question_tokens = min(QUESTION_TOKENS, max_tokens // 3)
        self._plain = tokenizer(path)
        self._windows = tokenizer(path)
        self._windows.enable_truncation(max_tokens, stride=min(STRIDE, max_tokens // 3), strategy="only_second")

    def encode(self, question: str, heading: str, text: str) -> list[Window]:
        """The windows of a passage, each seen with the question; the heading stands in the first."""
        return self.encode_all(question, [heading], [text])[0]

    def encode_all(self, question: str, headings: Sequence[str], texts: Sequence[str]) -> list[list[Window]]:
        """The windows of each passage, as `encode` gives them."""
        question = self._shortened(question)
        before = [f"{heading}\n" if heading else "" for heading in headings]
        pairs = [(question, head + text) for text, head in zip(texts, before, strict=True)]
        encoded = self._windows.encode_batch(pairs)
        return [self._laid_out(*one) for one in zip(encoded, before, texts, strict=True)]

    def _laid_out(self, encoded: Encoding, before: str, text: str) -> list[Window]:
        windows = []
        for one in [encoded, *encoded.overflowing]:
            offsets = np.array(one.offsets, dtype=np.int64).reshape(-1, 2) - len(before)
            own = np.array([sequence == 1 for sequence in one.sequence_ids])
            own &= (offsets[:, 1] > 0) & (offsets[:, 1] > offsets[:, 0])
            # a token may begin in the line break before the passage
            starts = np.where(own, np.maximum(offsets[:, 0], 0), -1)
            ends = np.where(own, offsets[:, 1], -1)
            windows.append(Window(one.ids, one.type_ids, starts, _whole(text, ends)))
        return windows

    def _shortened(self, question: str) -> str:
        encoded = self._plain.encode(question, add_special_tokens=False)
        if len(encoded.ids) <= self._question_tokens:
            return question
        return question[: encoded.offsets[self._question_tokens - 1][1]]


def _whole(text: str, ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ends of tokens, moved behind marks of their last character that the tokenizer dropped."""
    return ends if text.isascii() else np.array([past_marks(text, int(end)) for end in ends])


def best_spans(
    text: str, window: Window, start: NDArray[np.float32], end: NDArray[np.float32], count: int
) -> list[tuple[Span, float]]:
    """The spans of a passage that score highest, best first, each with its margin over no answer.

    `start` and `end` hold a logit for each token; a span's score is that of its first token as a start and its last
    as an end, and no answer's is that of the first token of all (Devlin et al. 2019, section 4.3). What would begin
    or end inside a quantity ("9" of "$9") is given with the whole of it; no span reaches over a blank line.
    """
    null = float(start[0] + end[0])
    moved = outward(text)
    first, begins = _cuts(text, window.starts, moved.starts)
    last, behind = _cuts(text, window.ends, moved.ends)
    if not len(first) or not len(last):
        return []
    width = last[None, :] - first[:, None]
    opened, closed = paragraphs(text, begins, behind)
    allowed = (width >= 0) & (width < LONGEST) & (opened[:, None] == closed[None, :])
    scores = np.where(allowed, start[first][:, None] + end[last][None, :], -np.inf)
    found: dict[Span, float] = {}
    for flat in _descending(scores.ravel()):
        i, j = divmod(flat, len(last))
        score = float(scores[i, j])
        if score == -np.inf or len(found) == count:
            break
        span = trimmed(text, Span(int(begins[i]), int(behind[j])))
        if span and not inside_word(text, span.start) and not inside_word(text, span.end):
            found.setdefault(span, score - null)
    return list(found.items())


def _cuts(
    text: str, places: NDArray[np.int64], moved: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tokens of the passage at which a span may begin or end, and where it then does."""
    cuts = [(i, moved.get(place, place)) for i, place in enumerate(places.tolist()) if place >= 0]
    kept = [cut for cut in cuts if not inside_word(text, cut[1])]
    tokens, where = np.array(kept, dtype=np.int64).reshape(-1, 2).T
    return tokens, where


def _descending(scores: NDArray[np.float32]) -> Iterator[int]:
    """Positions of scores from the highest down, equal ones in order; the first few without sorting all."""
    few = min(len(scores), _FEW)
    head = np.argpartition(-scores, few - 1)[:few]
    yield from head[np.lexsort((head, -scores[head]))].tolist()
    rest = np.setdiff1d(np.arange(len(scores)), head)
    yield from rest[np.argsort(-scores[rest], kind="stable")].tolist()


class OnnxReader:
    """An extractive model, run by onnxruntime. May be shared between threads."""

    def __init__(self, folder: Path, *, probed: bool = True) -> None:
        """Open the reader in `folder`; its answer to the probe is checked, unless it is just being made.

        Raises:
            ReaderError: if it is not there, a file is not the one that was made, or this processor computes
                something else than the one it was made on.
        """
        described = _described(folder)
        self._info = ReaderInfo(described["name"], described["files"][MODEL], described["precision"])
        self._model = SideBySide(folder / MODEL)
        self._encoder = Encoder(folder / TOKENIZER, described["max_tokens"])
        probe = described["probe"]
        best = self.read(probe["question"], [probe["text"]], [probe["heading"]])[0][:1]
        if probed and (not best or abs(best[0].score - probe["margin"]) > SAME):
            found = f"{best[0].score:.3f}" if best else "nothing"
            raise ReaderError(
                f"the reader in {folder} computes something else on this processor than where it was made "
                f"(margin {found}, needed {probe['margin']:.3f})"
            )

    @property
    def info(self) -> ReaderInfo:
        return self._info

    def read(self, question: str, texts: Sequence[str], headings: Sequence[str]) -> list[list[ScoredSpan]]:
        seen = self._encoder.encode_all(question, headings, texts)
        windows = [(place, window) for place, found in enumerate(seen) for window in found]
        windows.sort(key=lambda one: -len(one[1].ids))  # so that no core is left with a long one
        found: list[dict[Span, float]] = [{} for _ in texts]
        logits = self._model.run([window.feed for _, window in windows])
        for (place, window), (starts, ends) in zip(windows, logits, strict=True):
            held = found[place]
            for span, margin in best_spans(texts[place], window, starts[0], ends[0], SPANS):
                held[span] = max(margin, held.get(span, margin))
        return [
            sorted((ScoredSpan(span, margin) for span, margin in held.items()), key=lambda s: (-s.score, s.span))[
                :SPANS
            ]
            for held in found
        ]


def _described(folder: Path) -> dict[str, Any]:
    try:
        described: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        for name in (MODEL, TOKENIZER):
            found, needed = sha256(folder / name), described["files"][name]
            if found != needed:
                raise ReaderError(f"{folder / name} has SHA-256 {found}, needed {needed}; reinstall citeqa")
        probe, wanted = described["probe"], dict.fromkeys(("question", "heading", "text"), str) | {"margin": float}
        for values, types in ((described, {"name": str, "precision": str, "max_tokens": int}), (probe, wanted)):
            for name, kind in types.items():
                if type(values[name]) is not kind:
                    raise TypeError(f"{name!r} is no {kind.__name__}")
    except OSError as error:
        raise ReaderError(f"{error.filename} cannot be read: {error.strerror}; reinstall citeqa") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReaderError(f"{folder / DESCRIPTION} does not describe a reader: {error!r}; reinstall citeqa") from None
    return described
