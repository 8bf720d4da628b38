"""The Service Quotas service for ServiceCode ec2, and what counts against which quota: a part of moto_strict.py."""
import re
import time

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models.instance_types import INSTANCE_TYPES

ADDRESSES = "L-0263D0A3"
STANDARD, GPU = "a c d h i im is m r t z".split(), "g gr vt".split()
QUOTAS = {  # code: (name, start value, families, spot)
    "L-1216C47A": ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 32, STANDARD, False),
    "L-34B43A08": ("All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5, STANDARD, True),
    "L-DB2E81BA": ("Running On-Demand G and VT instances", 0, GPU, False),
    "L-3819A6DF": ("All G and VT Spot Instance Requests", 0, GPU, True),
    ADDRESSES: ("EC2-VPC Elastic IPs", 5, [], False),
}



class Refused(Exception):
    """An AWS error: code, message, HTTP status."""

    def __init__(self, code, message, status=400):
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def vcpus(instance_type):
    return INSTANCE_TYPES.get(instance_type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 0)


def quota_of(instance_type, spot):
    """The quota an instance type's vCPUs count against; None for families without one here."""
    family = re.match("[a-z]*", instance_type).group()
    return next((code for code, (_, _, families, for_spot) in QUOTAS.items() if family in families and for_spot == spot), None)


class Quotas:
    """The Service Quotas service, for ServiceCode ec2."""

    def __init__(self, settings):
        self.settings, self.requests = settings, []

    def value(self, region, code):
        given = self.settings.quotas
        return float(given.get(f"{region}/{code}", given.get(code, QUOTAS[code][1])))

    def show(self, region, code, default=False):
        return {"ServiceCode": "ec2", "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)", "QuotaCode": code,
                "QuotaArn": f"arn:aws:servicequotas:{region}:{DEFAULT_ACCOUNT_ID}:ec2/{code}", "QuotaName": QUOTAS[code][0],
                "Unit": "None", "Adjustable": True, "GlobalQuota": False,
                "Value": float(QUOTAS[code][1]) if default else self.value(region, code)}

    def answer(self, call):
        action, p, default = call.action, call.parameters, "Default" in call.action
        if action in ("ListServiceQuotas", "ListAWSDefaultServiceQuotas"):
            return {"Quotas": [self.show(call.region, code, default) for code in QUOTAS]}
        if action in ("ListRequestedServiceQuotaChangeHistory", "ListRequestedServiceQuotaChangeHistoryByQuota"):
            return {"RequestedQuotas": [self.read(r) for r in self.requests
                                        if r["Region"] == call.region and p.get("QuotaCode") in (None, r["QuotaCode"])]}
        if action == "GetRequestedServiceQuotaChange":
            found = [r for r in self.requests if r["Id"] == p.get("RequestId")]
            if found:
                return {"RequestedQuota": self.read(found[0])}
        if p.get("QuotaCode") not in QUOTAS:
            raise Refused("NoSuchResourceException", "The request failed because the specified resource does not exist.")
        if action == "RequestServiceQuotaIncrease":
            return {"RequestedQuota": self.ask(call.region, p["QuotaCode"], p["DesiredValue"])}
        return {"Quota": self.show(call.region, p["QuotaCode"], default)}

    def ask(self, region, code, desired):
        if desired <= self.value(region, code):
            raise Refused("IllegalArgumentException", "The desired value must be greater than the current value.")
        if any(r["Status"] == "PENDING" and (r["Region"], r["QuotaCode"]) == (region, code) for r in self.requests):
            raise Refused("ResourceAlreadyExistsException", "There is an open request for this quota.")
        self.requests.append({**self.show(region, code), "Id": f"{len(self.requests) + 1:032x}", "DesiredValue": desired,
                              "Status": "PENDING", "Created": time.time(), "Region": region, "Reads": 0})
        return self.requests[-1]

    def read(self, request):
        request["Reads"] += 1
        granted = self.settings.quota_grant_reads
        if request["Status"] == "PENDING" and granted is not None and request["Reads"] >= granted:
            request["Status"] = "APPROVED"
            self.settings.quotas[f"{request['Region']}/{request['QuotaCode']}"] = request["DesiredValue"]
        return request
