"""Calls of derivatives inside a function that is itself differentiated."""
