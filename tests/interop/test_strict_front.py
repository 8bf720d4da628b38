"""The strict front itself, driven by boto3: each rule it adds to moto holds, so that a test against it can fail."""
import base64
import subprocess
import urllib.error

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError


@pytest.fixture
def ec2(moto):
    return moto.ec2()


@pytest.fixture
def launch(ec2):
    image = ec2.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-x86_64"]}])["Images"][0]["ImageId"]
    nic = {"DeviceIndex": 0, "AssociatePublicIpAddress": False}

    def run(**more):
        asked = {"ImageId": image, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1, "NetworkInterfaces": [nic], **more}
        return ec2.run_instances(**asked)["Instances"][0]["InstanceId"]
    return run


def code_of(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def state(ec2, instance):
    return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_a_token_gives_one_machine_in_a_zone_and_another_in_the_next(launch):
    first = launch(ClientToken="t", Placement={"AvailabilityZone": "us-west-2a"})
    assert launch(ClientToken="t", Placement={"AvailabilityZone": "us-west-2a"}) == first
    assert launch(ClientToken="t", Placement={"AvailabilityZone": "us-west-2b"}) != first
    assert launch() != launch()


def test_a_token_is_bound_to_its_parameters_and_its_machine(ec2, launch):
    instance = launch(ClientToken="t")
    assert code_of(launch, ClientToken="t", InstanceType="t3.micro") == "IdempotentParameterMismatch"
    ec2.terminate_instances(InstanceIds=[instance])
    assert code_of(launch, ClientToken="t") == "IdempotentInstanceTerminated"


def test_user_data_has_its_limit(launch):
    launch(UserData="#" * 16384)
    assert code_of(launch, UserData="#" * 16385) == "InvalidParameterValue"


def test_quotas_count_vcpus_and_addresses_and_can_be_raised(moto, ec2, launch):
    assert code_of(launch, InstanceType="g4dn.xlarge") == "VcpuLimitExceeded"
    moto.config(quotas={"L-DB2E81BA": 4, "L-0263D0A3": 1})
    launch(InstanceType="g4dn.xlarge")
    assert code_of(launch, InstanceType="g4dn.xlarge") == "VcpuLimitExceeded"
    ec2.allocate_address(Domain="vpc")
    assert code_of(ec2.allocate_address, Domain="vpc") == "AddressLimitExceeded"


def test_a_new_machine_is_not_there_then_pending_then_running(moto, ec2, launch):
    moto.config(describe_notfound=1, pending_polls=2)
    instance = launch()
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    assert code_of(ec2.describe_instances, InstanceIds=[instance]) == "InvalidInstanceID.NotFound"
    assert code_of(ec2.associate_address, InstanceId=instance, AllocationId=address) == "InvalidInstanceID"
    assert [state(ec2, instance) for _ in range(3)] == ["pending", "pending", "running"]
    ec2.associate_address(InstanceId=instance, AllocationId=address)


def test_a_terminated_machine_gives_its_address_back(ec2, launch):
    instance = launch()
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(InstanceId=instance, AllocationId=address)
    ec2.terminate_instances(InstanceIds=[instance])
    assert "AssociationId" not in ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]


def test_a_keys_fingerprint_is_ssh_keygens(ec2, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    shown = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "key"], check=True, capture_output=True, text=True).stdout
    imported = ec2.import_key_pair(KeyName="k", PublicKeyMaterial=(tmp_path / "key.pub").read_bytes())["KeyFingerprint"]
    assert shown.split()[1] == "SHA256:" + imported.rstrip("=")
    assert ec2.describe_key_pairs()["KeyPairs"][0]["KeyFingerprint"] == imported


def test_a_group_in_use_stays(ec2, launch):
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    instance = launch(NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": False, "Groups": [group]}])
    assert code_of(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.delete_security_group(GroupId=group)


def test_faults_come_before_after_or_instead_of_the_call(moto, ec2):
    moto.fault("AllocateAddress", code="InternalError", status=500, after=True, times=1)
    moto.fault("DescribeVpcs", code="UnauthorizedOperation", status=403)
    ec2.meta.config.retries = {"max_attempts": 0}
    ec2.allocate_address(Domain="vpc")  # boto3 tries a second time
    assert len(ec2.describe_addresses()["Addresses"]) == 2, "the lost answer's address must exist"
    assert code_of(ec2.describe_vpcs) == "UnauthorizedOperation"
    moto.fault("DescribeVpcs", drop=True, times=9)
    with pytest.raises(ConnectionClosedError):
        ec2.describe_vpcs()
    assert [how for *_, how in moto.log() if how != "moto"][:2] == ["fault-after", "fault"]


def test_the_log_hides_user_data_and_wrong_settings_are_named(moto, launch):
    launch(UserData=base64.b64encode(b"x").decode())
    assert all("UserData" not in parameters for _, parameters, _, _ in moto.log())
    try:
        assert "error" in moto.config(pending_pols=1)
    except urllib.error.HTTPError:
        pytest.fail("a wrong setting is an answer, not a crash")
