"""A Debian machine in a folder: booted with its own systemd and without a network, and driven from outside."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

BOOT_TIME_S = 60
COMMAND_TIME_S = 180


class Failed(Exception):
    pass


def wait_for(what, check, within_s=60):
    """Returns what `check` gives once that is something; a sleep would be too long or too short."""
    deadline = time.monotonic() + within_s
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"not within {within_s} s: {what}")
        time.sleep(0.2)


class Container:
    def __init__(self, root, log):
        self.root = Path(root)
        command = ["systemd-nspawn", "--quiet", f"--directory={root}", "--boot", "--register=no", "--keep-unit"]
        command += ["--private-network", "--hostname=appliance"]
        self._log = open(log, "wb")
        self._nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self.leader = wait_for("the machine boots", self._find_leader, BOOT_TIME_S)
        wait_for("its services are up", self._is_up, BOOT_TIME_S)

    def _find_leader(self):
        if self._nspawn.poll() is not None:
            raise Failed(f"systemd-nspawn ended with {self._nspawn.returncode}: see {self._log.name}")
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return children[0] if children else None

    def _is_up(self):
        done = self.try_run("systemctl", "is-system-running")
        return done.stdout.strip() in ("running", "degraded")

    def try_run(self, *command, stdin=""):
        """Runs a command inside, and says how it went."""
        inside = ["nsenter", "--target", str(self.leader), "--all", "env", "-i", "HOME=/root", "LC_ALL=C.UTF-8"]
        inside += ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *command]
        return subprocess.run(inside, input=stdin, capture_output=True, text=True, timeout=COMMAND_TIME_S)

    def run(self, *command, stdin=""):
        """Runs a command inside that must succeed, and gives what it printed."""
        done = self.try_run(*command, stdin=stdin)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def show(self, unit, what):
        return self.run("systemctl", "show", "--value", f"--property={what}", unit).strip()

    def call(self, method, path, token=None, body=None, base="https://localhost:8443"):
        """Asks the daemon that runs inside: the status, and the answer where it is JSON."""
        command = ["curl", "--silent", "--show-error", "--insecure", "--request", method, f"{base}{path}"]
        command += ["--write-out", "\n%{http_code}", "--max-time", "30"]
        if token:
            command += ["--header", f"Authorization: Bearer {token}"]
        if body is not None:
            command += ["--header", "Content-Type: application/json", "--data-binary", "@-"]
        text = self.run(*command, stdin="" if body is None else json.dumps(body))
        text, _, status = text.rpartition("\n")
        return int(status), json.loads(text) if text.startswith(("{", "[")) else text

    def stop(self):
        subprocess.run(["nsenter", "--target", str(self.leader), "--all", "systemctl", "poweroff", "--force"], check=False)
        try:
            self._nspawn.wait(30)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()


def in_container(base, scratch, name, scenario):
    """Boots a copy of `base`, does `scenario` in it, and says what the services said where that fails."""
    root = scratch / name
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", base, root], check=True)
    # what a Debian that a person installed has, and a bare one lacks
    (root / "etc/hosts").write_text("127.0.0.1 localhost appliance\n")
    machine = Container(root, scratch / f"{name}.log")
    try:
        scenario(machine)
    except Failed as failed:
        journal = machine.try_run("journalctl", "--no-pager", "--lines=60", "--unit=pganalytics*")
        sys.exit(f"FAILED {failed}\n\n{journal.stdout}")
    finally:
        machine.stop()
    shutil.rmtree(root)
