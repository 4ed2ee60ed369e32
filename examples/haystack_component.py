"""A component for Haystack: the answer of a running service, with its citation, for any pipeline.

pip install haystack-ai
python examples/haystack_component.py http://127.0.0.1:8000 "Who met Marco Rubio?"
"""

from __future__ import annotations

import sys

from haystack import Document, ExtractedAnswer, Pipeline, component

from citeqa import Client


@component
class CiteqaReader:
    """Answers a query; no answer is an empty list."""

    def __init__(self, client: Client) -> None:
        self.client = client

    @component.output_types(answers=list[ExtractedAnswer])  # type: ignore[untyped-decorator]
    def run(self, query: str) -> dict[str, list[ExtractedAnswer]]:
        found = self.client.ask(query).answer
        if found is None:
            return {"answers": []}
        c = found.citation
        around = Document(id=f"{c.document_id}:{c.sentence.start}", content=c.sentence.text, meta={"title": c.title})
        place = ExtractedAnswer.Span(c.start - c.sentence.start, c.end - c.sentence.start)
        answer = ExtractedAnswer(query, found.confidence, found.text, around, document_offset=place)
        return {"answers": [answer]}


if __name__ == "__main__":
    with Client(sys.argv[1]) as client:
        pipeline = Pipeline()
        pipeline.add_component("reader", CiteqaReader(client))
        for answer in pipeline.run({"reader": {"query": sys.argv[2]}})["reader"]["answers"]:
            print(answer.data, answer.document.meta["title"], answer.document.content)
