"""What spans add to a row of the timeline."""
