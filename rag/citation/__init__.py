"""Citations: what is quoted around an answer, and whether a citation still holds."""
