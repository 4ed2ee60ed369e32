"""Citations: what they quote, and whether they still hold."""
