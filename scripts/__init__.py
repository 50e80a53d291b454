"""Generators and set-up of the repository."""
