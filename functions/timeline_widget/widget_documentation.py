"""What the widget says of itself in CloudWatch's widget editor."""

DOCUMENTATION = """## Request Lens: timeline

Each API request of the dashboard's time range as a row, the newest first: a light bar from its start to its response,
and in it a dark bar for each LLM call. Click a row for the request's calls: model, tokens, latency, stop reason, how
each was correlated and how surely, and its estimated cost. No prompt or completion is ever shown: none is stored.

What is hatched is uncertain: unlinked calls may be the request's own, so it has made at least (≥) the calls that are
shown. A note below the picture says why, and what helps; a click on the row names the first of those calls.

The lines above the picture have the number of requests, and of LLM calls: those linked to a request that is shown,
pending ones, and unattributed ones add up to it. Failed calls, throttled ones among them, and missing calls are counted
beside them.

A line inside a call says that it may have started, and ended, so much later: the log has its start to the second.

By spans a line with a triangle is the first token of the answer, and a dashed ring says that calls of the request are
missing in the log: its number of calls is the least.

A figure with ≈ comes from calls that are linked by time, not by a tag, and may be wrong.

What is dashed is pending, decided about two and a half minutes after the request's end by default: its calls are shown
where they would be linked as things stand, and may still move. Its number of calls and its LLM time are those so far.

Calls that belong to no request are below the rows, by reason, where they ran by the clock.

### Widget parameters
Param | Description
---|---
**rows** | How many requests to show, the newest of the time range: 1 to 200. Default: 200
**axis** | `own` begins each request at the left, `clock` places it by the clock. Default: own
**sort** | Which request is on top: `time` (the newest), `duration`, `calls` or `cost` (the greatest). Default: time
**stack** | The stack's name, for the line above the picture

The time range, theme and width are the dashboard's. A range longer than 7 days is cut to its last 7 days.

### Example parameters
```yaml
rows: 50
```
"""
