"""Files that hold log events in another way than one JSON object a line."""

import csv
import io

from tests.cases.case import Case, Json, compact
from tests.cases.lines import converse, epoch_ms, http

REQUEST, CALL = http("plan", 0.2, 3_000), converse("answer", 1, 900, tokens=(100, 20))
RIGHT = "The two events are read: one request of 3 s with its one call."


def console_csv(*events: Json) -> str:
    """What the console downloads of log events: the columns timestamp and message."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["timestamp", "message"])
    rows.writerows([epoch_ms(0), compact(event)] for event in events)
    return text.getvalue()


CONSOLE_CSV = Case(
    name="csv_of_the_console",
    title="The console's download of log events",
    what="A CSV with the columns timestamp and message, and no query behind it.",
    right=RIGHT,
    content=console_csv(REQUEST, CALL),
    suffix="csv",
)


def delivery(number: int, event: Json) -> Json:
    """What CloudWatch Logs hands to a subscriber."""
    logged = {"id": f"{number:056}", "timestamp": int(epoch_ms(0)), "message": compact(event)}
    return {"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/plan", "logEvents": [logged]}


FIREHOSE = Case(
    name="objects_of_firehose",
    title="Firehose's object: documents one after the other in one line",
    what="Two deliveries of a subscription, written into S3 without anything between them.",
    right=RIGHT,
    content=compact(delivery(1, REQUEST)) + compact(delivery(2, CALL)),
    suffix="json",
)

CONTAINER_CASES = (CONSOLE_CSV, FIREHOSE)
