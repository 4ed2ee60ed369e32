"""Measuring a service on question sets."""
