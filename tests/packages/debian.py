#!/usr/bin/env python3
"""What a site does with the Debian packages, done on a booted machine: install, set up, register an agent, kill,
upgrade, remove, purge.

    tests/packages/debian.py BASE PACKAGES SCRATCH

BASE is a Debian root as debootstrap makes it, PACKAGES the folder with the packages, SCRATCH a folder for the copy
that is worked on and for logs.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from container import Container, Failed, wait_for

PASSWORD = "correct horse battery staple"
SETTINGS = "/etc/pganalytics/pganalytics.toml"


def expect(truth, what):
    if not truth:
        raise Failed(what)


def said(step):
    print(f"ok    {step}", flush=True)


def later_version(package, scratch):
    """The same package under a later version, as an upgrade brings it."""
    folder = scratch / "later" / package.name
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    control = folder / "DEBIAN" / "control"
    lines = [f"{line}+later" if line.startswith("Version: ") else line for line in control.read_text().splitlines()]
    control.write_text("\n".join(lines) + "\n")
    made = scratch / "later" / package.name.replace("_amd64", "+later_amd64")
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Zgzip", "-z1", folder, made], check=True, capture_output=True)
    return made


def install(machine, package):
    """As `dpkg` does it; what the package depends on is there already."""
    shutil.copy(package, machine.root / "root")
    return machine.run("dpkg", "--install", f"/root/{package.name}")


def is_ready(machine):
    done = machine.try_run("curl", "--silent", "--fail", "--insecure", "https://localhost:8443/readyz")
    return done.returncode == 0


def install_daemon(machine, package):
    printed = install(machine, package)
    expect("setup-code" in printed and "8443" in printed, f"the package does not say how to begin:\n{printed}")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    expect(machine.show("pganalytics", "ActiveState") == "active", "the service is not active")
    expect(machine.show("pganalytics", "UnitFileState") == "enabled", "the service is not enabled")
    expect(machine.run("stat", "-c", "%U %a", "/var/lib/pganalytics").strip() == "pganalytics 750", "the data folder")
    expect(machine.run("stat", "-c", "%U %a", "/var/lib/pganalytics/setup-code").strip() == "pganalytics 600", "the code")
    user = machine.run("stat", "-c", "%U", f"/proc/{machine.show('pganalytics', 'MainPID')}").strip()
    expect(user == "pganalytics", f"the daemon runs as {user}")
    said("the daemon's package is installed, and its service runs as a user of its own")


def set_up(machine):
    code = machine.run("cat", "/var/lib/pganalytics/setup-code").strip()
    status, answer = machine.call("POST", "/api/v1/setup", body={"code": code, "username": "ada", "password": PASSWORD})
    expect(status == 201, f"setup: {status} {answer}")
    expect(machine.try_run("test", "-e", "/var/lib/pganalytics/setup-code").returncode != 0, "the code is still there")
    said("the first administrator is made with the code")


def log_in(machine):
    status, answer = machine.call("POST", "/api/v1/auth/login", body={"username": "ada", "password": PASSWORD})
    expect(status == 200, f"login: {status} {answer}")
    return answer["token"]


def install_agent(machine):
    """The agent's package comes from the daemon, as a site fetches it."""
    status, answer = machine.call("GET", "/api/v1/downloads")
    expect(status == 200, f"downloads: {status} {answer}")
    package = next(file for file in answer["files"] if file["name"].endswith("_amd64.deb"))
    address = f"https://localhost:8443/downloads/{package['name']}"
    machine.run("curl", "--silent", "--fail", "--insecure", "--output", f"/root/{package['name']}", address)
    machine.run("sh", "-c", "sha256sum --check", stdin=f"{package['sha256']}  /root/{package['name']}\n")
    printed = machine.run("dpkg", "--install", f"/root/{package['name']}")
    expect("register" in printed, f"the agent's package does not say how to begin:\n{printed}")
    expect(machine.show("pganalytics-collector", "ActiveState") == "inactive", "an agent without identity runs")
    said("the agent's package comes from the daemon; without an identity the agent waits")


def authority(machine, token):
    """The certificate of the daemon's authority, which each registered collector is given."""
    wanted = {"name": "db-0", "type": "postgresql", "environment": "production", "host": "db-0", "port": 5432}
    wanted |= {"database": "app", "username": "watch", "password": "not asked for", "ssl_mode": "prefer", "test_connection": False}
    status, answer = machine.call("POST", "/api/v1/collectors/register", token, wanted)
    expect(status == 201, f"register: {status} {answer}")
    return answer["ca_certificate"]


