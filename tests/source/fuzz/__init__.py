"""Random programs, written as text, differentiated in every way."""
