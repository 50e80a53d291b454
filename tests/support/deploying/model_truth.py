"""What the model's stand-in knows of the calls that it has answered."""

import urllib.request
from collections.abc import Mapping

from request_lens_cli.local_aws.bedrock.server import CALLS_PATH, AnsweredCall, AnsweredCalls
from request_lens_cli.local_aws.environment import MODEL_ENDPOINT
from request_lens_cli.local_aws.lifecycle import LocalAws


def answered_calls(local: LocalAws) -> Mapping[str, AnsweredCall]:
    """Each call by its id, with its start and how long it took."""
    asked = urllib.request.Request(f"{local.service_endpoints[MODEL_ENDPOINT]}{CALLS_PATH}", data=b"{}")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked) as told:
        return {each.request_id: each for each in AnsweredCalls.model_validate_json(told.read()).calls}