def register_agent(machine, token):
    (machine.root / "etc/pganalytics/ca.crt").write_text(authority(machine, token))
    status, secret = machine.call("POST", "/api/v1/registration-secrets", token, {"name": "test"})
    expect(status == 201, f"secret: {status} {secret}")
    machine.run(
        "pganalytics-collector", "register", "--url", "https://localhost:8443", "--name", "db-1",
        "--ca-file", "/etc/pganalytics/ca.crt", "--secret-stdin", stdin=secret["secret"],
    )  # fmt: skip
    machine.run("systemctl", "start", "pganalytics-collector")
    expect(machine.show("pganalytics-collector", "ActiveState") == "active", "the agent is not active")
    collector = wait_for("the agent is online", lambda: online(machine, token), 120)
    count = wait_for("metrics arrive", lambda: documents(machine, token, collector), 120)
    expect({"sysstat", "disk_usage"} <= count, f"only {count} arrived")
    said("an agent registers, comes online, and its metrics arrive")
    return collector


def online(machine, token):
    _, answer = machine.call("GET", "/api/v1/collectors?search=db-1", token)
    found = [row for row in answer["collectors"] if row["name"] == "db-1" and row["status"] == "online"]
    return found[0]["id"] if found else None


def documents(machine, token, collector):
    _, answer = machine.call("GET", f"/api/v1/collectors/{collector}/documents?limit=100", token)
    return {entry["type"] for entry in answer["documents"]}


def read_logs(machine):
    """The agent sees PostgreSQL's log files, and of /var/log nothing else."""
    logs = machine.root / "var/log/postgresql"
    logs.mkdir(exist_ok=True)
    (logs / "postgresql-17-main.log").write_text("2026-11-20 12:00:00.000 UTC [1] LOG:  ready\n")
    machine.run("chown", "-R", "root:adm", "/var/log/postgresql")
    machine.run("chmod", "0640", "/var/log/postgresql/postgresql-17-main.log")
    machine.run("systemctl", "restart", "pganalytics-collector")
    main = machine.show("pganalytics-collector", "MainPID")
    user = machine.run("id", "--user", "pganalytics-collector").strip()
    groups = machine.run("sh", "-c", f"sed -n 's/^Groups:[[:space:]]*//p' /proc/{main}/status").split()
    enter = ["nsenter", "--target", main, "--mount", "setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={','.join(groups)}"]
    listed = machine.run(*enter, "ls", "-A", "/var/log").split()
    expect(listed == ["postgresql"], f"the agent sees {listed} in /var/log")
    text = machine.run(*enter, "cat", "/var/log/postgresql/postgresql-17-main.log")
    expect("ready" in text, "the agent cannot read the log of PostgreSQL")
    said("the agent may read PostgreSQL's log, and nothing else of /var/log")


def kill(machine, token, unit):
    before = machine.show(unit, "MainPID")
    machine.run("systemctl", "kill", "--signal=SIGKILL", "--kill-whom=main", unit)
    wait_for(f"{unit} runs again", lambda: machine.show(unit, "MainPID") not in ("0", before))
    wait_for("the daemon is ready", lambda: is_ready(machine))
    expect(machine.call("GET", "/api/v1/auth/me", token)[0] == 200, "the session is gone")
    said(f"{unit} is killed, and runs again with what it had")


def refusals(machine):
    """What keeps the daemon from starting is told by path, with status 1, and nothing is changed by the attempt."""
    data = "/var/lib/pganalytics"
    machine.run("systemctl", "stop", "pganalytics")
    cases = [
        ("settings that it may not read", f"chmod 0600 {SETTINGS}", f"chmod 0644 {SETTINGS}", SETTINGS),
        ("half-written settings", f"cp {SETTINGS} /root/s; printf '[server]\\nlisten = \"0.0.' >{SETTINGS}", f"cp /root/s {SETTINGS}", SETTINGS),
        ("a root key that it may not read", f"chown root {data}/root.key", f"chown pganalytics {data}/root.key", f"{data}/root.key"),
        ("a data folder that is another's", f"chmod 0700 {data}; chown root {data}", f"chown pganalytics {data}; chmod 0750 {data}", data),
        ("a disk that is read-only", f"mount --bind {data} {data}; mount -o remount,bind,ro {data}", f"umount {data}", data),
        ("a port that is taken", "systemctl start pganalytics", "systemctl stop pganalytics", "0.0.0.0:8443"),
    ]
    for what, spoil, mend, named in cases:
        machine.run("sh", "-c", spoil)
        before = contents(machine, data)
        serve = ["setpriv", "--reuid=pganalytics", "--regid=pganalytics", "--clear-groups", "timeout", "20"]
        done = machine.try_run(*serve, "pganalytics", "serve", "--config", SETTINGS)
        after = contents(machine, data)
        machine.run("sh", "-c", mend)
        expect(done.returncode == 1 and named in done.stderr, f"{what}: status {done.returncode}: {done.stdout}{done.stderr}")
        print(f"      {what}: {done.stderr.strip().splitlines()[-1]}")
        expect(before == after or "port" in what, f"{what}: the attempt changed {set(before) ^ set(after)}")
    machine.run("systemctl", "start", "pganalytics")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    said("what keeps the daemon from starting is told, and nothing is changed")


