"""From run folders to a verdict: what is compared, how sure it is, and what a gate makes of it."""
