"""A retriever for LangChain: passages of a running service, each with the place it stands.

pip install langchain-core
python examples/langchain_retriever.py http://127.0.0.1:8000 "Who met Marco Rubio?"
"""

from __future__ import annotations

import sys
from typing import Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from citeqa import AskOptions, Client


class CiteqaRetriever(BaseRetriever):  # type: ignore[misc]
    """Gives the `k` passages nearest to a question, best first; their metadata say where their words stand."""

    client: Any  # a citeqa.Client
    k: int = 5

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        found = self.client.search(query, AskOptions(k=self.k)).evidence
        names = ("document_id", "title", "date", "url", "start", "end", "score")
        return [
            Document(id=one.passage_id, page_content=one.text, metadata={name: getattr(one, name) for name in names})
            for one in found
        ]


if __name__ == "__main__":
    with Client(sys.argv[1]) as client:
        for document in CiteqaRetriever(client=client, k=3).invoke(sys.argv[2]):
            print(document.id, document.metadata["title"], document.page_content[:60])
