"""What spans make of calls: the trace that they are of says whose they are."""
