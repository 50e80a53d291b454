"""The access patterns of docs/table.md, run by the real `aws` command over an emulated table.

`python -m tests.support.command_line.table_page` makes the outputs and the example items of the page anew.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, cast

from request_lens.adapters.dynamodb.attributes import from_item, to_item
from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.log_record import Rejected, RejectedReason
from tests.support.deployed_stack import DeployedLens, deployed_lens
from tests.support.request_table import TABLE_NAME
from tests.support.under_test import REGION, RETENTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CHECKOUT = Path(__file__).parents[3]
PAGE = CHECKOUT / "docs" / "table.md"
AWS_TOOLS = CHECKOUT / ".tools" / "bin"

ENDED_AT = datetime.fromisoformat("2025-12-04T18:30:00Z")
"""The article's requests ended two minutes ago; the overlap's began half an hour later."""

_SECTION = re.compile(r"^### (\d+)\. (?:(?!^##).)*", re.DOTALL | re.MULTILINE)
_PATTERN = re.compile(r"(^```console\n)(\$ .*?\n)(```)", re.DOTALL | re.MULTILINE)
_PROGRAM = re.compile(r"(^```python\n(.*?)^```\n\nIt prints:\n\n```text\n)(.*?)(^```)", re.DOTALL | re.MULTILINE)
_EXAMPLE = re.compile(r'(```json\n)(\{\n  "pk": "([^"]+)",\n  "sk": "([^"]+)".*?\n)(```)', re.DOTALL)


@contextmanager
def filled_table() -> Iterator[DeployedLens]:
    """A table with the requests of the article and of the overlap, and one rejected record."""
    with deployed_lens() as lens:
        clock = MemoryClock(moment=ENDED_AT)
        lens.store = DynamoFactStore(lens.client, table_name=TABLE_NAME, retention=RETENTION, clock=clock)
        lens.plays("article")
        lens.plays("overlap")
        lens.store.store_rejected([_rejected()], stored_at=ENDED_AT + timedelta(milliseconds=215))
        yield lens


def _rejected() -> Rejected:
    return Rejected(
        reason=RejectedReason.MISSING_FIELD,
        detail="status: missing",
        size_bytes=371,
        sha256="5d0c" * 16,
        log_group="/aws/vendedlogs/request-lens/request-lens/access",
        log_stream="a1b2c3d4e5",
        event_id="39357890123456789012345678901234567890123456789012345678",
    )


def patterns(page: str) -> Mapping[str, tuple[str, str]]:
    """By the number of each access pattern its command and its output, as the page shows them."""
    found = {}
    for section in _SECTION.finditer(page):
        ((_, body, _),) = _PATTERN.findall(section[0])
        found[section[1]] = _parted(body)
    return found


def programs(page: str) -> Mapping[str, tuple[str, str]]:
    """By the number of its access pattern each program, and what it prints, as the page shows it."""
    found = {section[1]: _PROGRAM.findall(section[0]) for section in _SECTION.finditer(page)}
    return {number: (source, shown) for number, each in found.items() for _, source, shown, _ in each}


def _parted(block: str) -> tuple[str, str]:
    """A command goes on in lines that are indented; what is not is its output."""
    lines = block.splitlines(keepends=True)
    end = next((place for place, line in enumerate(lines) if place and not line.startswith("    ")), len(lines))
    return "".join(lines[:end]).removeprefix("$ "), "".join(lines[end:])


def examples(page: str) -> Mapping[tuple[str, str], str]:
    """By its key each example item, as the page shows it."""
    return {(pk, sk): shown for _, shown, pk, sk, _ in _EXAMPLE.findall(page)}


def example(client: "DynamoDBClient", pk: str, sk: str) -> str:
    """An item as the page shows one: an attribute a line, and no letters of types."""
    item = from_item(client.get_item(TableName=TABLE_NAME, Key=to_item({"pk": pk, "sk": sk}))["Item"])
    lines = [f"  {json.dumps(name)}: {json.dumps(value, default=_figure)}" for name, value in item.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _figure(value: object) -> int | float:
    number = float(str(value))
    return int(number) if number.is_integer() else number


@contextmanager
def endpoint(client: "DynamoDBClient") -> Iterator[str]:
    """An address at which an `aws` command finds the client's DynamoDB."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = str(self.headers["X-Amz-Target"]).partition(".")[2]
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            (method,) = [name for name, known in client.meta.method_to_api_mapping.items() if known == operation]
            answer = cast("dict[str, object]", getattr(client, method)(**asked))
            answer.pop("ResponseMetadata")
            body = json.dumps(answer, default=str).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object, **__: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def output(command: str, *, address: str) -> str:
    """What a shell prints of the command; `aws` asks the table at this address."""
    own = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    path = f"{AWS_TOOLS}{os.pathsep}{os.environ['PATH']}"
    with TemporaryDirectory() as folder:
        environment = {**own, "AWS_ENDPOINT_URL_DYNAMODB": address, "TABLE": TABLE_NAME, "PATH": path, "HOME": folder}
        shell = ["bash", "-eo", "pipefail", "-c", command]
        ran = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return "".join(f"{line.expandtabs().rstrip()}\n" for line in ran.stdout.splitlines())


def printed(source: str, *, address: str) -> str:
    """What Python prints of a program; boto3 asks the table at this address."""
    return output(f"{shlex.quote(sys.executable)} -c {shlex.quote(source)}", address=address)


def updated(page: str) -> str:
    """The page with the outputs and the example items made anew."""
    with filled_table() as lens, endpoint(lens.client) as address:

        def ran(found: re.Match[str]) -> str:
            command, _ = _parted(found[2])
            return f"{found[1]}$ {command}{output(command, address=address)}{found[3]}"

        page = _SECTION.sub(lambda section: _PATTERN.sub(ran, section[0]), page)
        page = _PROGRAM.sub(lambda found: f"{found[1]}{printed(found[2], address=address)}{found[4]}", page)
        return _EXAMPLE.sub(lambda found: f"{found[1]}{example(lens.client, found[3], found[4])}{found[5]}", page)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
