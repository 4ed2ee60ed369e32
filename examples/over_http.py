"""Ask a running service, and check the citation:

    citeqa serve &
    python examples/over_http.py http://127.0.0.1:8000 "Who met Marco Rubio?"

A service that needs a key takes it from the variable CITEQA_KEY.
"""

from __future__ import annotations

import os
import sys

from citeqa import AskOptions, CiteqaError, Client


def main(url: str, question: str) -> None:
    with Client(url, os.environ.get("CITEQA_KEY")) as service:
        found = service.ask(question, AskOptions(k=3))
        if found.answer is None:
            print(f"Not in these documents. {found.reason.message if found.reason else ''}")
        else:
            citation = found.answer.citation
            print(f"{found.answer.text} ({citation.title}, {citation.date or 'undated'})")
            text = service.document(citation.document_id).text
            print("exact:", text[citation.start : citation.end] == found.answer.text)
        for passage in found.evidence:
            print(f"nearest: {passage.passage_id}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CiteqaError as error:  # no service there, a wrong key, too busy: the message says which
        sys.exit(f"error: {error}")
