"""One corpus for many machines: PostgreSQL is the source of truth, and each machine derives its own search files."""
