"""Log batches as CloudWatch Logs delivers them, whose text is as varied as an agent's; drawn from a seed.

Both the ratio of gzip and the speed of a JSON scan depend on the text, so a repeated sentence would measure nothing.
"""

import base64
import gzip
import json
import random
from collections.abc import Iterator, Sequence

CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aaeeiou"
WORDS = 6_000
"""About the vocabulary of a book."""

WIDE_PHRASES = (
    "東京の現在時刻を調べます。",
    "ありがとうございます",
    "größer als üblich",
    "déjà vérifié",
    "Ответ готов",
    "😀",
    "🧭 →",
    "naïve «quotes»",
)


class LogTraffic:
    """Bedrock's records of one agent's calls, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._words = [self._word() for _ in range(WORDS)]
        # Zipf's law: the n-th word comes 1/n times as often as the first.
        self._weights = [1 / rank for rank in range(1, WORDS + 1)]

    def _word(self) -> str:
        syllables = range(self._chance.choice((1, 1, 2, 2, 3, 4)))
        return "".join(self._chance.choice(CONSONANTS) + self._chance.choice(VOWELS) for _ in syllables)

    def event(self, *, events: int, event_bytes: int) -> dict[str, object]:
        """A Lambda event that brings a batch of different records of about this size each."""
        return lambda_event([self.record(event_bytes) for _ in range(events)])

    def record(self, size_bytes: int) -> str:
        """One `ModelInvocationLog` of a Converse call, its conversation as long as the size asks for."""
        messages: list[object] = []
        size = 1_400  # the rest of the record
        while size < size_bytes:
            turn = list(self._turn(min(size_bytes - size, self._chance.randint(300, 6_000))))
            messages += turn
            size += len(json.dumps(turn, ensure_ascii=False).encode())
        return json.dumps(self._record(messages), ensure_ascii=False, separators=(",", ":"))

    def _turn(self, size: int) -> Iterator[object]:
        """A question, or a tool's use and its result."""
        if self._chance.random() < 0.4:
            yield _message("user", {"text": self._prose(size)})
            return
        use_id = self._tool_id()
        tool = {"toolUseId": use_id, "name": self._words[-1], "input": self._data(size // 4)}
        yield _message("assistant", {"text": self._prose(size // 4)}, {"toolUse": tool})
        found = {"text": json.dumps(self._data(size // 2), indent=2)}
        yield _message("user", {"toolResult": {"toolUseId": use_id, "content": [found], "status": "success"}})

    def _prose(self, size: int) -> str:
        """Paragraphs, some of them with quotes, code, other scripts and emoji."""
        parts: list[str] = []
        while sum(map(len, parts)) < size:
            sentence = " ".join(self._chance.choices(self._words, self._weights, k=self._chance.randint(4, 22)))
            parts.append(f"{sentence.capitalize()}{self._chance.choice(('. ', '. ', ', ', '? ', ': '))}")
            if self._chance.random() < 0.2:
                parts.append(self._oddity())
        return "".join(parts)

    def _oddity(self) -> str:
        word = self._chance.choice(self._words)
        number = self._chance.random()
        wide = self._chance.choice(WIDE_PHRASES)
        return self._chance.choice((f"{wide} ", f'"{word}" \\ {number:.6f} ', f"\n\n- **{word}**: ", f"— {word}'s "))

    def _data(self, size: int) -> dict[str, object]:
        """What a tool gets or gives: keys of its own, numbers, ids, flags, short texts."""
        data: dict[str, object] = {}
        for row in range(max(1, size // 120)):
            data[f"{self._chance.choice(self._words)}{row}"] = {
                "id": f"{self._chance.getrandbits(64):016x}",
                "score": self._chance.random(),
                "count": self._chance.randrange(10_000),
                "open": self._chance.random() < 0.5,
                "note": " ".join(self._chance.choices(self._words, k=4)),
            }
        return data

    def _tool_id(self) -> str:
        return f"tooluse_{self._chance.getrandbits(128):032x}"[:30]

    def _record(self, messages: Sequence[object]) -> dict[str, object]:
        tokens = self._chance.randrange(100, 4_000)
        answer = _message(
            "assistant", {"text": self._prose(300)}, {"toolUse": {"toolUseId": self._tool_id(), "input": {}}}
        )
        return {
            "timestamp": f"2025-12-04T18:{self._chance.randrange(60):02}:{self._chance.randrange(60):02}Z",
            "accountId": "123456789012",
            "region": "us-east-1",
            "requestId": f"{self._chance.getrandbits(128):032x}",
            "operation": "ConverseStream",
            "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/agent-role/session"},
            "input": {
                "inputContentType": "application/json",
                "inputBodyJson": {"messages": messages, "inferenceConfig": {"maxTokens": 4096}},
                "inputTokenCount": tokens,
                "cacheReadInputTokenCount": 0,
                "cacheWriteInputTokenCount": 0,
            },
            "output": {
                "outputContentType": "application/json",
                "outputBodyJson": {
                    "output": {"message": answer},
                    "stopReason": "tool_use",
                    "metrics": {"latencyMs": self._chance.randrange(300, 9_000)},
                    "usage": {"inputTokens": tokens, "outputTokens": 80, "totalTokens": tokens + 80},
                },
                "outputTokenCount": 80,
            },
            "inferenceRegion": "us-east-1",
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
        }


def _message(role: str, *content: object) -> dict[str, object]:
    return {"role": role, "content": list(content)}


def lambda_event(messages: Sequence[str]) -> dict[str, object]:
    """The Lambda event of a subscription filter that delivers these lines."""
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/bedrock/model-invocations",
        "logStream": "aws/bedrock/modelinvocations",
        "subscriptionFilters": ["to-request-lens"],
        "logEvents": [
            {"id": f"{number:056d}", "timestamp": 1_764_872_822_000 + number, "message": message}
            for number, message in enumerate(messages)
        ],
    }
    text = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
    return {"awslogs": {"data": base64.b64encode(gzip.compress(text)).decode()}}
