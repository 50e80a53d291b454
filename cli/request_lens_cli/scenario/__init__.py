"""Scenarios: log lines of a whole experiment, given fresh times and ids, and played into log groups."""
