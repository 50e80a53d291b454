"""The shapes of requests that real agents answered: nine of them, 36 calls to Bedrock, in ms after their API request.

The five of `JOINED_SHAPES` have 33 of the calls: seven calls and six tools behind AgentCore's gateway one after another
(one of these streams), and five calls that ask for two tools at once. The four of `TRACED_SHAPES` are turns of a
conversation with AgentCore's memory around their one call, an agent of LangChain's, and one that calls another
vendor's model twice, which Bedrock does not log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Framework(StrEnum):
    """Which library made the agent: its `chat` spans differ."""

    STRANDS = "strands"
    LANGCHAIN = "langchain"


@dataclass(frozen=True, slots=True)
class ChatStep:
    """A call to a model as its framework sees it; the SDK's own span begins a little later."""

    begun_ms: int
    ended_ms: int
    asked: int
    given: int


@dataclass(frozen=True, slots=True)
class ToolStep:
    """A run of a tool; the gateway runs it a little later, and so reports it again."""

    name: str
    begun_ms: int
    ended_ms: int
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentShape:
    """One answer of an agent: its server's time, its calls, tools and memory operations."""

    entry_ms: int
    ended_ms: int
    chats: Sequence[ChatStep]
    tools: Sequence[ToolStep] = ()
    memory: Sequence[tuple[int, int]] = ()
    framework: Framework = Framework.STRANDS
    stream: bool = False
    is_logged: bool = True

    def asked_for_after(self, chat: ChatStep) -> Iterator[ToolStep]:
        """The tools that run between this call and the next."""
        next_ms = min((other.begun_ms for other in self.chats if other.begun_ms > chat.begun_ms), default=None)
        return (
            tool
            for tool in self.tools
            if tool.begun_ms >= chat.ended_ms and (next_ms is None or tool.ended_ms <= next_ms)
        )


_TOOLS = ("receive", "redact", "weigh", "write", "check", "sign")


def _one_by_one(
    entry_ms: int, last_ms: int, *chats: tuple[int, int, int, int], tools: Sequence[int], stream: bool = False
) -> AgentShape:
    """A loop whose tools, ending at these times, each begin as a call ends; the last call ends at `last_ms`."""
    begun = [ended_ms for _, ended_ms, _, _ in chats]
    return AgentShape(
        entry_ms=entry_ms,
        ended_ms=last_ms + 40,
        chats=[ChatStep(*chat) for chat in chats],
        tools=[ToolStep(*step) for step in zip(_TOOLS, begun, tools, strict=False)],
        stream=stream,
    )


JOINED_SHAPES: Sequence[AgentShape] = (
    _one_by_one(
        600,
        40_550,
        (1400, 4890, 5347, 143),
        (5450, 8190, 5567, 123),
        (9150, 13740, 5987, 393),
        (14250, 20490, 6607, 563),
        (20950, 26290, 7217, 353),
        (27150, 29840, 7857, 113),
        (30250, 40550, 8027, 523),
        tools=(5440, 9140, 14240, 20940, 27140, 30240),
    ),
    _one_by_one(
        700,
        41_500,
        (1600, 4890, 5347, 143),
        (5700, 8490, 5557, 123),
        (9400, 13940, 5987, 403),
        (14400, 20590, 6617, 573),
        (21050, 26740, 7227, 333),
        (27850, 30340, 7857, 113),
        (32700, 41500, 8027, 453),
        tools=(5690, 9390, 14390, 21040, 27840, 32690),
    ),
    AgentShape(
        entry_ms=1150,
        ended_ms=36_190,
        chats=[
            ChatStep(1900, 5740, 5347, 213),
            ChatStep(6700, 11590, 5987, 393),
            ChatStep(12050, 18790, 6607, 563),
            ChatStep(19200, 25590, 7217, 433),
            ChatStep(26550, 36150, 8037, 543),
        ],
        tools=[
            ToolStep("receive", 5740, 6690),
            ToolStep("redact", 5740, 6640),
            ToolStep("weigh", 11600, 12040),
            ToolStep("write", 18800, 19190),
            ToolStep("check", 25600, 26540),
            ToolStep("sign", 25600, 26100),
        ],
    ),
    _one_by_one(
        950,
        57_900,
        (1650, 4990, 3527, 103),
        (8550, 11090, 3697, 103),
        (13800, 17790, 4077, 373),
        (21350, 25040, 4647, 303),
        (35250, 40090, 5037, 383),
        (44750, 48190, 5697, 103),
        (50050, 57900, 5847, 373),
        tools=(8540, 13790, 21340, 35240, 44740, 50040),
        stream=True,
    ),
    _one_by_one(
        650,
        43_650,
        (1500, 4940, 5347, 143),
        (5750, 8640, 5567, 123),
        (9650, 14190, 5997, 393),
        (14650, 20940, 6617, 563),
        (21400, 27340, 7227, 403),
        (28550, 31240, 7907, 113),
        (33600, 43650, 8077, 583),
        tools=(5740, 9640, 14640, 21390, 28540, 33590),
    ),
)

TRACED_SHAPES: Sequence[AgentShape] = (
    AgentShape(
        entry_ms=500,
        ended_ms=5_850,
        chats=[ChatStep(1750, 5200, 21250, 57)],
        memory=[
            (560, 650),
            (700, 770),
            (770, 950),
            (960, 1100),
            (1100, 1170),
            (1300, 1560),
            (5240, 5370),
            (5600, 5800),
        ],
        stream=True,
    ),
    AgentShape(
        entry_ms=400,
        ended_ms=5_050,
        chats=[ChatStep(1600, 4440, 21210, 33)],
        memory=[
            (460, 540),
            (650, 790),
            (790, 890),
            (900, 1050),
            (1240, 1410),
            (1410, 1600),
            (4480, 4570),
            (4780, 5000),
        ],
        stream=True,
    ),
    AgentShape(
        entry_ms=600,
        ended_ms=3_590,
        chats=[ChatStep(601, 3590, 337, 113)],
        framework=Framework.LANGCHAIN,
    ),
    AgentShape(
        entry_ms=300,
        ended_ms=17_150,
        chats=[ChatStep(1450, 7640, 2357, 167), ChatStep(8560, 16410, 2707, 243)],
        tools=[ToolStep("code_interpreter", 8020, 8130, failed=True)],
        memory=[(450, 530), (530, 620), (680, 820), (1030, 1440), (7680, 7800), (8390, 8520), (16450, 16810)],
        is_logged=False,
    ),
)
