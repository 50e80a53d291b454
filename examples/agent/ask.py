"""Asks the deployed agent the ten prompts, one after the other, and prints how long each took and what it answered.

    python ask.py --stack-name request-lens-agent

Needs boto3, and the rights to read the stack and to call its API (`execute-api:Invoke`). How many LLM calls each
request made is what Request Lens tells: `request-lens requests --since 10m`.
"""

import argparse
import json
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stack-name", default="request-lens-agent")
    parser.add_argument("--output", default="AskUrl", help="the stack's output with the URL: AskUrl or RestAskUrl")
    options = parser.parse_args()
    session = boto3.Session()
    url = stack_output(session, options.stack_name, options.output)
    prompts = (Path(__file__).parent / "prompts.txt").read_text(encoding="utf-8").splitlines()
    print(f"{'Prompt':34}{'Duration':>10}  Answer")
    for prompt in prompts:
        begun = time.monotonic()
        answer = ask(session, url, prompt)
        print(f"{prompt:34}{time.monotonic() - begun:>8.2f} s  {' '.join(answer.split())}")


def stack_output(session: boto3.Session, stack_name: str, key: str) -> str:
    """An output of the stack."""
    stack = session.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}[key]


def ask(session: boto3.Session, url: str, prompt: str) -> str:
    """The agent's answer to a prompt, by a signed request."""
    body = json.dumps({"prompt": prompt}).encode()
    request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
    SigV4Auth(session.get_credentials(), "execute-api", session.region_name).add_auth(request)
    sent = urllib.request.Request(url, data=body, headers=dict(request.headers), method="POST")  # noqa: S310 - https, the stack's own
    with urllib.request.urlopen(sent, timeout=60) as response:  # noqa: S310
        return json.loads(response.read())["answer"]


if __name__ == "__main__":
    main()
