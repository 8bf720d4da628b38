"""front.py: the EC2 API of the fabric: moto behind tests/interop/moto_strict.py, with machines behind it.

What it adds: states that follow the machines, public addresses from the fabric's own range, status checks, the console,
and the refusal of an address for a machine that is still pending.
"""
import base64
import dataclasses
import time
from xml.sax.saxutils import escape

import moto_strict
from moto.ec2.models import elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.instances import Instance
from moto_strict import EC2_VERSION, DomainDispatcherApplication, Ec2Rules, Front, Refused, Response, create_backend_app

__all__ = ["DomainDispatcherApplication", "MetalFront", "create_backend_app"]


@dataclasses.dataclass
class Settings(moto_strict.Settings):
    boot_delay_s: float = 0        # from RunInstances to the machine's start
    console_delay_s: float = 0     # GetConsoleOutput is empty for so long
    stop_grace_s: float = 8        # then a machine that does not power off is killed
    impaired_after_s: float = 300  # the status check fails when sshd has not answered by then
    dead_machines: int = 0         # the next N machines never start, although they are "running"
    drop_user_data: int = 0        # the next N machines see no user-data
    spot_action: dict = dataclasses.field(default_factory=dict)  # by instance id: what spot/instance-action shows


class MetalRules(Ec2Rules):
    def __init__(self, fabric, settings, quotas, moto):
        super().__init__(settings, quotas, moto)
        self.fabric = fabric

    def RebootInstances(self, call):
        before = {i.id: (i._state.name, i._state.code) for i in call.ec2.all_instances()}
        answer = self.moto(call)
        asked = [v for k, v in call.parameters.items() if k.startswith("InstanceId.")]
        for i in call.ec2.all_instances():
            i._state.name, i._state.code = before[i.id]  # moto calls them running
            if i.id in asked and i.id in self.fabric.machines:
                self.fabric.machines[i.id].want("reboot")
        return answer, "moto"

    def AssociateAddress(self, call):
        machine = self.fabric.machines.get(call.parameters.get("InstanceId"))
        if machine and machine.instance._state.name == "pending":
            raise Refused("InvalidInstanceID",
                          f"The pending instance '{machine.id}' is not in a valid state for this operation.")
        return super().AssociateAddress(call)

    def TerminateInstances(self, call):
        answer, how = super().TerminateInstances(call)
        self.fabric.sync()  # once more: the address is off by now
        return answer, how

    def GetConsoleOutput(self, call):
        machine = self.fabric.machines.get(call.parameters.get("InstanceId"))
        if not machine:
            return self.moto(call), "moto"
        early = machine.booted is None or time.time() < machine.booted + self.settings.console_delay_s
        text = b"" if early or not machine.console.exists() else machine.console.read_bytes()[-65536:]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        body = ('<?xml version="1.0" encoding="UTF-8"?>\n'
                f'<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/{EC2_VERSION}/">'
                f"<requestId>00000000-0000-4000-8000-000000000000</requestId><instanceId>{escape(machine.id)}</instanceId>"
                f"<timestamp>{stamp}</timestamp><output>{base64.b64encode(text).decode()}</output>"
                "</GetConsoleOutputResponse>")
        return Response(body, content_type="text/xml;charset=UTF-8"), "strict"


class MetalFront(Front):
    def __init__(self, fabric, moto, start):
        self.fabric = fabric
        elastic_ip_addresses.random_ip = elastic_network_interfaces.random_public_ip = fabric.public_address
        Instance.instance_status = Instance.system_status = property(self.check)
        super().__init__(moto, start)
        self.lock = fabric.lock  # one lock for the API and for the states of the machines

    def reset(self):
        super().reset()
        self.settings = Settings(**self.start)
        self.quotas.settings = self.settings
        self.rules = MetalRules(self.fabric, self.settings, self.quotas, self.ask_moto)

    def __call__(self, environ, start_response):
        answer = super().__call__(environ, start_response)
        if environ["PATH_INFO"] == "/moto-api/reset":
            self.fabric.sync()
        return answer

    def check(self, instance):
        machine = self.fabric.machines.get(instance.id)
        if instance._state.code != 16 or not machine:
            return {"Status": "not-applicable"}
        detail = {"ok": "passed", "impaired": "failed"}.get(machine.status, machine.status)
        return {"Status": machine.status, "Details": [{"Name": "reachability", "Status": detail}]}

    def ask_moto(self, call):
        if call.service == EC2_VERSION and call.action == "RunInstances":
            self.choose_subnet(call)
        answer = super().ask_moto(call)
        if call.service == EC2_VERSION and not call.action.startswith(("Describe", "Get")):
            self.fabric.sync()
        return answer

    def choose_subnet(self, call):
        """EC2 chooses one; moto would leave the subnet empty and take a private address from anywhere."""
        p = call.parameters
        nic = "NetworkInterface.1." if any(k.startswith("NetworkInterface.1.") for k in p) else ""
        named = "SubnetId", nic + "SubnetId", nic + "NetworkInterfaceId", "LaunchTemplate.LaunchTemplateId"
        if any(p.get(k) for k in named):
            return
        subnets = sorted((s for s in call.ec2.describe_subnets() if s.default_for_az), key=lambda s: s.availability_zone)
        zone = p.get("Placement.AvailabilityZone")
        chosen = next((s for s in subnets if zone in (None, s.availability_zone)), None)
        if chosen:
            call.body += f"&{nic}SubnetId={chosen.id}".encode()
            call.environ["CONTENT_LENGTH"] = str(len(call.body))
