"""Readers: find scored answer spans in passages."""
