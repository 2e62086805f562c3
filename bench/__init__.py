"""Measures what Duenotice promises, with its peers beside it; `make bench` runs it. Nothing here is a test."""
