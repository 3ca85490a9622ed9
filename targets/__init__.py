"""Who is asked: every database design under test, and where its server comes from."""
