"""What the emulator is made to do as AWS does, in its own process."""
