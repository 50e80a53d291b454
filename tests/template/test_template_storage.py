from tests.support.template_document import of_type, properties


def test_the_table_and_every_log_group_outlive_the_stack() -> None:
    kept = {**of_type("AWS::DynamoDB::Table"), **of_type("AWS::Logs::LogGroup")}

    for name, resource in kept.items():
        assert resource["DeletionPolicy"].startswith("Retain"), name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_a_failed_first_deployment_leaves_no_log_group_for_the_next_to_stumble_over() -> None:
    for name, group in of_type("AWS::Logs::LogGroup").items():
        assert group["DeletionPolicy"] == "RetainExceptOnCreate", name


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
