"""The guard of every local command: only an endpoint on this machine's loopback is ever spoken to."""

import socket

from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.options.endpoint import is_on_loopback

HOST = "127.0.0.1"


def require_loopback(endpoint: str) -> str:
    """The endpoint itself, if it is an http address in 127.0.0.0/8, ::1 or localhost.

    Raises: LocalAwsError for anything else: local commands never reach a real account.
    """
    if not is_on_loopback(endpoint):
        raise LocalAwsError(
            f"{endpoint!r} is not on this machine's loopback: local commands speak to the local AWS only; "
            "start it with `request-lens local up`."
        )
    return endpoint


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> int:
    """The port itself, if it can be listened on.

    Raises: LocalAwsError, which says how to choose another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise LocalAwsError(
                f"Port {port} is taken: choose another with --port, or leave --port out for a free one."
            ) from None
    return port
