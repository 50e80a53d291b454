"""Statements of the functions' roles that no test can show to be needed: the local AWS does these things by itself."""

NOT_CHECKED_LOCALLY = {
    ("ProcessorRole", "WriteOwnLog"): "Lambda writes a function's lines: without the right there are none",
    ("TimelineWidgetRole", "WriteOwnLog"): "as the processor's",
    ("LoggingConfigurationRole", "WriteOwnLog"): "as the processor's",
    (
        "ProcessorRole",
        "ReadStream",
    ): "Lambda reads the stream with the role; AWS refuses the mapping without it",
    ("ProcessorRole", "ListStreams"): "as ReadStream: AWS asks for all four actions",
    (
        "ProcessorRole",
        "TakeSettleMessages",
    ): "Lambda reads the queue with the role; AWS refuses the mapping without it",
    (
        "ProcessorRole",
        "WriteFailures",
    ): "the local AWS serves no destination on S3; AWS refuses the configuration",
    ("ProcessorRole", "FindFailureBucket"): "as WriteFailures",
    ("LoggingConfigurationRole", "WriteFailures"): "as the processor's",
    ("LoggingConfigurationRole", "FindFailureBucket"): "as the processor's",
    ("LoggingConfigurationRole", "HandRoleToBedrock"): "the local AWS checks no role that is handed on",
    (
        "ProcessorRole",
        "AskForInferenceProfiles",
    ): "the local AWS knows profiles by id, and records name their ARN",
}
"""Role and Sid, with the reason."""

_SWITCHED = "what it is denied it tries for 100 s; tests/e2e/regions/test_logging_switch.py fails without it"

NOT_TAKEN_OUT_ALONE = {
    ("LoggingConfigurationRole", "SwitchLogging", "bedrock:PutModelInvocationLoggingConfiguration"): _SWITCHED,
    (
        "LoggingConfigurationRole",
        "SwitchLogging",
        "bedrock:DeleteModelInvocationLoggingConfiguration",
    ): "a Delete that is denied succeeds all the same; in the e2e test_logging_switch.py logging would stay on",
}
"""Role, Sid and action, of statements that are checked, with the reason."""
