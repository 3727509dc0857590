"""What generated code looks like: `python -m tests.source.golden` writes the texts anew, for review."""
