"""boto3, which nobody here wrote, against `tombolo sim serve`: the recipe's phase 2, signatures, tokens, waiters, retries."""
import base64
import datetime
import time

import botocore.config
import botocore.exceptions
import pytest

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
QUICK = {"Delay": 1, "MaxAttempts": 40}


def code(call, **parameters):
    """The error code that a call is refused with, and its HTTP status."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def tagged(kind, name):
    return {"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}


def launch(sim, **more):
    image = sim.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    return {"ImageId": image, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1, **more}


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen in time")


def test_recipe_phase_2_up_and_down(sim):
    ec2 = sim.client("ec2")
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
    group = ec2.create_security_group(GroupName="nebula-lighthouse", Description="Nebula lighthouse", VpcId=vpcs[0]["VpcId"],
                                      TagSpecifications=[tagged("security-group", "nebula")])["GroupId"]
    for protocol, port in ("udp", 4242), ("tcp", 22):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    key = ec2.create_key_pair(KeyName="nebula", KeyType="rsa", KeyFormat="pem")
    assert key["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    images = ec2.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-x86_64"]},
                                                             {"Name": "state", "Values": ["available"]}])["Images"]
    image = max(images, key=lambda each: (each["CreationDate"], each["Name"]))["ImageId"]
    user_data = "#!/bin/bash\n" + "# padding\n" * 1200
    run = ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1, KeyName="nebula", SecurityGroupIds=[group],
                            UserData=user_data, ClientToken="one", TagSpecifications=[tagged("instance", "lighthouse")])
    instance = run["Instances"][0]["InstanceId"]
    assert run["Instances"][0]["State"]["Name"] == "pending"
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig=QUICK)
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=[tagged("elastic-ip", "lighthouse")])
    association = ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)["AssociationId"]
    seen = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert seen["PublicIpAddress"] == address["PublicIp"]
    assert isinstance(seen["LaunchTime"], datetime.datetime)
    kept = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(kept).decode() == user_data
    assert {each["kind"] for each in sim.billable()} == {"instance", "address", "volume"}

    ec2.terminate_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance], WaiterConfig=QUICK)
    assert code(ec2.disassociate_address, AssociationId=association) == ("InvalidAssociationID.NotFound", 400)
    ec2.release_address(AllocationId=address["AllocationId"])
    ec2.delete_key_pair(KeyName="nebula")
    until(lambda: not ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"])

    def deleted():
        try:
            ec2.delete_security_group(GroupId=group)
            return True
        except botocore.exceptions.ClientError as refusal:
            assert refusal.response["Error"]["Code"] == "DependencyViolation"
            return False
    until(deleted)
    assert sim.billable() == []


def test_wrong_secret_unknown_key_and_wrong_token_are_refused(sim):
    wrong = {"aws_secret_access_key": "wrong"}
    assert code(sim.client("ec2", **wrong).describe_vpcs) == ("AuthFailure", 401)
    assert code(sim.client("sts", **wrong).get_caller_identity) == ("SignatureDoesNotMatch", 403)
    assert code(sim.client("ssm", **wrong).get_parameter, Name=IMAGE) == ("InvalidSignatureException", 400)
    assert code(sim.client("sts", aws_access_key_id="AKIDNOBODY0000000001").get_caller_identity) == ("InvalidClientTokenId", 403)
    assert code(sim.client("ec2", aws_session_token="token").describe_vpcs) == ("AuthFailure", 401)


def test_who_am_i_and_assumed_role(sim):
    sts = sim.client("sts")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="test")["Credentials"]
    assert role["Expiration"] > datetime.datetime.now(datetime.timezone.utc)
    assumed = {"aws_access_key_id": role["AccessKeyId"], "aws_secret_access_key": role["SecretAccessKey"],
               "aws_session_token": role["SessionToken"]}
    assert sim.client("sts", **assumed).get_caller_identity()["Arn"].endswith(":assumed-role/deploy/test")
    assert sim.client("ec2", **assumed).describe_vpcs()["Vpcs"]


def test_client_tokens(sim):
    ec2 = sim.client("ec2")
    first = ec2.run_instances(**launch(sim, ClientToken="t"))["Instances"][0]["InstanceId"]
    assert ec2.run_instances(**launch(sim, ClientToken="t"))["Instances"][0]["InstanceId"] == first
    assert code(ec2.run_instances, **launch(sim, ClientToken="t", InstanceType="t3.micro"))[0] == "IdempotentParameterMismatch"
    ec2.terminate_instances(InstanceIds=[first])
    assert code(ec2.run_instances, **launch(sim, ClientToken="t"))[0] == "IdempotentInstanceTerminated"


def test_lost_answer_and_botocores_own_retry_give_one_machine(sim):
    sim.control("fault", action="RunInstances", kind="cut_after")
    instance = sim.client("ec2").run_instances(**launch(sim))["Instances"][0]["InstanceId"]  # boto3 makes the token itself
    assert [each["id"] for each in sim.billable() if each["kind"] == "instance"] == [instance]
    assert [each["status"] for each in sim.log() if each["action"] == "RunInstances"] == [0, 200]


def test_throttling_and_html_are_retried(sim):
    sim.control("fault", action="DescribeVpcs", code="RequestLimitExceeded", status=503, times=2)
    sim.control("fault", action="DescribeVpcs", kind="html")
    assert sim.client("ec2").describe_vpcs()["Vpcs"]
    assert len([each for each in sim.log() if each["action"] == "DescribeVpcs"]) == 4


def test_capacity_quota_and_type_errors(sim):
    ec2 = sim.client("ec2")
    sim.control("shortage", type="t3.small", zone="us-east-1a")
    once = sim.client("ec2", config=botocore.config.Config(retries={"total_max_attempts": 1}))
    zone = {"Placement": {"AvailabilityZone": "us-east-1a"}}
    assert code(once.run_instances, **launch(sim, **zone)) == ("InsufficientInstanceCapacity", 500)
    assert code(ec2.run_instances, **launch(sim, InstanceType="g4dn.xlarge")) == ("VcpuLimitExceeded", 400)
    assert code(ec2.run_instances, **launch(sim, InstanceType="t4g.small")) == ("InvalidParameterValue", 400)
    quotas = sim.client("service-quotas")
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-DB2E81BA")["Quota"]["Value"] == 0
    asked = quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode="L-DB2E81BA", DesiredValue=8)["RequestedQuota"]
    assert asked["Status"] == "PENDING" and isinstance(asked["Created"], datetime.datetime)
    assert any(each["QuotaCode"] == "L-DB2E81BA" for each in quotas.list_service_quotas(ServiceCode="ec2")["Quotas"])


def test_group_in_use_and_duplicates(sim):
    ec2 = sim.client("ec2")
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    assert code(ec2.create_security_group, GroupName="g", Description="d")[0] == "InvalidGroup.Duplicate"
    ec2.run_instances(**launch(sim, SecurityGroupIds=[group]))
    assert code(ec2.delete_security_group, GroupId=group) == ("DependencyViolation", 400)
    assert code(ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}]) == ("InvalidParameterValue", 400)
    assert code(ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])[0] == "InvalidInstanceID.NotFound"
    assert code(ec2.run_instances, **launch(sim, DryRun=True)) == ("DryRunOperation", 412)
    assert code(ec2.run_instances, **launch(sim, UserData="x" * 16385))[0] == "InvalidParameterValue"


def test_paginators(sim):
    ec2 = sim.client("ec2")
    for _ in range(3):
        ec2.run_instances(**launch(sim, MinCount=2, MaxCount=2, InstanceType="t3.micro"))
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    assert sum(len(each["Instances"]) for page in pages for each in page["Reservations"]) == 6
    types = {each["InstanceType"] for page in ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 7})
             for each in page["InstanceTypes"]}
    assert {"t3.small", "g6.xlarge", "p5.48xlarge"} <= types


def test_console_and_parameters(sim):
    ec2, ssm = sim.client("ec2"), sim.client("ssm")
    instance = ec2.run_instances(**launch(sim))["Instances"][0]["InstanceId"]
    assert ec2.get_console_output(InstanceId=instance).get("Output", "") == ""
    until(lambda: "BEGIN SSH HOST KEY KEYS" in ec2.get_console_output(InstanceId=instance, Latest=True).get("Output", ""))
    ssm.put_parameter(Name="/tombolo/ca", Value="v", Type="SecureString")
    assert ssm.get_parameter(Name="/tombolo/ca", WithDecryption=True)["Parameter"]["Value"] == "v"
    assert code(ssm.get_parameter, Name="/tombolo/none")[0] == "ParameterNotFound"
    ssm.delete_parameter(Name="/tombolo/ca")


def test_refused_permission_is_decoded_by_sts(sim):
    sim.control("deny", action="ec2:AllocateAddress")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        sim.client("ec2").allocate_address()
    encoded = caught.value.response["Error"]["Message"].rsplit(" ", 1)[1]
    assert "ec2:AllocateAddress" in sim.client("sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]


def test_clock_an_hour_off_is_refused(sim):
    sim.control("options", clock_skew_s=3600)
    assert code(sim.client("ec2").describe_vpcs) == ("RequestExpired", 400)
    sim.control("options", clock_skew_s=0)
