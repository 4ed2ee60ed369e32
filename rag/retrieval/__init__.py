"""Retrieval: finds the evidence for a question."""
