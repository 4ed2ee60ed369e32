"""Measures a service on question sets."""
