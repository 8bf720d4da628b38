"""imds.py: what a machine finds at 169.254.169.254 (instance metadata, version 2) and 169.254.169.253 (DNS).

One server per VPC router; the machine is known by its source address. The metadata is read from moto's objects at each
request, so an elastic address or a tag shows at once. As on EC2: tokens, version 1 refused with HttpTokens=required,
the answer with the token travels only HttpPutResponseHopLimit hops (a container behind a bridge needs 2), tags only with
InstanceMetadataTags=enabled. Not there: IAM credentials, signatures of the identity document, IPv6.
"""
import base64
import json
import os
import re
import socketserver
import struct
import threading
import time
import socket as sockets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import net

VERSIONS = ["1.0", "2007-01-19", "2009-04-04", "2012-01-12", "2014-02-25", "2016-09-02", "2018-09-24", "2019-10-01",
            "2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest"]


def metadata(machine, backend):
    """The meta-data tree: a directory is a dict, a list entry "0=name" is the directory 0."""
    i, nic = machine.instance, machine.instance.nics[0]
    zone, region, subnet = i._placement.zone, i.region_name, nic.subnet
    groups = sorted({*nic.group_set, *i.security_groups}, key=lambda g: g.id)
    mac = {"device-number": "0", "interface-id": nic.id, "local-hostname": i.private_dns_name, "local-ipv4s": machine.private,
           "mac": machine.mac, "owner-id": str(nic.owner_id), "security-group-ids": "\n".join(g.id for g in groups),
           "security-groups": "\n".join(g.name for g in groups), "subnet-id": subnet.id,
           "subnet-ipv4-cidr-block": subnet.cidr_block, "vpc-id": machine.router.vpc,
           "vpc-ipv4-cidr-block": backend.get_vpc(subnet.vpc_id).cidr_block}
    tree = {"ami-id": i.image_id, "ami-launch-index": str(i.ami_launch_index), "ami-manifest-path": "(unknown)",
            "block-device-mapping": {"ami": "/dev/xvda", "root": "/dev/xvda"}, "hostname": i.private_dns_name,
            "instance-action": "none", "instance-id": i.id,
            "instance-life-cycle": "spot" if i.lifecycle == "spot" else "on-demand", "instance-type": i.instance_type,
            "local-hostname": i.private_dns_name, "local-ipv4": machine.private, "mac": machine.mac,
            "network": {"interfaces": {"macs": {machine.mac: mac}}},
            "placement": {"availability-zone": zone, "availability-zone-id": subnet.availability_zone_id,
                          "region": region},
            "profile": "default-hvm", "reservation-id": machine.fabric.reservation(backend, i),
            "security-groups": "\n".join(g.name for g in groups), "services": {"domain": "amazonaws.com", "partition": "aws"},
            "system": "nitro"}
    if i.public_ip:
        tree.update({"public-ipv4": i.public_ip, "public-hostname": i.public_dns_name})
        mac.update({"public-ipv4s": i.public_ip, "public-hostname": i.public_dns_name,
                    "ipv4-associations": {i.public_ip: machine.private}})
    pair = backend.key_pairs.get(i.key_name)
    if pair:
        key = pair.public_key.strip()
        tree["public-keys"] = {f"0={i.key_name}": {"openssh-key": key if len(key.split()) > 2 else f"{key} {i.key_name}"}}
    action = machine.fabric.setting("spot_action").get(i.id)
    if action:
        tree["spot"] = {"instance-action": json.dumps(action)}
    if i.metadata_options.instance_metadata_tags == "enabled":
        tree["tags"] = {"instance": {t["key"]: t["value"] for t in i.get_tags()}}
    return tree


def identity(machine):
    i = machine.instance
    return json.dumps({"accountId": str(i.nics[0].owner_id), "architecture": i.architecture,
                       "availabilityZone": i._placement.zone, "imageId": i.image_id, "instanceId": i.id,
                       "instanceType": i.instance_type, "pendingTime": i.launch_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                       "privateIp": machine.private, "region": i.region_name, "version": "2017-09-30"}, indent=2)


