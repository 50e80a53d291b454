"""Calls that belong to no request, by reason, below the rows of a picture."""
