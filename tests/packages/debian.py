#!/usr/bin/env python3
"""What a site does with the Debian packages, done on a booted machine: install, set up and register an agent in a
browser, kill, upgrade, remove, purge.

    tests/packages/debian.py BASE PACKAGES SCRATCH

BASE is a Debian root as debootstrap makes it, PACKAGES the folder with the packages, SCRATCH a folder for the copy
that is worked on and for logs.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from browser import first_minutes
from container import in_container, wait_for
from steps import SETTINGS, Watch, expect, is_ready, kill, log_in, metrics_arrive, online, said


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


def install_daemon(machine, bundle):
    """From the bundle that a site carries to its machine, which is verified there."""
    unpacked = machine.root / "root/bundle"
    unpacked.mkdir()
    subprocess.run(["tar", "--extract", "--file", bundle, "--directory", unpacked, "--strip-components=1"], check=True)
    key = machine.run("sh", "-c", "openssl pkey -pubin -in /root/bundle/signing-key.pem -outform DER | sha256sum").split()[0]
    printed = machine.run("/root/bundle/install.sh", "--key", key, "daemon")
    expect("setup-code" in printed and "8443" in printed, f"the package does not say how to begin:\n{printed}")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    expect(machine.show("pganalytics", "ActiveState") == "active", "the service is not active")
    expect(machine.show("pganalytics", "UnitFileState") == "enabled", "the service is not enabled")
    expect(machine.run("stat", "-c", "%U %a", "/var/lib/pganalytics").strip() == "pganalytics 750", "the data folder")
    expect(machine.run("stat", "-c", "%U %a", "/var/lib/pganalytics/setup-code").strip() == "pganalytics 600", "the code")
    code = machine.run("cat", "/var/lib/pganalytics/setup-code").strip()
    expect(code in journal(machine), "the log does not show the code")
    user = machine.run("stat", "-c", "%U", f"/proc/{machine.show('pganalytics', 'MainPID')}").strip()
    expect(user == "pganalytics", f"the daemon runs as {user}")
    said("the daemon's package is installed, and its service runs as a user of its own")


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


def reload(machine):
    """What a reload cannot apply is named, and what it can is in use at once."""
    settings = machine.root / SETTINGS.lstrip("/")
    whole = settings.read_text()
    settings.write_text(whole.replace('filter = "info"', 'filter = "debug"').replace("workers = 2", "workers = 3"))
    process = machine.show("pganalytics", "MainPID")
    machine.run("systemctl", "reload", "pganalytics")
    wait_for("the reload", lambda: "wait for a restart settings=server.workers" in journal(machine))
    settings.write_text(whole)
    machine.run("systemctl", "reload", "pganalytics")
    expect(machine.show("pganalytics", "MainPID") == process, "a reload restarted the daemon")
    said("a reload applies what can change, and names what waits for a restart")


def journal(machine):
    return machine.run("journalctl", "--no-pager", "--unit=pganalytics")


def socket(machine, token):
    """systemd may open the port: also one below 1024, and whoever comes while the daemon is away waits."""
    https = "https://localhost"
    drop_in = machine.root / "etc/systemd/system/pganalytics-listen.socket.d/port.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Socket]\nListenStream=\nListenStream=443\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "stop", "pganalytics")
    machine.run("systemctl", "enable", "--now", "pganalytics-listen.socket")
    expect(is_ready(machine, https), "the first connection does not start the daemon")
    expect(not is_ready(machine), "it listens on what is configured as well")
    machine.run("systemctl", "kill", "--signal=SIGKILL", "--kill-whom=main", "pganalytics")
    status, _ = machine.call("GET", "/api/v1/auth/me", token, base=https)
    expect(status == 200, f"who comes while it is away is answered {status}")
    machine.run("systemctl", "disable", "--now", "pganalytics-listen.socket")
    machine.run("systemctl", "restart", "pganalytics")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    said("systemd opens the port, below 1024 too, and keeps connections while the daemon is away")


def move(machine, base, scratch, packages):
    """To another machine, as the documents say it; what the old one has stays as it is."""
    machine.run("systemctl", "stop", "pganalytics")

    def on_the_new_machine(other):
        install(other, packages[0])
        wait_for("the daemon is ready", lambda: is_ready(other))
        other.run("systemctl", "stop", "pganalytics")
        for folder in ("var/lib/pganalytics", "etc/pganalytics", "etc/credstore"):
            shutil.rmtree(other.root / folder, ignore_errors=True)
            subprocess.run(["cp", "--archive", machine.root / folder, other.root / folder], check=True)
        other.run("chown", "-R", "pganalytics:", "/var/lib/pganalytics")
        # as the service would be handed the key
        verify = ["systemd-run", "--quiet", "--wait", "--pipe", "--uid=pganalytics", "--property=LoadCredential=pganalytics.root-key"]
        expect("whole" in other.run(*verify, "pganalytics", "verify", "--config", SETTINGS), "the copy is not whole")
        other.run("systemctl", "start", "pganalytics")
        wait_for("the daemon is ready", lambda: is_ready(other))
        _, answer = other.call("GET", "/api/v1/collectors?search=db-1", log_in(other))
        expect([row["name"] for row in answer["collectors"]] == ["db-1"], "the collector did not move")

    in_container(base, scratch, "moved", on_the_new_machine)
    machine.run("systemctl", "start", "pganalytics")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    said("a copy of its folders goes on on another machine")


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
    for path in (SETTINGS, "/var/lib/pganalytics/registry.sqlite", "/etc/pganalytics/collector.env"):
        expect((machine.root / path.lstrip("/")).exists(), f"removal took {path}")
    install(machine, packages[0])
    install(machine, packages[1])
    wait_for("the daemon is ready", lambda: is_ready(machine))
    wait_for("the agent is online", lambda: online(machine, log_in(machine)), 120)
    said("removal keeps data and settings, and a new installation goes on with them")


def purge(machine, packages):
    machine.run("dpkg", "--purge", "pganalytics", "pganalytics-collector")
    left = machine.run("find", "/etc", "/var/lib", "/usr", "-path", "*pganalytics*", "-not", "-path", "/var/lib/dpkg/*")
    # what a site put there itself stays: the key that it moved to the credentials, and its change of a unit
    mine = {"/etc/credstore/pganalytics.root-key"}
    mine |= {f"/etc/systemd/system/pganalytics-listen.socket.d{name}" for name in ("", "/port.conf")}
    expect(set(left.split()) <= mine, f"purging left:\n{left}")
    said("purging leaves nothing of the packages")
    printed = install(machine, packages[1])
    expect("register" in printed, f"the agent's package does not say how to begin:\n{printed}")
    expect(machine.show("pganalytics-collector", "ActiveState") == "inactive", "an agent without identity runs")
    said("an agent that is installed without an identity waits for one")


def scenario(machine, base, packages, scratch):
    daemon, agent = (next(packages.glob(f"{name}_*_amd64.deb")) for name in ("pganalytics", "pganalytics-collector"))
    later = [later_version(package, scratch) for package in (daemon, agent)]
    watch = Watch()
    install_daemon(machine, next(packages.glob("*-offline.tar")))
    first_minutes(machine, scratch / "browser", watch)
    token = log_in(machine)
    collector = metrics_arrive(machine, token)
    read_logs(machine)
    kill(machine, token, "pganalytics")
    kill(machine, token, "pganalytics-collector")
    refusals(machine)
    reload(machine)
    socket(machine, token)
    credential(machine, token)
    upgrade(machine, token, collector, *later)
    move(machine, base, scratch, later)
    remove(machine, later)
    purge(machine, later)


def main(base, packages, scratch):
    base, packages, scratch = Path(base), Path(packages), Path(scratch)
    shutil.rmtree(scratch / "later", ignore_errors=True)
    (scratch / "later").mkdir(parents=True)
    in_container(base, scratch, "debian", lambda machine: scenario(machine, base, packages, scratch))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
