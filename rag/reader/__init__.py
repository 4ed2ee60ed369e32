"""Readers: a question and passages become scored spans."""
