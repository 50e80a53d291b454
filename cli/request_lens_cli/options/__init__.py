"""What a user may type after a command."""
