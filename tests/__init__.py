"""Tests: sentences with concrete values, against real servers."""
