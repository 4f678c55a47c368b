"""The person at the browser: a real one, in the network of the machine, driven by walk.mjs."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager

from container import Failed
from steps import ADDRESS, PASSWORD, SETTINGS, expect, said

END_TIME_S = 60


class Browser:
    def __init__(self, walk):
        self._walk = walk

    def tell(self, **what):
        self._walk.stdin.write(json.dumps(what) + "\n")
        self._walk.stdin.flush()

    def hear(self, what):
        """Every step of the walk has a time of its own, so that it answers or ends."""
        line = self._walk.stdout.readline()
        if not line:
            raise Failed(f"the browser ended before the {what}")
        return json.loads(line)[what]


@contextmanager
def browser_in(machine, folder):
    """A browser that trusts the authority of the daemon; its pictures are in `folder`."""
    folder = folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    known = folder / "home/.pki/nssdb"
    known.mkdir(parents=True)
    authority = machine.run("pganalytics", "certificate", "authority", "--config", SETTINGS)
    certutil = ["certutil", "-d", f"sql:{known}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    subprocess.run([*certutil, "-A", "-n", "appliance", "-t", "C,,", "-a"], input=authority, text=True, check=True)
    command = ["nsenter", "--target", machine.leader, "--net", "node", "tests/packages/walk.mjs", ADDRESS, folder]
    environment = {**os.environ, "HOME": str(folder / "home")}
    walk = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield Browser(walk)
    finally:
        # with nobody to talk to it ends, and with it what it started
        walk.stdin.close()
        walk.wait(END_TIME_S)
    expect(walk.returncode == 0, f"the browser ended with {walk.returncode}")


def first_minutes(machine, folder, watch):
    """From the first page to the first metrics; the agent is what the token panel says, pasted at a terminal."""
    with browser_in(machine, folder) as browser:
        code = machine.run("cat", "/var/lib/pganalytics/setup-code").strip()
        browser.tell(code=code, username="ada", password=PASSWORD)
        command = browser.hear("command")
        expect(machine.try_run("test", "-e", "/var/lib/pganalytics/setup-code").returncode != 0, "the code is still there")
        said("the first administrator is made in a browser, and registers a collector")
        printed = machine.run("bash", "-e", stdin=command)
        expect("register" in printed, f"the agent's package does not say how to begin:\n{printed}")
        expect(machine.show("pganalytics-collector", "ActiveState") == "active", "the agent is not active")
        said("what the token panel shows installs the agent from the daemon, and starts it")
        browser.tell(pasted=True)
        browser.hear("collector")
        watch.tell("the first metrics in the browser")
