"""Ask your own folder of documents a question:

python examples/own_folder.py reports/ "When was the harbour opened?"
"""

from __future__ import annotations

import sys

from citeqa import build_index, open_index


def main(folder: str, question: str) -> None:
    report = build_index([folder], "own_folder.citeqa")
    for skipped in report.skipped:
        print(f"not read: {skipped.name}: {skipped.reason}")
    with open_index("own_folder.citeqa") as index:
        response = index.ask(question)
        if response.answer is None:
            assert response.reason
            print(f"Not in these documents. {response.reason.message}")
            return
        citation = response.answer.citation
        print(f"{citation.quote.text} ({response.answer.confidence:.0%} sure)")
        print(f"in: {citation.sentence.text}")
        print(f"from: {citation.source.title}, {citation.source.document_id}, {citation.quote.span}")
        # The quote is a slice of the document, nothing else.
        assert index.document(citation.source.document_id).quote(citation.quote.span) == response.answer.text


if __name__ == "__main__":
    main(*sys.argv[1:])
