"""Foreign JSON to facts: the only place where pydantic meets strangers' data."""
