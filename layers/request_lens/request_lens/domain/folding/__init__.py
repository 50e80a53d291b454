"""What a request's facts add up to."""
