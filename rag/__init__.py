"""A question becomes a cited answer. Knows no HTTP, no files of documents, no FAISS."""
