"""When a request's facts should be in."""
