"""What docs/grpc.md tells a programmer to do, done."""

import os
import re
import subprocess
import tempfile

from roost_test.checks import equal, holds
from roost_test.stack import REPOSITORY

TIMEOUT_S = 120


def run(api):
    with open(os.path.join(REPOSITORY, "docs", "grpc.md"), encoding="utf-8") as page:
        blocks = dict(re.findall(r"^```(sh|python)\n(.*?)^```$", page.read(), re.M | re.S))
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(REPOSITORY, "proto"), os.path.join(folder, "proto"))
        with api.check("docs/grpc.md: the stubs are made as it says"):
            # The packages are there: integration/packages names them.
            result = start(["bash", "-euc", re.sub(r"^apt-get(.*\\\n)*.*\n", "", blocks["sh"])], folder, {})
            equal((result.returncode, result.stderr), (0, ""))
        with api.check("docs/grpc.md: the client lists the domains and is refused as it says"):
            environment = {"ROOST_GRPC_DOMAINS": api.env["ROOST_GRPC_DOMAINS"], "TOKEN": api.tokens["admin"]}
            result = start(["/usr/bin/python3", "-c", blocks["python"]], folder, environment)
            lines = result.stdout.splitlines()
            holds(f"{api.domain_pk} {api.domain}" in lines, f"the domain is not listed: {lines} {result.stderr}")
            equal(lines[-1], "NOT_FOUND Not found.")


def start(command, folder, environment):
    return subprocess.run(command, cwd=folder, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)
