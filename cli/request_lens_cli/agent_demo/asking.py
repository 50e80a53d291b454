"""Asking the agent: signed HTTP requests to its API, one after the other or several at a time."""

import json
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from request_lens_cli.local_aws.api.server import GATEWAY_ID
from request_lens_cli.local_aws.environment import ACCOUNT_ID, REGION
from request_lens_cli.local_aws.loopback import require_loopback

TIMEOUT_S = 60.0

_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt that was asked: the request's id, what the agent answered, and how long its caller waited."""

    prompt: str
    request_id: str
    answer: str
    waited_ms: int


def ask_all(prompts: Sequence[str], url: str, *, at_a_time: int) -> list[Asked]:
    """Ask all prompts, so many at a time; answers in their order. Raises: OSError where a request fails."""
    with ThreadPoolExecutor(at_a_time) as pool:
        return list(pool.map(lambda prompt: ask(prompt, url), prompts))


def ask(prompt: str, url: str) -> Asked:
    """Ask one prompt. Raises: OSError where the request fails or is refused."""
    body = json.dumps({"prompt": prompt}).encode()
    request = AWSRequest("POST", require_loopback(url), {"Content-Type": "application/json"}, body)
    SigV4Auth(Credentials(ACCOUNT_ID, "local"), "execute-api", REGION).add_auth(request)
    begun = time.monotonic()
    sent = urllib.request.Request(url, data=body, headers=dict(request.headers), method="POST")  # noqa: S310 - on loopback
    with _WITHOUT_PROXY.open(sent, timeout=TIMEOUT_S) as response:
        answer = json.loads(response.read())["answer"]
        request_id = next(response.headers[name] for name in GATEWAY_ID.values() if name in response.headers)
    waited_ms = round((time.monotonic() - begun) * 1000)
    return Asked(prompt=prompt, request_id=request_id, answer=str(answer), waited_ms=waited_ms)
