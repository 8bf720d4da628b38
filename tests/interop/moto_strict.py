"""A strict front for moto: the EC2 behaviour that moto 5.2.1 lacks and a program must cope with on real AWS.

    python moto_strict.py [PORT] [SETTINGS as JSON]      first line of stdout: the address; ends on SIGTERM

A WSGI application around moto's own; nothing in moto is patched. Always on:

  RunInstances        a client token replays the first answer (per region, token and zone); other parameters give
                      IdempotentParameterMismatch; a terminated machine IdempotentInstanceTerminated.
                      User-data must be base64 of at most 16,384 bytes. vCPU quotas count.
  AllocateAddress     the quota L-0263D0A3 counts
  AssociateAddress    not before the machine runs
  DeleteSecurityGroup not while a machine that is not terminated uses it
  TerminateInstances  takes the elastic address off the machine
  ImportKeyPair       an ed25519 key's fingerprint is the one ssh-keygen -l shows, as EC2 has it
  Service Quotas      for ServiceCode ec2 (moto has only vpc), with increase requests

Controls, JSON in and out:

  POST /_strict/config   merges Settings (below), answers all of them
  POST /_strict/fault    adds one: {"action", "code", "status", "message", "times", "match": {parameter: value}, "body"}
                         "after": true   the call is carried out, its answer is lost
                         "drop": true    the connection is cut instead of an answer
                         "body": "<html>…"  sent as it stands, as text/html
  GET  /_strict/log      [[action, parameters without user-data, status, how], …]; how: moto, strict, replayed,
                         fault, fault-after; status 0: connection cut
  POST /_strict/reset    Settings, faults and log as at the start; moto's own /moto-api/reset also forgets the tokens

moto's public addresses look real. Nobody may connect to one.
"""
import base64
import dataclasses
import hashlib
import io
import json
import os
import re
import signal
import socket
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

for switch in ("MOTO_ENABLE_AMI_VALIDATION", "MOTO_ENABLE_KEYPAIR_VALIDATION", "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION"):
    os.environ.setdefault(switch, "1")  # moto reads them at import

from moto.backends import get_backend  # noqa: E402
from moto.core import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402
from werkzeug.wrappers import Request, Response  # noqa: E402

from strict_quotas import ADDRESSES, Quotas, Refused, quota_of, vcpus  # noqa: E402

USER_DATA_LIMIT = 16384
EC2_VERSION = "2016-11-15"


@dataclasses.dataclass
class Settings:
    describe_notfound: int = 0  # so many DescribeInstances deny that a new machine exists …
    pending_polls: int = 0      # … and so many then call it pending (both fixed at its launch)
    latency_ms: object = 0      # of every call, or {"RunInstances": 800, "*": 20}
    quotas: dict = dataclasses.field(default_factory=dict)  # {"L-DB2E81BA": 8, "eu-west-1/L-1216C47A": 0}
    quota_grant_reads: object = None  # an increase request is approved when it is read for the Nth time; None: never


class Call:
    """One request of the query protocol (EC2, STS, IAM) or of JSON 1.1 (SSM, Service Quotas)."""

    def __init__(self, environ):
        self.body = Request(environ).get_data()
        self.environ = {**environ, "CONTENT_LENGTH": str(len(self.body))}
        self.is_json = "x-amz-json" in environ.get("CONTENT_TYPE", "")
        if self.is_json:
            self.service, _, self.action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
            self.parameters = json.loads(self.body or b"{}")
        else:
            self.parameters = dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))
            self.service, self.action = self.parameters.get("Version"), self.parameters.get("Action", "")
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        self.region = scope.group(1) if scope else "us-east-1"

    @property
    def ec2(self):
        return get_backend("ec2")[DEFAULT_ACCOUNT_ID][self.region]

    def machines(self):
        return [i for i in self.ec2.all_instances() if i.state != "terminated"]

    def error(self, code, message, status):
        if self.is_json:
            return Response(json.dumps({"__type": code, "message": message}), status, content_type="application/x-amz-json-1.1")
        error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        if self.service == EC2_VERSION:
            text = f"<Response><Errors>{error}</Errors><RequestID>{'0' * 8}-0000-4000-8000-{'0' * 12}</RequestID></Response>"
        else:
            text = f"<ErrorResponse>{error}<RequestId>{'0' * 8}</RequestId></ErrorResponse>"
        return Response('<?xml version="1.0" encoding="UTF-8"?>\n' + text, status, content_type="text/xml;charset=UTF-8")


