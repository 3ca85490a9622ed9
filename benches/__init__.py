"""How fast: ratios between the harness and plain scripts that ask the same questions, each within one run."""
