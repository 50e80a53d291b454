"""Tags calls to Amazon Bedrock with the API request that they are made for.

    import request_tag

    request_tag.auto_instrument()                # once, before clients are made; or: instrument(client_or_session)

    @request_tag.lambda_handler                  # the request of a Lambda event
    @request_tag.agentcore_entrypoint            # the request that `carry` put into an AgentCore payload
    with request_tag.request("the request's id"):  # any other entry

Each call in such a request bears `api_request_id`, `call_index` and `call_started_ms` in its `requestMetadata`, and
`session_id` and `trace_id` where they are known. Outside a request nothing is done. No function here raises an
exception of its own into a call: what goes wrong is counted (`failures`) and logged once.
"""

from request_tag.agentcore import agentcore_entrypoint, carry
from request_tag.call_metadata import call_arguments, call_headers
from request_tag.current_request import current_request_id, request
from request_tag.failures import failures
from request_tag.instrumentation import auto_instrument, instrument
from request_tag.lambda_events import lambda_handler
from request_tag.stepping import bound

__all__ = [
    "agentcore_entrypoint",
    "auto_instrument",
    "bound",
    "call_arguments",
    "call_headers",
    "carry",
    "current_request_id",
    "failures",
    "instrument",
    "lambda_handler",
    "request",
]
__version__ = "0.2.0.dev0"
