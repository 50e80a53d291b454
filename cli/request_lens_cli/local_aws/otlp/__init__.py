"""A stand-in for the endpoint that agents send their spans to, for the local AWS only."""
