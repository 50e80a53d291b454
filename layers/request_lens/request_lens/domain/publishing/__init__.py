"""What a change in the table adds to the metrics."""
