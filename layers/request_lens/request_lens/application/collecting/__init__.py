"""What collecting a log batch takes: its records told apart, and what they say of traces stored."""
