"""Span records of every shape that agents' telemetry writes, small, with one text in every field that holds text.

`SPAN_SHAPES` names them. Each takes the text that stands for prompts, arguments and results, so that a test can plant a
canary. The shapes are those of ADOT 0.12 to 0.21 over Strands, LangChain and botocore, and of AgentCore itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

type Json = Any
type Shape = Callable[[str], dict[str, Json]]

TRACE_ID = "691bb6a8dab312b4f03b31b9c24535a1"
BEGAN_NS = 1_763_423_912_171_758_991
ACCOUNT = "123456789012"
AGENT = "demo_agent-ABCDEF1234"
RESOURCE = f"runtime/{AGENT}/runtime-endpoint/DEFAULT:DEFAULT"
SESSION = "649f224f-4daf-48ee-800b-1afef35cc485"
CALL_ID = "53cb819a-ec27-417a-8433-8f29e7b0e978"

_NS_IN_MS = 1_000_000
_BOTOCORE = "opentelemetry.instrumentation.botocore"
_STRANDS = "strands.telemetry.tracer"
_LANGCHAIN = "opentelemetry.instrumentation.langchain"


def span(
    name: str,
    *,
    kind: str = "INTERNAL",
    scope: str = "",
    started_ms: float = 0,
    ended_ms: float = 100,
    span_id: str = "aecfafe81f02ad52",
    parent_id: str = "83f7b593a8a109e2",
    trace_id: str = TRACE_ID,
    attributes: Mapping[str, Json] | None = None,
    **fields: Json,
) -> dict[str, Json]:
    """A span's record as `aws/spans` has it; its times are in milliseconds after BEGAN_NS."""
    started_ns, ended_ns = (BEGAN_NS + round(ms * _NS_IN_MS) for ms in (started_ms, ended_ms))
    return {
        "resource": {
            "attributes": {
                "service.name": "demo_agent.DEFAULT",
                "cloud.resource_id": f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:{RESOURCE}",
                "cloud.region": "us-east-1",
                "aws.service.type": "gen_ai_agent",
            }
        },
        "scope": {"name": scope, "version": "0.54b1"},
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": parent_id,
        "flags": 256,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": started_ns,
        "endTimeUnixNano": ended_ns,
        "durationNano": ended_ns - started_ns,
        "attributes": {"aws.local.service": "demo_agent.DEFAULT", "session.id": SESSION, **(attributes or {})},
        "status": {"code": "UNSET"},
        **fields,
    }


def bedrock_call(*, request_id: str = CALL_ID, method: str = "ConverseStream", **fields: Json) -> dict[str, Json]:
    """The SDK's span of one call to Bedrock, which bears the id that the invocation log has."""
    attributes = {
        "rpc.system": "aws-api",
        "rpc.service": "Bedrock Runtime",
        "rpc.method": method,
        "aws.region": "us-east-1",
        "aws.request_id": request_id,
        "http.status_code": 200,
        "retry_attempts": 0,
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "aws.bedrock",
        "gen_ai.usage.input_tokens": 338,
        "gen_ai.usage.output_tokens": 113,
        "gen_ai.response.finish_reasons": ["end_turn"],
    } | fields.pop("attributes", {})
    scope = f"{_BOTOCORE}.bedrock-runtime"
    return span("chat us.anthropic.claude-haiku", kind="CLIENT", scope=scope, attributes=attributes, **fields)


def agentcore_call(method: str, **fields: Json) -> dict[str, Json]:
    """The SDK's span of a call to AgentCore: its memory, or one of its tools."""
    attributes = {"rpc.service": "Bedrock AgentCore", "rpc.method": method, "aws.request_id": "3ba1c01c-8485"}
    return span(f"Bedrock AgentCore.{method}", kind="CLIENT", scope=_BOTOCORE, attributes=attributes, **fields)


def entry(**fields: Json) -> dict[str, Json]:
    """The agent's server, answering one `POST /invocations`."""
    attributes = {"http.method": "POST", "http.target": "/invocations", "http.status_code": 200}
    scope = "opentelemetry.instrumentation.starlette"
    return span("POST /invocations", kind="SERVER", scope=scope, attributes=attributes, **fields)


def agent_run(text: str = "", **fields: Json) -> dict[str, Json]:
    """One run of a Strands agent, with the sum of its calls' tokens."""
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.usage.input_tokens": 338,
        "gen_ai.usage.output_tokens": 113,
        "gen_ai.usage.cache_read_input_tokens": 0,
        "gen_ai.usage.cache_write_input_tokens": 0,
        "gen_ai.agent.tools": f'["{text}"]',
        "system_prompt": text,
    }
    events = [{"name": "gen_ai.user.message", "attributes": {"content": text}}]
    return span("invoke_agent Strands Agents", scope=_STRANDS, attributes=attributes, events=events, **fields)


