"""A stand-in for an HTTP API, for the local AWS only: the emulator's writes no access log and hides the request's id.

It serves one deployed API's default stage on loopback: the deployed routes and functions, and the access log in the
deployed format to the deployed group:

    python -m request_lens_cli.local_aws.api.stand_in --port PORT --endpoint URL --api-id ID
"""

from functools import partial

import click

from request_lens_cli.local_aws.api.access_log import write_lines
from request_lens_cli.local_aws.api.deployed_api import read_deployed_api
from request_lens_cli.local_aws.api.server import Backends, api_server
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.scenario.batching import Batches


@click.command()
@click.option("--port", required=True, type=int, help="The loopback port to serve on.")
@click.option("--endpoint", required=True, help="The local AWS, on loopback.")
@click.option("--api-id", required=True, help="The deployed API.")
@click.option("--log-delay", default=1.0, help="Seconds from a request's end to its line in the access log.")
def main(port: int, endpoint: str, api_id: str, log_delay: float) -> None:
    """Stand in for an HTTP API until it is stopped."""
    api = read_deployed_api(api_id, apis=local_client("apigatewayv2", endpoint=endpoint))
    functions, logs = local_client("lambda", endpoint=endpoint), local_client("logs", endpoint=endpoint)
    write = partial(write_lines, group=api.log_group, logs=logs)
    lines: Batches[tuple[int, str]] = Batches(write, delay_s=log_delay)
    api_server(api, Backends(functions=functions, log=lines.add), port=port).serve_forever()


if __name__ == "__main__":
    main()