class Ec2Rules:
    """What real EC2 refuses or delays. A method for each action that has a rule; `moto` asks moto."""

    def __init__(self, settings, quotas, moto):
        self.settings, self.quotas, self.moto = settings, quotas, moto
        self.forget()

    def forget(self):
        self.launched = {}  # (region, token, zone): (parameters, body, content type, instance ids)
        self.young = {}     # instance id: [DescribeInstances until it exists, and after that until it runs]

    def answer(self, call):
        rule = getattr(self, call.action, None) if call.action[:1].isupper() else None
        return rule(call) if rule else (self.moto(call), "moto")

    def RunInstances(self, call):
        p = call.parameters
        try:
            user_data = base64.b64decode(p.get("UserData", ""), validate=True)
        except ValueError:
            raise Refused("InvalidParameterValue", "Invalid BASE64 encoding of user data") from None
        if len(user_data) > USER_DATA_LIMIT:
            raise Refused("InvalidParameterValue", f"User data is limited to {USER_DATA_LIMIT} bytes")
        if p.get("DryRun") == "true":
            return self.moto(call), "moto"
        key = (call.region, p.get("ClientToken"), self.zone(call))
        if p.get("ClientToken") and key in self.launched:
            return self.replay(call, *self.launched[key]), "replayed"
        self.check_vcpus(call)
        answer = self.moto(call)
        if answer.status_code == 200:
            ids = re.findall("<instanceId>(i-[0-9a-f]+)", answer.get_data(as_text=True))
            self.young.update({i: [self.settings.describe_notfound, self.settings.pending_polls] for i in ids})
            self.launched[key] = p, answer.data, answer.content_type, ids
        return answer, "moto"

    def replay(self, call, parameters, body, content_type, ids):
        if parameters != call.parameters:
            raise Refused("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with "
                                                         "arguments used in previous request(s).")
        if not any(i.id in ids for i in call.machines()):
            raise Refused("IdempotentInstanceTerminated", "The instances of this request are terminated")
        return Response(body, content_type=content_type)

    def zone(self, call):
        """The zone a token belongs to; "" when the request names neither a zone nor a subnet."""
        subnet = call.parameters.get("SubnetId") or call.parameters.get("NetworkInterface.1.SubnetId")
        of_subnet = [s.availability_zone for s in call.ec2.describe_subnets() if s.id == subnet]
        return call.parameters.get("Placement.AvailabilityZone") or "".join(of_subnet)

    def check_vcpus(self, call):
        spot = call.parameters.get("InstanceMarketOptions.MarketType") == "spot"
        wanted_type = call.parameters.get("InstanceType", "")
        code = quota_of(wanted_type, spot)
        if code is None:
            return
        used = sum(vcpus(i.instance_type) for i in call.machines()
                   if i.state in ("pending", "running") and quota_of(i.instance_type, i.lifecycle == "spot") == code)
        limit = self.quotas.value(call.region, code)
        if used + vcpus(wanted_type) * int(call.parameters.get("MinCount", 1)) <= limit:
            return
        if spot:
            raise Refused("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
        raise Refused("VcpuLimitExceeded",
                      f"You have requested more vCPU capacity than your current vCPU limit of {limit:g} allows for the instance "
                      "bucket that the specified instance type belongs to. Please visit "
                      "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.")

    def DescribeInstances(self, call):
        for name, instance in call.parameters.items():
            if name.startswith("InstanceId.") and self.young.get(instance, [0])[0] > 0:
                self.young[instance][0] -= 1
                raise Refused("InvalidInstanceID.NotFound", f"The instance ID '{instance}' does not exist")
        answer = self.moto(call)
        if answer.status_code == 200 and any(map(any, self.young.values())):
            tree = ET.fromstring(answer.data)
            for machines in tree.iterfind("{*}reservationSet/{*}item/{*}instancesSet"):
                for item in list(machines):
                    self.grow(machines, item)
            ET.register_namespace("", tree.tag[1:].partition("}")[0])
            answer.set_data(ET.tostring(tree, encoding="utf-8", xml_declaration=True))
        return answer, "moto"

    def grow(self, machines, item):
        waits, state = self.young.get(item.findtext("{*}instanceId"), [0, 0]), item.find("{*}instanceState")
        if waits[0] > 0:
            waits[0] -= 1
            machines.remove(item)
        elif waits[1] > 0 and state.findtext("{*}name") == "running":
            waits[1] -= 1
            state.find("{*}code").text, state.find("{*}name").text = "0", "pending"

    def AllocateAddress(self, call):
        if len(call.ec2.addresses) >= self.quotas.value(call.region, ADDRESSES):
            raise Refused("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return self.moto(call), "moto"

    def AssociateAddress(self, call):
        instance = call.parameters.get("InstanceId")
        if any(self.young.get(instance, [])) and any(i.id == instance for i in call.machines()):
            raise Refused("InvalidInstanceID", f"The pending instance '{instance}' is not in a valid state for this operation.")
        return self.moto(call), "moto"

    def TerminateInstances(self, call):
        answer = self.moto(call)
        for address in call.ec2.addresses if answer.status_code == 200 else []:
            if address.instance_id in call.parameters.values():
                call.ec2.disassociate_address(association_id=address.association_id)
        return answer, "moto"

    def ImportKeyPair(self, call):
        answer = self.moto(call)
        pair = call.ec2.key_pairs.get(call.parameters.get("KeyName"))
        if answer.status_code == 200 and pair.key_type == "ed25519":
            digest = hashlib.sha256(base64.b64decode(pair.material_public.split()[1])).digest()
            ours = base64.b64encode(digest).decode()
            answer.set_data(answer.data.replace(pair.key_fingerprint.encode(), ours.encode()))
            pair.key_fingerprint = ours
        return answer, "moto"

    def DeleteSecurityGroup(self, call):
        group = call.parameters.get("GroupId")
        for machine in call.machines():
            groups = [g for nic in machine.nics.values() for g in nic.group_set] + list(machine.security_groups)
            if any(g.id == group for g in groups):
                raise Refused("DependencyViolation", f"resource {group} has a dependent object")
        return self.moto(call), "moto"


class Front:
    """The WSGI application: controls, latency, faults, rules, moto, log."""

    def __init__(self, moto, start):
        self.moto, self.start, self.lock = moto, start, threading.RLock()
        self.reset()

    def reset(self):
        self.settings = Settings(**json.loads(json.dumps(self.start)))
        self.faults, self.log = [], []
        self.quotas = Quotas(self.settings)
        self.rules = Ec2Rules(self.settings, self.quotas, self.ask_moto)

    def __call__(self, environ, start_response):
        path, kind = environ["PATH_INFO"], environ.get("CONTENT_TYPE", "")
        if path.startswith("/_strict/"):
            with self.lock:
                answer = self.control(path.rpartition("/")[2], json.loads(Request(environ).get_data() or b"{}"))
            return Response(json.dumps(answer), content_type="application/json")(environ, start_response)
        if path == "/moto-api/reset":
            with self.lock:
                self.rules.forget()
        if "x-www-form-urlencoded" not in kind and "x-amz-json" not in kind:
            return self.moto(environ, start_response)  # S3, the metadata service, moto's own controls
        return self.serve(Call(environ))(environ, start_response)

    def control(self, name, value):
        if name == "fault":
            self.faults.append({"times": 1, "match": {}, **value})
            return {"faults": sum(f["times"] for f in self.faults)}
        if name == "log":
            return self.log
        if name == "reset":
            self.reset()
        for key, setting in value.items():
            if not hasattr(self.settings, key):
                return {"error": f"no setting is called {key}"}
            setattr(self.settings, key, setting)
        return dataclasses.asdict(self.settings)

    def serve(self, call):
        latency = self.settings.latency_ms
        if isinstance(latency, dict):
            latency = latency.get(call.action, latency.get("*", 0))
        time.sleep(latency / 1000)
        with self.lock:
            fault = next((f for f in self.faults if f["times"] > 0 and f["action"] == call.action
                          and all(call.parameters.get(k) == v for k, v in f["match"].items())), None)
            if not fault or fault.get("after"):
                answer, how = self.execute(call)
            if fault:
                fault["times"] -= 1
                how = "fault-after" if fault.get("after") else "fault"
                answer = self.fault_answer(call, fault)
            cut = bool(fault and fault.get("drop"))
            shown = {k: v for k, v in call.parameters.items() if k != "UserData"}
            self.log.append([call.action, shown, 0 if cut else answer.status_code, how])
        if cut:
            call.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer

    def fault_answer(self, call, fault):
        status = fault.get("status", 400)
        if "body" in fault:
            return Response(fault["body"], status, content_type="text/html")
        return call.error(fault.get("code", "InternalError"), fault.get("message", "made to fail by the test"), status)

    def execute(self, call):
        try:
            if call.service == "ServiceQuotasV20190624" and call.parameters.get("ServiceCode", "ec2") == "ec2":
                return Response(json.dumps(self.quotas.answer(call)), content_type="application/x-amz-json-1.1"), "strict"
            if call.service == EC2_VERSION:
                return self.rules.answer(call)
            return self.ask_moto(call), "moto"
        except Refused as refusal:
            return call.error(refusal.code, refusal.message, refusal.status), "strict"

    def ask_moto(self, call):
        return Response.from_app(self.moto, {**call.environ, "wsgi.input": io.BytesIO(call.body)}, buffered=True)


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    front = Front(DomainDispatcherApplication(create_backend_app), json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
    server = make_server("127.0.0.1", port, front, threaded=True, request_handler=QuietHandler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
