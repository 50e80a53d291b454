"""What is known of some requests, ready to be shown."""