def find(tree, path):
    """The text at a path of the tree; a directory's text is its listing. None: nothing there."""
    for name in filter(None, path.split("/")):
        if not isinstance(tree, dict):
            return None
        tree = next((v for k, v in tree.items() if k == name or k.split("=")[0] == name and "=" in k), None)
    if isinstance(tree, dict):
        return "\n".join(k + ("/" if isinstance(v, dict) and "=" not in k else "") for k, v in tree.items())
    return tree


class Handler(BaseHTTPRequestHandler):
    protocol_version, server_version, sys_version = "HTTP/1.1", "EC2ws", ""
    tokens = {}  # token: (instance id, end of its time)

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def machine(self):
        return self.server.fabric.by_address(self.server.router, self.client_address[0])

    def do_PUT(self):
        machine = self.machine()
        if not machine or machine.instance.metadata_options.http_endpoint == "disabled" or self.headers["X-Forwarded-For"]:
            return self.answer(403)
        if self.path != "/latest/api/token":
            return self.answer(404)
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if not re.fullmatch("[0-9]{1,5}", ttl) or not 1 <= int(ttl) <= 21600:
            return self.answer(400)
        hops = machine.instance.metadata_options.http_put_response_hop_limit
        self.connection.setsockopt(sockets.IPPROTO_IP, sockets.IP_TTL, int(hops))
        token = base64.urlsafe_b64encode(os.urandom(40)).decode()
        self.tokens[token] = machine.id, time.time() + int(ttl)
        self.answer(200, token, X_aws_ec2_metadata_token_ttl_seconds=ttl)

    def do_GET(self):
        machine = self.machine()
        options = machine and machine.instance.metadata_options
        if not machine or options.http_endpoint == "disabled":
            return self.answer(403)
        token = self.headers["X-aws-ec2-metadata-token"]
        owner, end = self.tokens.get(token, (None, 0))
        if (token or options.http_tokens == "required") and (owner != machine.id or end < time.time()):
            return self.answer(401)
        version, _, path = self.path.split("?")[0].strip("/").partition("/")
        if not version:
            return self.answer(200, "\n".join(VERSIONS))
        body = self.look(machine, path) if version in VERSIONS else None
        return self.answer(404) if body is None else self.answer(200, body)

    def has_user_data(self, machine):
        return machine.instance.user_data and not machine.blind

    def look(self, machine, path):
        if path == "user-data":
            return base64.b64decode(str(machine.instance.user_data)) if self.has_user_data(machine) else None
        backend = machine.instance.ec2_backend
        tree = {"dynamic": {"instance-identity": {"document": identity(machine)}}, "meta-data": metadata(machine, backend)}
        if not path:
            return "dynamic\nmeta-data" + ("\nuser-data" if self.has_user_data(machine) else "")
        return find(tree, path)


class Dns(socketserver.BaseRequestHandler):
    """The names that EC2 gives to machines, and those of the --host option; everything else does not exist."""

    def handle(self):
        query, reply = self.request
        try:
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
                at += query[at] + 1
            question, kind = query[12:at + 5], struct.unpack("!H", query[at + 1:at + 3])[0]
        except (IndexError, UnicodeDecodeError, struct.error):
            return
        address = self.server.fabric.resolve(self.server.router, ".".join(labels))
        answers = [address] if address and kind in (1, 255) else []
        flags = 0x8580 | (0 if address else 3)
        data = query[:2] + struct.pack("!5H", flags, 1, len(answers), 0, 0) + question
        for a in answers:
            data += struct.pack("!3HIH", 0xC00C, 1, 1, 5, 4) + bytes(map(int, a.split(".")))
        reply.sendto(data, self.client_address)


def serve(fabric, router):
    """Both services of one router, in background threads; a list of what to shut down."""
    http = ThreadingHTTPServer((net.METADATA, 80), Handler, bind_and_activate=False)
    http.socket.close()
    http.socket, http.server_name, http.server_port = router.socket(sockets.SOCK_STREAM, net.METADATA, 80), "imds", 80
    dns = socketserver.ThreadingUDPServer((net.RESOLVER, 53), Dns, bind_and_activate=False)
    dns.socket.close()
    dns.socket = router.socket(sockets.SOCK_DGRAM, net.RESOLVER, 53)
    for server in http, dns:
        server.daemon_threads, server.fabric, server.router = True, fabric, router
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return [http, dns]
