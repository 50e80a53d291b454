"""The agent: a small assistant that knows the time and a bucket of text files."""

import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import boto3
from strands import Agent, tool
from strands.models import BedrockModel

import request_tag

request_tag.auto_instrument()  # before any client is made: each call to the model then names its API request

SYSTEM_PROMPT = (
    "You are a concise assistant. Use a tool when a question is about the current time or about files in Amazon S3, "
    "and answer every other question directly."
)
MOST_FILES = 100
"""As many names as a listing tells."""

_s3 = boto3.client("s3")
_bucket = os.environ["FILES_BUCKET_NAME"]


@tool
def current_time(timezone: str = "UTC") -> str:
    """Get the current time in ISO 8601 format.

    Args:
        timezone: An IANA timezone name, such as Asia/Tokyo or UTC
    """
    return datetime.now(UTC).astimezone(ZoneInfo(timezone)).isoformat(timespec="seconds")


@tool
def s3_list_objects(prefix: str = "") -> str:
    """List the files in the agent's bucket.

    Args:
        prefix: Only files whose name begins with this text; empty for all
    """
    found = _s3.list_objects_v2(Bucket=_bucket, Prefix=prefix, MaxKeys=MOST_FILES)
    return "\n".join(f"{each['Key']} ({each['Size']} bytes)" for each in found.get("Contents", [])) or "There are none."


@tool
def s3_read_object(key: str) -> str:
    """Read a text file of the agent's bucket.

    Args:
        key: The name of the file
    """
    return _s3.get_object(Bucket=_bucket, Key=key)["Body"].read().decode()


@tool
def s3_write_object(key: str, body: str) -> str:
    """Write a text file to the agent's bucket.

    Args:
        key: The name of the file
        body: The text to write
    """
    _s3.put_object(Bucket=_bucket, Key=key, Body=body.encode(), ContentType="text/plain; charset=utf-8")
    return f"Wrote {len(body.encode())} bytes to {key}"


_model = BedrockModel(model_id=os.environ["MODEL_ID"])


def ask(prompt: str) -> str:
    """The agent's answer to a prompt; each prompt begins a conversation of its own."""
    agent = Agent(
        model=_model,
        system_prompt=SYSTEM_PROMPT,
        tools=[current_time, s3_list_objects, s3_read_object, s3_write_object],
        callback_handler=None,
    )
    return str(agent(prompt)).strip()
