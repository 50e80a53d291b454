"""What the local deployment reads and changes of the template and of sam's settings."""

from pathlib import Path

import pytest
import yaml

from request_lens_cli.local_aws.emulated_template import leave_out_unknown_types, parameter_defaults
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.sam_settings import machine_architecture, read_sam_settings

_TEMPLATE = {
    "Resources": {
        "RequestTable": {"Type": "AWS::DynamoDB::Table", "DependsOn": ["RecentRequestsQuery", "Key"]},
        "Key": {"Type": "AWS::KMS::Key", "DependsOn": "RecentRequestsQuery"},
        "RecentRequestsQuery": {"Type": "AWS::Logs::QueryDefinition"},
    },
    "Outputs": {
        "RequestTableName": {"Value": {"Ref": "RequestTable"}},
        "QueryId": {"Value": {"Fn::Sub": ["${Id}", {"Id": {"Ref": "RecentRequestsQuery"}}]}},
    },
}


def test_types_that_the_emulator_does_not_know_are_left_out_with_what_names_them(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(yaml.safe_dump(_TEMPLATE), encoding="utf-8")
    assert leave_out_unknown_types(template) == ("RecentRequestsQuery",)
    assert yaml.safe_load(template.read_text(encoding="utf-8")) == {
        "Resources": {
            "RequestTable": {"Type": "AWS::DynamoDB::Table", "DependsOn": ["Key"]},
            "Key": {"Type": "AWS::KMS::Key", "DependsOn": []},
        },
        "Outputs": {"RequestTableName": {"Value": {"Ref": "RequestTable"}}},
    }


def test_a_template_that_the_emulator_knows_stays_as_it_is(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Key: {Type: 'AWS::KMS::Key'}} # kept", encoding="utf-8")
    assert leave_out_unknown_types(template) == ()
    assert template.read_text(encoding="utf-8").endswith("# kept")


def test_a_deployment_takes_the_templates_defaults_for_what_nobody_says(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Parameters: {Group: {Default: ''}, Days: {Default: 30}, Bucket: {Type: String}}", encoding="utf-8"
    )
    assert parameter_defaults(template) == {"Group": "", "Days": "30"}


@pytest.mark.parametrize(
    "said",
    ['"LinkDelaySeconds=3 Name=\\"two words\\""', '["LinkDelaySeconds=3", "Name=two words"]'],
    ids=["text", "list"],
)
def test_parameter_overrides_are_read_and_added_to(tmp_path: Path, said: str) -> None:
    config = tmp_path / "samconfig.toml"
    config.write_text(f"[local.deploy.parameters]\nparameter_overrides = {said}\n", encoding="utf-8")
    assert read_sam_settings(config).parameter_overrides(("Architecture", "x86_64")) == {
        "LinkDelaySeconds": "3",
        "Name": "two words",
        "Architecture": "x86_64",
    }


def test_global_settings_hold_where_the_command_has_none(tmp_path: Path) -> None:
    config = tmp_path / "samconfig.toml"
    config.write_text(
        '[local.global.parameters]\nstack_name = "lens"\ncapabilities = "CAPABILITY_IAM"\n'
        'parameter_overrides = "A=1"\n[default.deploy.parameters]\nstack_name = "other"\n',
        encoding="utf-8",
    )
    settings = read_sam_settings(config)
    assert (settings.stack_name, settings.has_capabilities) == ("lens", True)
    assert settings.parameter_overrides() == {"A": "1"}


def test_without_a_file_there_are_no_overrides(tmp_path: Path) -> None:
    settings = read_sam_settings(tmp_path / "samconfig.toml")
    assert (settings.stack_name, settings.parameter_overrides()) == ("request-lens", {})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text("[local", encoding="utf-8")
    with pytest.raises(LocalAwsError, match=r"samconfig\.toml"):
        read_sam_settings(tmp_path / "samconfig.toml")


@pytest.mark.parametrize(("machine", "name"), [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64")])
def test_the_machines_architecture_has_lambdas_name(monkeypatch: pytest.MonkeyPatch, machine: str, name: str) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert machine_architecture() == name


def test_a_machine_that_lambda_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(LocalAwsError, match="riscv64"):
        machine_architecture()
