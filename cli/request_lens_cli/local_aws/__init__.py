"""A local AWS, without Docker or an account."""
