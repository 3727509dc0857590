"""make_reference.py needs torch, which the tests do not."""

collect_ignore = ["make_reference.py"]
