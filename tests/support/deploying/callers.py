"""People with policies of docs/permissions.md and nothing else, on the local AWS, which enforces IAM."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from request_lens_cli.local_aws.aws_clients import local_session
from tests.support.template_document import ROOT

type Statement = Mapping[str, Any]

PAGE = ROOT / "docs" / "permissions.md"
MISNAMED_LOCALLY: Statement = {"Effect": "Allow", "Action": "lambda:PutFunctionConcurrency", "Resource": "*"}
"""What the local AWS asks for where a function's concurrency is read."""


def policy(name: str) -> Sequence[Statement]:
    """The statements of docs/policies/<name>.json."""
    document = json.loads((ROOT / "docs" / "policies" / f"{name}.json").read_text(encoding="utf-8"))
    statements: Sequence[Statement] = document["Statement"]
    return statements


def statements_of(command: str) -> Sequence[Statement]:
    """The statements of operate.json that the page says the command needs, the optional ones left out."""
    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    needed = {"FindTheStack", *_named(command, {name: words for names, words in rows for name in _words(names)})}
    return [each for each in policy("operate") if each["Sid"] in needed]


def _named(command: str, rows: Mapping[str, str]) -> set[str]:
    words = rows[command].partition(";")[0]  # what follows is for some uses of the command alone
    if words == "all but the last two":
        return {str(each["Sid"]) for each in policy("operate")[:-2]}
    others = re.findall(r"as `([\w-]+)`", words)
    own = {word for word in _words(words) if word[0].isupper()}
    return own.union(*(_named(other, rows) for other in others))


def _words(cell: str) -> list[str]:
    return re.findall(r"`([\w-]+)`", cell)


@contextmanager
def caller(endpoint: str, name: str, statements: Sequence[Statement]) -> Iterator[Mapping[str, str]]:
    """The keys of a user of this name who may do what the statements say, as environment variables."""
    iam = local_session(endpoint).client("iam", endpoint_url=endpoint)
    iam.create_user(UserName=name)
    if statements:
        document = {"Version": "2012-10-17", "Statement": [*statements, MISNAMED_LOCALLY]}
        iam.put_user_policy(UserName=name, PolicyName="page", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    try:
        yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    finally:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        if statements:
            iam.delete_user_policy(UserName=name, PolicyName="page")
        iam.delete_user(UserName=name)


@contextmanager
def without_bucket_policies(endpoint: str) -> Iterator[None]:
    """Buckets without their rules, which refuse connections without TLS: the local AWS has no other."""
    s3 = local_session(endpoint).client("s3", endpoint_url=endpoint)
    kept = {}
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        try:
            kept[bucket] = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
                raise
            continue
        s3.delete_bucket_policy(Bucket=bucket)
    try:
        yield
    finally:
        for bucket, document in kept.items():
            s3.put_bucket_policy(Bucket=bucket, Policy=document)
