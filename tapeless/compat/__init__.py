"""Other libraries' words for tapeless, for programs that were written in them."""
