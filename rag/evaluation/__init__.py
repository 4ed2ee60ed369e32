"""How good the answers are: question sets, metrics, runs, reports, and the fit of the confidence."""
