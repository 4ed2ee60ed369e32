"""Passages ranked for a query: dense (FAISS) and lexical (tantivy)."""
