"""Passages that were found, with their rank by each signal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from citeqa.api.schemas.citations import PlaceOut, SourceOut, place_fields, source_fields
from citeqa.rag.retrieval.signals import SIGNALS, Signal
from citeqa.rag.types import CitedPassage


class _Retrieved(PlaceOut, SourceOut):
    passage_id: str
    text: str
    score: float = Field(description="of retrieval, at most 1; the evidence of an answer is ordered by reading instead")


def _rank_field(signal: Signal) -> str:
    return f"{signal.name}_rank"


if TYPE_CHECKING:
    _Ranked = _Retrieved
else:
    _Ranked = create_model(
        "_Ranked", __base__=_Retrieved, **{_rank_field(signal): (int | None, ...) for signal in SIGNALS}
    )


class EvidenceOut(_Ranked):
    """A passage. For each ranking signal, the field `NAME_rank` is the passage's rank, from 1; null if the signal did
    not find it."""

    document_sha256: str
    also_in: list[str] = Field(description="ids of other documents that have a copy of this passage")

    @classmethod
    def of(cls, found: CitedPassage) -> EvidenceOut:
        evidence = found.evidence
        ranks: dict[str, Any] = {_rank_field(signal): evidence.ranks.get(signal.name) for signal in SIGNALS}
        return cls(
            **source_fields(found.source),
            **place_fields(found.quote),
            passage_id=evidence.passage.id,
            text=found.quote.text,
            score=evidence.score,
            **ranks,
            document_sha256=found.source.sha256,
            also_in=list(dict.fromkeys(copy.document_id for copy in evidence.copies)),
        )

    def ranks(self) -> dict[str, int | None]:
        """The ranks by the name of their signal."""
        return {signal.name: getattr(self, _rank_field(signal)) for signal in SIGNALS}
