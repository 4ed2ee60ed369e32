"""How the shipped reader was made; imported by nothing else."""
