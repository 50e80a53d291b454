"""Asks the deployed agent the ten prompts, or your own, and prints what Request Lens found of each request.

    python ask.py                     one after the other, through the HTTP API
    python ask.py --at-a-time 5 --output RestAskUrl
    python ask.py --url URL "What time is it in Oslo?"

Needs boto3, and the rights to read the outputs of both stacks, to call the API (`execute-api:Invoke`) and to read the
table of Request Lens (`dynamodb:GetItem`). Region and credentials are those of the environment or a profile.
"""

import argparse
import json
import os
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

ID_HEADERS = ("apigw-requestid", "x-amz-apigw-id")
"""In which an HTTP API and a REST API tell the id that their access log has."""

SETTLED_WITHIN_S = 300.0
POLL_S = 1.0

UNKNOWN = "–"
OWN = "Own"
"""The category of a prompt that is none of the ten."""

HEADINGS = ("Prompt", "Type", "LLM calls", "Duration", "LLM time", "Tool time", "Est. cost")


class Prompt(NamedTuple):
    """What is asked, and the article's category of it."""

    text: str
    kind: str


class Answer(NamedTuple):
    """What came back, and the request's id."""

    request_id: str
    text: str


def main() -> None:
    """Ask, wait until Request Lens has settled the requests, and print."""
    options = parsed_options()
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    url = options.url or stack_output(session, options.stack_name, options.output)
    table = session.resource("dynamodb").Table(stack_output(session, options.lens_stack_name, "RequestTableName"))
    prompts = chosen_prompts(options)
    answers = ask_all(prompts, lambda prompt: ask(session, url, prompt), at_a_time=options.at_a_time)
    items = settled_items(table, [answer.request_id for answer in answers])
    print()
    print_table(prompts, items)


def parsed_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("prompts", nargs="*", help="what is asked in place of the ten prompts of prompts.tsv")
    parser.add_argument("--stack-name", default="request-lens-agent", help="the agent's stack")
    parser.add_argument("--lens-stack-name", default="request-lens", help="the stack of Request Lens")
    parser.add_argument("--output", default="AskUrl", help="the agent's output with the URL: AskUrl or RestAskUrl")
    parser.add_argument("--url", help="the URL itself, in place of that output")
    parser.add_argument("--at-a-time", type=int, default=1, help="how many prompts are asked at a time")
    return parser.parse_args()


def stack_output(session: Any, stack_name: str, key: str) -> str:
    """An output of a stack. Raises: SystemExit where there is no such stack, or it has none of that name."""
    try:
        stack = session.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(why_unread(error, stack_name, key, session.region_name)) from error
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    if key not in outputs:
        raise SystemExit(f"The stack {stack_name} has no output {key}; it has {', '.join(sorted(outputs)) or 'none'}.")
    value: str = outputs[key]
    return value


def why_unread(error: Exception, stack_name: str, key: str, region: str | None) -> str:
    """Why a stack's outputs cannot be read, and what helps."""
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ValidationError":
        named = "--lens-stack-name" if key == "RequestTableName" else "--stack-name"
        return f"There is no stack {stack_name} in {region}: deploy it first, or name yours with {named} NAME."
    if isinstance(error, NoRegionError):
        return "No AWS Region is set: set AWS_REGION or AWS_PROFILE."
    if isinstance(error, NoCredentialsError):
        return "No AWS credentials are found: log in as for the AWS CLI, or set AWS_PROFILE."
    return f"The outputs of the stack {stack_name} cannot be read: {error}"


def chosen_prompts(options: argparse.Namespace) -> list[Prompt]:
    """The prompts of the command line, or the ten."""
    return [Prompt(text, OWN) for text in options.prompts] or read_prompts()


def read_prompts() -> list[Prompt]:
    """The ten prompts of `prompts.tsv`."""
    lines = (Path(__file__).parent / "prompts.tsv").read_text(encoding="utf-8").splitlines()
    return [Prompt(*line.split("\t")) for line in lines]


