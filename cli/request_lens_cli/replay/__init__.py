"""Log files replayed in virtual time."""
