"""A stand-in for Bedrock's models, for the local AWS only: the emulator answers, but not as a model that uses tools.

It serves Converse, ConverseStream, InvokeModel and InvokeModelWithResponseStream on loopback, and writes the invocation
log that the local AWS's logging setting asks for:

    python -m request_lens_cli.local_aws.bedrock.stand_in --port PORT --endpoint URL
"""

import click

from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.bedrock.invocation_log import InvocationLog
from request_lens_cli.local_aws.bedrock.server import Model, model_server


@click.command()
@click.option("--port", required=True, type=int, help="The loopback port to serve on.")
@click.option("--endpoint", required=True, help="The local AWS, on loopback.")
@click.option("--pace", default=1.0, help="Multiplies the model's latency.")
@click.option("--log-delay", default=2.0, help="Seconds from a call's end to its record.")
def main(port: int, endpoint: str, pace: float, log_delay: float) -> None:
    """Stand in for Bedrock's models until it is stopped."""
    bedrock, logs = local_client("bedrock", endpoint=endpoint), local_client("logs", endpoint=endpoint)
    log = InvocationLog(bedrock=bedrock, logs=logs, delay_s=log_delay)
    model = Model(record=log.write_later, pace=pace)
    model_server(model, port=port).serve_forever()


if __name__ == "__main__":
    main()
