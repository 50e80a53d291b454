"""A filter pattern lets pass what CloudWatch Logs would, as far as Request Lens uses its syntax."""

import json

import pytest

from request_lens_cli.local_aws.emulated.log_pattern import passes

EVENT = json.dumps({"kind": "CLIENT", "name": "chat claude", "scope": {"name": "botocore.bedrock-runtime"}, "n": 7})


@pytest.mark.parametrize(
    ("pattern", "message", "is_let_pass"),
    [
        ("", "anything", True),
        (" ", "anything", True),
        ('"Model Log"', "of a Model Log", True),
        ('"Model Log"', "a Log of a Model", False),
        ("ERROR", "an ERROR", True),
        ("ERROR", "an error", False),
        ('"a" "b"', "b a", True),
        ('"a" "b"', "a", False),
        ('?"a b" ?"c"', "c", True),
        ('?"a b" ?"c"', "b", False),
        ('?"a" "b"', "b", True),
        ('?"a" "b"', "a", False),
    ],
)
def test_terms_are_all_in_the_text_or_any_of_those_with_a_question_mark(
    pattern: str, message: str, is_let_pass: bool
) -> None:
    assert passes(pattern, message) is is_let_pass


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('$.kind = "CLIENT"', True),
        ('$.kind = "client"', False),
        ('$.kind = "CLI"', False),
        ('$.kind = "CLI*"', True),
        ('$.scope.name = "*bedrock-runtime"', True),
        ('$.scope.name = "*.bedrock*time"', True),
        ('$.scope.name = "*bedrock"', False),
        ('$.scope = "*"', False),
        ('$.scope.name.more = "*"', False),
        ('$.n = "7"', False),
        ('$.none = "*"', False),
        ('$.kind = "SERVER" || $.name = "chat *"', True),
        ('$.kind = "SERVER" && $.name = "chat *"', False),
        ('$.kind = "CLIENT" || $.name = "x" && $.name = "y"', True),
        ('($.kind = "CLIENT" || $.name = "x") && $.name = "y"', False),
        ('($.kind = "CLIENT" && ($.name = "x" || $.name = "chat *"))', True),
    ],
)
def test_conditions_hold_of_the_json(condition: str, holds: bool) -> None:
    assert passes(f"{{ {condition} }}", EVENT) is holds


@pytest.mark.parametrize("message", ["kind CLIENT", "", "[]", '"CLIENT"', "[" * 100_000])
def test_a_condition_holds_of_nothing_that_is_no_json_object(message: str) -> None:
    assert not passes('{ $.kind = "*" }', message)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.kind = "CLIENT"',
        "{ $.kind = CLIENT }",
        '{ $.kind != "CLIENT" }',
        "{ $.n = 7 }",
        '{ $.kind = "a" $.kind = "b" }',
        '{ ($.kind = "a" }',
        '{ $.kind = "a" && }',
        "{ }",
        '[a, b = "c"]',
        "%a|b%",
    ],
)
def test_a_syntax_that_is_not_known_is_refused_rather_than_misread(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        passes(pattern, EVENT)
