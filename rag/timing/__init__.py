"""Times in a question: what they mean, and how they filter and reorder the evidence."""