def ask_all(prompts: list[Prompt], ask_one: Callable[[str], Answer], *, at_a_time: int) -> list[Answer]:
    """The answers in the prompts' order, each of which is printed."""
    answers = []
    with ThreadPoolExecutor(at_a_time) as pool:
        for prompt, answer in zip(prompts, pool.map(ask_one, [prompt.text for prompt in prompts]), strict=True):
            print(f"{prompt.text} → {' '.join(answer.text.split())}", flush=True)
            answers.append(answer)
    return answers


def ask(session: Any, url: str, prompt: str) -> Answer:
    """The agent's answer to a prompt, by a signed request; or what the API answered in its place.

    Raises: SystemExit where the API is not reached.
    """
    body = json.dumps({"prompt": prompt}).encode()
    request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
    SigV4Auth(session.get_credentials(), "execute-api", session.region_name).add_auth(request)
    sent = urllib.request.Request(url, data=body, headers=dict(request.headers), method="POST")  # noqa: S310 - the stack's own
    try:
        with urllib.request.urlopen(sent, timeout=60) as response:  # noqa: S310
            return Answer(request_id_of(response.headers), str(json.loads(response.read())["answer"]))
    except urllib.error.HTTPError as error:
        return Answer(request_id_of(error.headers), f"{error.code} {error.reason}")
    except urllib.error.URLError as error:
        raise SystemExit(
            f"{url} is not reached ({error.reason}): of an agent on the local AWS name the address that "
            "`make demo-agent KEEP=1` says last, --url ADDRESS."
        ) from error


def request_id_of(headers: Any) -> str:
    """The request's id, as the API tells its caller. Raises: SystemExit where the answer is no API's."""
    for name in ID_HEADERS:
        if headers.get(name):
            return str(headers[name])
    raise SystemExit(f"The answer names no request: none of {', '.join(ID_HEADERS)} is among its headers.")


def settled_items(table: Any, request_ids: list[str]) -> list[dict[str, Any]]:
    """The table's item of each request once all are settled, or after five minutes as they are; docs/table.md."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        keys = [{"pk": f"request#{request_id}", "sk": "request"} for request_id in request_ids]
        items = [table.get_item(Key=key, ConsistentRead=True).get("Item", {}) for key in keys]
        if all("summary" in item for item in items) or time.monotonic() > deadline:
            return items
        time.sleep(POLL_S)


def print_table(prompts: list[Prompt], items: list[dict[str, Any]]) -> None:
    """Print a line for each request, and what they add up to."""
    lines = [HEADINGS, *(cells_of(prompt, item) for prompt, item in zip(prompts, items, strict=True))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    for line in lines:
        names = [cell.ljust(width) for cell, width in zip(line[:2], widths[:2], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(line[2:], widths[2:], strict=True)]
        print("  ".join([*names, *numbers]))
    calls = [calls_of(item) for item in items]
    print(f"\n{counted_as(len(items), 'request')}, {counted_as(sum(each or 0 for each in calls), 'LLM call')}")
    counted = Counter((prompt.kind, each) for prompt, each in zip(prompts, calls, strict=True) if each is not None)
    print(", ".join(f"{kind} {times} × {each}" for (kind, each), times in counted.most_common()))
    if None in calls:
        print(f"Not settled after {SETTLED_WITHIN_S:.0f} s: {calls.count(None)}. `request-lens doctor` says why.")


def counted_as(number: int, noun: str) -> str:
    """The number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def cells_of(prompt: Prompt, item: dict[str, Any]) -> tuple[str, ...]:
    """What the table says of a request; while it is not settled little is known."""
    summary, calls = item.get("summary", {}), calls_of(item)
    least = "at least " if "possible_calls" in summary else ""
    cost = summary.get("totals", {}).get("estimated_cost_usd")
    times = (item.get("record", {}).get("duration_ms"), summary.get("llm_time_ms"), summary.get("tool_time_ms"))
    return (
        *prompt,
        "pending" if calls is None else f"{least}{calls}",
        *(UNKNOWN if each is None else f"{float(each) / 1000:.2f} s" for each in times),
        UNKNOWN if cost is None else f"${float(cost):.6f}",
    )


def calls_of(item: dict[str, Any]) -> int | None:
    """How many LLM calls the request made, as far as is known; None until it is settled."""
    return int(item["summary"]["totals"].get("llm_calls", 0)) if "summary" in item else None


if __name__ == "__main__":
    main()
