"""Answers questions from an index, with citations. Knows no HTTP, no document files, no FAISS."""
