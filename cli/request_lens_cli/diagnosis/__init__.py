"""`request-lens doctor`: why a dashboard is empty, asked of AWS alone, in the order in which a line travels."""