def contents(machine, folder):
    """Every file with its hash, but for the mark that an attempt leaves: it makes the next start look for damage."""
    return machine.run("sh", "-c", f"find {folder} -type f -not -name running -exec sha256sum {{}} +").splitlines()


def credential(machine, token):
    """The root key may come as a credential instead of lying beside the data."""
    machine.run("systemctl", "stop", "pganalytics")
    machine.run("install", "-D", "--mode=0400", "/var/lib/pganalytics/root.key", "/etc/credstore/pganalytics.root-key")
    machine.run("rm", "/var/lib/pganalytics/root.key")
    machine.run("systemctl", "start", "pganalytics")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    expect(machine.call("GET", "/api/v1/auth/me", token)[0] == 200, "the session is gone")
    expect(machine.try_run("test", "-e", "/var/lib/pganalytics/root.key").returncode != 0, "a second key was made")
    said("the root key comes as a credential")


def upgrade(machine, token, collector, daemon, agent):
    settings = machine.root / SETTINGS.lstrip("/")
    settings.write_text(settings.read_text().replace("session_hours = 12", "session_hours = 24"))
    before = {unit: machine.show(unit, "MainPID") for unit in ("pganalytics", "pganalytics-collector")}
    install(machine, daemon)
    install(machine, agent)
    wait_for("the daemon is ready", lambda: is_ready(machine))
    for unit, process in before.items():
        wait_for(f"{unit} is active", lambda unit=unit: machine.show(unit, "ActiveState") == "active")
        expect(machine.show(unit, "MainPID") != process, f"{unit} runs the old program")
    expect("session_hours = 24" in settings.read_text(), "the upgrade lost a setting")
    expect(machine.call("GET", "/api/v1/auth/me", token)[0] == 200, "the session is gone")
    wait_for("the agent is online", lambda: online(machine, token) == collector, 120)
    said("both are upgraded while they run: settings, session and collector stay")


def remove(machine, packages):
    machine.run("dpkg", "--remove", "pganalytics", "pganalytics-collector")
    for unit in ("pganalytics", "pganalytics-collector"):
        expect(machine.show(unit, "ActiveState") != "active", f"{unit} still runs")
    for path in (SETTINGS, "/var/lib/pganalytics/registry.sqlite", "/etc/pganalytics/collector.token"):
        expect((machine.root / path.lstrip("/")).exists(), f"removal took {path}")
    install(machine, packages[0])
    install(machine, packages[1])
    wait_for("the daemon is ready", lambda: is_ready(machine))
    wait_for("the agent is online", lambda: online(machine, log_in(machine)), 120)
    said("removal keeps data and settings, and a new installation goes on with them")


def purge(machine):
    machine.run("dpkg", "--purge", "pganalytics", "pganalytics-collector")
    left = machine.run("find", "/etc", "/var/lib", "/usr", "-path", "*pganalytics*", "-not", "-path", "/var/lib/dpkg/*")
    # what a site put there itself stays: the authority's certificate, and the key that it moved to the credentials
    mine = {"/etc/pganalytics", "/etc/pganalytics/ca.crt", "/etc/credstore/pganalytics.root-key"}
    expect(set(left.split()) <= mine, f"purging left:\n{left}")
    said("purging leaves nothing of the packages")


def scenario(machine, packages, scratch):
    daemon, agent = (next(packages.glob(f"{name}_*_amd64.deb")) for name in ("pganalytics", "pganalytics-collector"))
    later = [later_version(package, scratch) for package in (daemon, agent)]
    install_daemon(machine, daemon)
    set_up(machine)
    token = log_in(machine)
    install_agent(machine)
    collector = register_agent(machine, token)
    read_logs(machine)
    kill(machine, token, "pganalytics")
    kill(machine, token, "pganalytics-collector")
    refusals(machine)
    credential(machine, token)
    upgrade(machine, token, collector, *later)
    remove(machine, later)
    purge(machine)


def main(base, packages, scratch):
    root, scratch = Path(scratch) / "debian", Path(scratch)
    shutil.rmtree(root, ignore_errors=True)
    shutil.rmtree(scratch / "later", ignore_errors=True)
    (scratch / "later").mkdir(parents=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", base, root], check=True)
    # what a Debian that a person installed has, and a bare one lacks
    (root / "etc/hosts").write_text("127.0.0.1 localhost appliance\n")
    machine = Container(root, scratch / "boot.log")
    try:
        scenario(machine, Path(packages), scratch)
    except Failed as failed:
        journal = machine.try_run("journalctl", "--no-pager", "--lines=60", "--unit=pganalytics", "--unit=pganalytics-collector")
        sys.exit(f"FAILED {failed}\n\n{journal.stdout}")
    finally:
        machine.stop()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
