"""`tombolo sim serve` as the tests need it: started on a free port, its keys, its weather controls."""
import json
import os
import signal
import subprocess
import urllib.request

import boto3
import botocore.config


class Simulated:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, "sim", "serve", *options], stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self.process.stdout.readline())
        self.url = self.facts["endpoint"]

    def stop(self):
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=10)

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], "HOME": os.devnull, "AWS_ENDPOINT_URL": self.url, "AWS_REGION": self.facts["region"],
                "AWS_DEFAULT_REGION": self.facts["region"], "AWS_ACCESS_KEY_ID": self.facts["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": self.facts["secret_access_key"], "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", **more}

    def client(self, service, **more):
        options = {"region_name": self.facts["region"], "endpoint_url": self.url, "aws_access_key_id": self.facts["access_key_id"],
                   "aws_secret_access_key": self.facts["secret_access_key"],
                   "config": botocore.config.Config(retries={"mode": "standard", "max_attempts": 5})}
        return boto3.client(service, **{**options, **more})

    def control(self, name, **value):
        request = urllib.request.Request(f"{self.url}/_sim/{name}", json.dumps(value).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=30))

    def log(self):
        return json.load(urllib.request.urlopen(f"{self.url}/_sim/log", timeout=30))

    def billable(self):
        return json.load(urllib.request.urlopen(f"{self.url}/_sim/billable", timeout=30))