def strands_chat(text: str = "", **fields: Json) -> dict[str, Json]:
    """What Strands reports of a call to a model, with the time to its first token."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.server.time_to_first_token": 2657,
        "gen_ai.usage.input_tokens": 338,
        "gen_ai.usage.output_tokens": 113,
    }
    events = [{"name": "gen_ai.choice", "attributes": {"message": text, "finish_reason": "end_turn"}}]
    return span("chat", scope=_STRANDS, attributes=attributes, events=events, **fields)


def langchain_chat(text: str = "", **fields: Json) -> dict[str, Json]:
    """What LangChain's instrumentation reports of a call to a model: prompts stand among its attributes."""
    attributes = {
        "llm.request.type": "chat",
        "gen_ai.prompt.0.content": text,
        "gen_ai.completion.0.content": text,
        "llm.request.functions.0.description": text,
        "gen_ai.usage.input_tokens": 338,
    }
    return span("ChatBedrockConverse.chat", kind="CLIENT", scope=_LANGCHAIN, attributes=attributes, **fields)


def tool_run(
    name: str = "current_time",
    text: str = "",
    outcome: str = "success",
    *,
    call_id: str = "tooluse_a6e8ebf8b3aa36252764d9e9",
    **fields: Json,
) -> dict[str, Json]:
    """One run of a Strands tool, for the use of it that has this id: a failed one has status OK all the same."""
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": call_id,
        "gen_ai.tool.status": outcome,
        "gen_ai.tool.description": text,
        "gen_ai.tool.json_schema": text,
        "gen_ai.tool.call.arguments": text,
    }
    return span(f"execute_tool {name}", scope=_STRANDS, attributes=attributes, **{"status": {"code": "OK"}, **fields})


def langchain_tool(text: str = "") -> dict[str, Json]:
    """One run of a LangChain tool."""
    attributes = {
        "traceloop.span.kind": "tool",
        "traceloop.entity.name": "get_word_frequency",
        "traceloop.entity.input": text,
        "traceloop.entity.output": text,
    }
    return span("get_word_frequency.tool", scope=_LANGCHAIN, attributes=attributes)


def gateway_tool(name: str = "list_departments", **fields: Json) -> dict[str, Json]:
    """AgentCore's gateway running a tool; its own id has another key than a call's."""
    attributes = {
        "tool.name": f"demo-target___{name}",
        "aws.request.id": "18c63b5b-b1e3-4482-87b2-5a2a22cec238",
        "execute_tool_latency_ms": 289,
        "overhead_latency_ms": 41,
        "latency_ms": 330,
    }
    return span("AgentCore.Gateway.InvokeTool", kind="SERVER", attributes=attributes, **fields)


def mcp_tool(name: str = "list_departments", **fields: Json) -> dict[str, Json]:
    """An MCP client asking its server to run a tool."""
    scope = "opentelemetry.instrumentation.mcp"
    return span(f"mcp tools/call {name}", kind="CLIENT", scope=scope, **fields)


SPAN_SHAPES: Mapping[str, Shape] = {
    "call": lambda text: bedrock_call(attributes={"gen_ai.prompt": text}),
    "entry": lambda text: entry(links=[{"attributes": {"note": text}}]),
    "agent": agent_run,
    "strands_chat": strands_chat,
    "langchain_chat": langchain_chat,
    "tool": lambda text: tool_run(text=text),
    "langchain_tool": langchain_tool,
    "gateway_tool": lambda text: gateway_tool(events=[{"name": text}]),
    "memory": lambda text: agentcore_call("CreateEvent", events=[{"name": "input", "attributes": {"payload": text}}]),
}
"""Spans of every kind that is read, by a name of ours."""


def log_record(text: str = "") -> dict[str, Json]:
    """A log record of the SDK's telemetry: it bears the ids and the scope of the span that it was written in."""
    of_span = bedrock_call()
    record = {name: of_span[name] for name in ("resource", "scope", "traceId", "spanId", "flags")}
    return record | {"timeUnixNano": BEGAN_NS, "severityNumber": 9, "severityText": "", "body": {"content": text}}


IGNORED_SPAN_SHAPES: Mapping[str, Shape] = {
    "log_record": log_record,
    "event_loop": lambda text: span("execute_event_loop_cycle", scope=_STRANDS, attributes={"gen_ai.prompt": text}),
    "workflow": lambda text: span(
        "LangGraph.workflow",
        scope=_LANGCHAIN,
        attributes={"traceloop.span.kind": "workflow", "traceloop.entity.input": text},
    ),
    "http": lambda text: span("POST", kind="CLIENT", attributes={"http.url": f"https://api.example.com/{text}"}),
    "code_interpreter": lambda _: agentcore_call("StartCodeInterpreterSession"),
    "bedrock_without_id": lambda _: bedrock_call(attributes={"aws.request_id": None}),
    "bedrock_unlogged": lambda _: bedrock_call(method="ApplyGuardrail"),
    "platform": lambda _: span("AgentCore.Runtime.Invoke", kind="SERVER", attributes={"aws.request_id": CALL_ID}),
    "client_of_an_agent": lambda _: span("POST /invocations", kind="CLIENT"),
}
"""Records beside those spans that say nothing of use."""
