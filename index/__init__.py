"""Documents become a searchable index. Knows no question, no answer, no HTTP."""

__version__ = "0.1.0"
