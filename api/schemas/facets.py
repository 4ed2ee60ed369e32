"""How many documents there are of what."""

from __future__ import annotations

from pydantic import BaseModel, Field

from citeqa.index.types import Facets

MAX_FACETS = 1000  # of each kind


class FacetOut(BaseModel):
    name: str
    documents: int


class FacetsOut(BaseModel):
    documents: int = Field(description="how many there are in all, also of no folder, source or year")
    folders: list[FacetOut] = Field(description="by name: those at the top, and those one below as `TOP/BELOW`")
    sources: list[FacetOut] = Field(description="the largest first")
    years: list[FacetOut] = Field(description="the latest first")

    @classmethod
    def of(cls, facets: Facets) -> FacetsOut:
        folders, sources, years = (
            [FacetOut(name=one.name, documents=one.documents) for one in found]
            for found in (facets.folders, facets.sources, facets.years)
        )
        return cls(documents=facets.documents, folders=folders, sources=sources, years=years)
