"""Times in a question: what they mean, and what they do to what is found."""
