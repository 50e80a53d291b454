"""Which endpoints are of this machine: the local AWS's, and never an account's."""

import ipaddress
from urllib.parse import urlsplit


def is_on_loopback(endpoint: str) -> bool:
    """Whether it is an http address in 127.0.0.0/8, ::1 or localhost."""
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in {"http", "https"} and _is_loopback(parts.hostname or "")
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
