"""The programs here are PyTorch's; `tests/nn/test_port.py` runs them with other imports."""

collect_ignore_glob = ["*.py"]
