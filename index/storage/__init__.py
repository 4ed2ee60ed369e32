"""Where an index is kept: the database, the search files derived from it, who writes and who reads."""
