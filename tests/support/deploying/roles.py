"""Resources of the stack on the local AWS by their logical id, and its roles without a statement or an action."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_client, local_session
from tests.support.template_document import actions_of


def physical_id(deployment: DemoStack, logical_id: str) -> str:
    """What a resource of the template is called in the local AWS."""
    cloudformation = local_client("cloudformation", endpoint=deployment.local.endpoint)
    found = cloudformation.describe_stack_resource(StackName=deployment.stack.name, LogicalResourceId=logical_id)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


@contextmanager
def without(deployment: DemoStack, role: str, sid: str, action: str | None = None) -> Iterator[None]:
    """The role's policy without one statement, or one action of it, for as long as the context lasts."""
    endpoint, name = deployment.local.endpoint, physical_id(deployment, role)
    iam = local_session(endpoint).client("iam", endpoint_url=endpoint)
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    found = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    document = found if isinstance(found, dict) else json.loads(found)
    allowed = {each["Sid"]: each for each in document["Statement"]}
    kept = [] if action is None else [each for each in actions_of(allowed[sid]) if each != action]
    assert action is None or len(kept) == len(actions_of(allowed[sid])) - 1
    left = [{**each, "Action": kept} if each["Sid"] == sid else each for each in document["Statement"]]
    statement = [each for each in left if each["Action"]]
    iam.put_role_policy(
        RoleName=name, PolicyName=policy, PolicyDocument=json.dumps({**document, "Statement": statement})
    )
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
