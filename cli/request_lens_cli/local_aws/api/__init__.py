"""A stand-in for HTTP APIs, for the local AWS only: it serves what is deployed, and writes the access log."""
