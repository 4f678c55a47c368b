"""What people of a site do on a machine that has the packages, whichever kind of package it was."""

import time

from container import Failed, wait_for

PASSWORD = "correct horse battery staple"
SETTINGS = "/etc/pganalytics/pganalytics.toml"
ADDRESS = "https://localhost:8443"


def expect(truth, what):
    if not truth:
        raise Failed(what)


def said(step):
    print(f"ok    {step}", flush=True)


def is_ready(machine, address=ADDRESS):
    done = machine.try_run("curl", "--silent", "--fail", "--insecure", "--max-time", "5", f"{address}/readyz")
    return done.returncode == 0


def log_in(machine):
    status, answer = machine.call("POST", "/api/v1/auth/login", body={"username": "ada", "password": PASSWORD})
    expect(status == 200, f"login: {status} {answer}")
    return answer["token"]


def fetch_agent(machine, ending):
    """The agent's package from the daemon, as a site fetches it; where it lies in the machine."""
    status, answer = machine.call("GET", "/api/v1/downloads")
    expect(status == 200, f"downloads: {status} {answer}")
    package = next(file for file in answer["files"] if file["name"].endswith(ending))
    path = f"/root/{package['name']}"
    machine.run("curl", "--silent", "--fail", "--insecure", "--output", path, f"{ADDRESS}/downloads/{package['name']}")
    machine.run("sh", "-c", "sha256sum --check", stdin=f"{package['sha256']}  {path}\n")
    return path


def register_agent(machine, token):
    """Gives the agent an identity with a secret and the hash of the authority, and waits for its first metrics."""
    status, secret = machine.call("POST", "/api/v1/registration-secrets", token, {"name": "test"})
    expect(status == 201, f"secret: {status} {secret}")
    told = machine.run("pganalytics", "certificate", "authority", "--config", SETTINGS)
    pin = next(line.split()[1] for line in told.splitlines() if line.startswith("sha256 "))
    machine.run(
        "pganalytics-collector", "register", "--url", ADDRESS, "--name", "db-1",
        "--ca-sha256", pin, "--secret-stdin", stdin=secret["secret"],
    )  # fmt: skip
    machine.run("systemctl", "enable", "--now", "pganalytics-collector")
    expect(machine.show("pganalytics-collector", "ActiveState") == "active", "the agent is not active")
    collector = metrics_arrive(machine, token)
    said("an agent registers, comes online, and its metrics arrive")
    return collector


def metrics_arrive(machine, token):
    collector = wait_for("the agent is online", lambda: online(machine, token), 120)
    count = wait_for("metrics arrive", lambda: documents(machine, token, collector), 120)
    expect({"sysstat", "disk_usage"} <= count, f"only {count} arrived")
    return collector


def online(machine, token):
    _, answer = machine.call("GET", "/api/v1/collectors?search=db-1", token)
    found = [row for row in answer["collectors"] if row["name"] == "db-1" and row["status"] == "online"]
    return found[0]["id"] if found else None


def documents(machine, token, collector):
    _, answer = machine.call("GET", f"/api/v1/collectors/{collector}/documents?limit=100", token)
    return {entry["type"] for entry in answer["documents"]}


def kill(machine, token, unit):
    before = machine.show(unit, "MainPID")
    machine.run("systemctl", "kill", "--signal=SIGKILL", "--kill-whom=main", unit)
    wait_for(f"{unit} runs again", lambda: machine.show(unit, "MainPID") not in ("0", before))
    wait_for("the daemon is ready", lambda: is_ready(machine))
    expect(machine.call("GET", "/api/v1/auth/me", token)[0] == 200, "the session is gone")
    said(f"{unit} is killed, and runs again with what it had")


class Watch:
    """How long it takes from the first installation to the first metrics, done by a script and not by a person."""

    def __init__(self):
        self._began = time.monotonic()

    def tell(self, what="the first metrics"):
        said(f"from the package to {what}: {time.monotonic() - self._began:.0f} s")
