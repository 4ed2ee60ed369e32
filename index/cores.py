"""How many processor cores this process has."""

from __future__ import annotations

import os


def cores() -> int:
    """How many cores this process may run on, at least 1: containers and `taskset` may give it fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
