"""A stand-in for an HTTP or REST API, for the local AWS only: the emulator's write no access log.

It serves one deployed API's stage on loopback: the deployed routes and functions, the access log in the deployed format
to the deployed group, and Lambda's own lines of each run in the function's group:

    python -m request_lens_cli.local_aws.api.stand_in --port PORT --endpoint URL --kind HTTP --api-id ID
"""

from functools import partial

import click

from request_lens_cli.local_aws.api.deployed_api import DeployedApi, Kind, read_http_api, read_rest_api
from request_lens_cli.local_aws.api.function_run import platform_log, send_traces
from request_lens_cli.local_aws.api.log_lines import LogLine, write_lines
from request_lens_cli.local_aws.api.server import Backends, api_server
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.scenario.batching import Batches


@click.command()
@click.option("--port", required=True, type=int, help="The loopback port to serve on.")
@click.option("--endpoint", required=True, help="The local AWS, on loopback.")
@click.option("--kind", required=True, type=click.Choice(Kind), help="The deployed API's kind.")
@click.option("--api-id", required=True, help="The deployed API.")
@click.option("--log-delay", default=1.0, help="Seconds from a request's end to its line in the access log.")
def main(port: int, endpoint: str, kind: Kind, api_id: str, log_delay: float) -> None:
    """Stand in for an API until it is stopped."""
    api = _deployed_api(kind, api_id, endpoint=endpoint)
    functions, logs = local_client("lambda", endpoint=endpoint), local_client("logs", endpoint=endpoint)
    send_traces(functions)
    arns = {route.function_arn for route in api.routes.values()}
    found = {arn: platform_log(arn, functions=functions) for arn in arns}
    lines: Batches[LogLine] = Batches(partial(write_lines, logs=logs), delay_s=log_delay)
    backends = Backends(
        functions=functions,
        log=lines.add,
        platform_logs={arn: log for arn, log in found.items() if log is not None},
    )
    api_server(api, backends, port=port).serve_forever()


def _deployed_api(kind: Kind, api_id: str, *, endpoint: str) -> DeployedApi:
    if kind is Kind.HTTP:
        return read_http_api(api_id, apis=local_client("apigatewayv2", endpoint=endpoint))
    return read_rest_api(api_id, apis=local_client("apigateway", endpoint=endpoint))


if __name__ == "__main__":
    main()
