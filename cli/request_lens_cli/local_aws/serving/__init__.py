"""What the stand-ins of HTTP services share."""
