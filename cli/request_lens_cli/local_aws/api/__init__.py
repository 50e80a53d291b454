"""A stand-in for HTTP and REST APIs, for the local AWS only: it serves what is deployed, and writes the access log."""
