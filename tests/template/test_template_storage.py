from tests.support.template_document import OUTPUTS, of_type, properties

KEPT = {**of_type("AWS::DynamoDB::Table"), **of_type("AWS::S3::Bucket")}


def test_what_holds_data_outlives_the_stack_but_not_the_failure_of_the_deployment_that_makes_it() -> None:
    assert KEPT.keys() == {"RequestTable", "FailureBucket"}
    for name, resource in KEPT.items():
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_the_outputs_say_what_is_kept_when_the_stack_is_deleted() -> None:
    kept = {name for name, output in OUTPUTS.items() if "Kept when the stack is deleted" in output["Description"]}

    assert kept == {
        "RequestTableName",
        "FailureBucketName",
        "InvocationLogGroupName",
        "AccessLogGroupName",
        "ProcessorLogGroupName",
    }


def test_no_log_group_that_outlives_a_stack_is_made_by_cloudformation_which_refuses_what_exists() -> None:
    kept = {"KeptInvocationLogGroup", "KeptAccessLogGroup", "KeptProcessorLogGroup"}

    assert of_type("Custom::KeptLogGroup").keys() == kept
    for name, group in of_type("AWS::Logs::LogGroup").items():
        assert "DeletionPolicy" not in group, name


def test_the_retention_of_a_group_that_others_may_have_made_is_left_to_them() -> None:
    assert {name for name in of_type("Custom::KeptLogGroup") if properties(name).get("NamedByStack") is not True} == {
        "KeptInvocationLogGroup"
    }


def test_logging_is_switched_on_and_subscribed_once_the_log_group_is_there() -> None:
    group = {"Fn::GetAtt": ["KeptInvocationLogGroup", "LogGroupName"]}

    assert properties("BedrockLogging")["LogGroupName"] == group
    assert properties("ProcessorFunction")["Events"]["ModelInvocations"]["Properties"]["LogGroupName"] == group


def test_the_table_is_on_demand_recoverable_encrypted_and_expires_its_items() -> None:
    table = properties("RequestTable")

    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_index_projects_nothing_that_a_revision_changes() -> None:
    (index,) = properties("RequestTable")["GlobalSecondaryIndexes"]

    assert index["IndexName"] == "by_time"
    assert not {"revision", "summary", "state"} & set(index["Projection"]["NonKeyAttributes"])


def test_every_declared_attribute_is_a_key() -> None:
    table = properties("RequestTable")
    schemas = [table["KeySchema"], *(index["KeySchema"] for index in table["GlobalSecondaryIndexes"])]

    assert {each["AttributeName"] for each in table["AttributeDefinitions"]} == {
        key["AttributeName"] for schema in schemas for key in schema
    }


def test_a_settle_that_fails_five_times_is_kept_for_fourteen_days() -> None:
    queue = properties("SettleQueue")

    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["SettleDeadLetterQueue", "Arn"]}
    assert properties("SettleDeadLetterQueue")["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


def test_the_failure_bucket_is_encrypted_private_and_expiring() -> None:
    bucket = properties("FailureBucket")

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 14
