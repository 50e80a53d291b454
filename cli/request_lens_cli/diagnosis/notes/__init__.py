"""What is worth knowing where all works: why calls have no request, and what cannot be seen here."""
