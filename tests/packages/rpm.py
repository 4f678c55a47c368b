#!/usr/bin/env python3
"""What a site does with the rpm packages, done by rpm on a booted machine, so that their scripts really run: install,
set up, register an agent, kill, upgrade, erase.

    tests/packages/rpm.py BASE PACKAGES SCRATCH

BASE is a Debian root with rpm in it, as systemd is the same everywhere; only what packages need of each other is not
looked at, for the machine's own programs are no rpm packages. As on the systems that have rpm, no service is enabled
by its package.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from container import Failed, in_container, wait_for
from steps import PASSWORD, SETTINGS, Watch, expect, fetch_agent, is_ready, kill, log_in, online, register_agent, said

UNITS = ("pganalytics", "pganalytics-collector")
FORCED = ["--nodeps", "--force-debian"]


def later_packages(scratch):
    """The same packages as a later release, with settings that changed, as an upgrade brings them."""
    folder = scratch / "later"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = Path("target/package/packaging/pganalytics.toml")
    kept = settings.read_bytes()
    try:
        settings.write_bytes(kept + b"# of a later release\n")
        for variant in ([], ["--variant", "collector"]):
            command = ["target/tools/bin/cargo-generate-rpm", "--auto-req", "disabled", "--payload-compress", "gzip"]
            subprocess.run([*command, "--set-metadata", 'release = "2"', *variant, "--output", f"{folder}/"], check=True)
    finally:
        settings.write_bytes(kept)
    return [next(folder.glob(f"{unit}-[0-9]*.rpm")) for unit in UNITS]


def put(machine, package):
    shutil.copy(package, machine.root / "root")
    return f"/root/{package.name}"


def is_enabled(machine, unit):
    return machine.try_run("systemctl", "is-enabled", unit).stdout.strip() == "enabled"


def install_daemon(machine, package):
    printed = machine.run("rpm", "--install", *FORCED, put(machine, package))
    expect("setup-code" in printed and "systemctl enable" in printed, f"the package does not say how to begin:\n{printed}")
    expect(not is_enabled(machine, "pganalytics"), "the service was enabled, which is for the site to say")
    expect(machine.show("pganalytics", "ActiveState") == "inactive", "the service was started")
    expect(machine.run("stat", "-c", "%U %a", "/var/lib/pganalytics").strip() == "pganalytics 750", "the data folder")
    machine.run("rpm", "--verify", "--nodeps", "pganalytics")
    for form in ("prometheus", "postgresql"):
        expect((machine.root / f"usr/share/pganalytics/grafana/{form}/fleet.json").is_file(), f"dashboards in {form} form")
    # as root, before the service has ever run
    add = ["pganalytics", "user", "add", "ada", "--role", "admin", "--password-stdin", "--config", SETTINGS]
    machine.run(*add, stdin=PASSWORD)
    machine.run("systemctl", "enable", "--now", "pganalytics")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    said("the daemon's package makes its user and folder, and leaves the start to the site")


def install_agent(machine):
    printed = machine.run("rpm", "--install", *FORCED, fetch_agent(machine, ".rpm"))
    expect("register" in printed, f"the agent's package does not say how to begin:\n{printed}")
    expect(not is_enabled(machine, "pganalytics-collector"), "the agent was enabled without an identity")
    said("the agent's package comes from the daemon; without an identity the agent waits")


def upgrade(machine, token, collector, packages):
    settings = machine.root / SETTINGS.lstrip("/")
    settings.write_text(settings.read_text().replace("session_hours = 12", "session_hours = 24"))
    before = {unit: machine.show(unit, "MainPID") for unit in UNITS}
    machine.run("rpm", "--upgrade", *FORCED, *(put(machine, package) for package in packages))
    for unit, process in before.items():
        wait_for(f"{unit} is active", lambda unit=unit: machine.show(unit, "ActiveState") == "active")
        expect(machine.show(unit, "MainPID") != process, f"{unit} runs the old program")
        expect(is_enabled(machine, unit), f"the upgrade disabled {unit}")
    wait_for("the daemon is ready", lambda: is_ready(machine))
    expect("session_hours = 24" in settings.read_text(), "the upgrade lost a setting")
    expect("later release" in Path(f"{settings}.rpmnew").read_text(), "the new settings are not beside the site's")
    expect(machine.call("GET", "/api/v1/auth/me", token)[0] == 200, "the session is gone")
    wait_for("the agent is online", lambda: online(machine, token) == collector, 120)
    said("both are upgraded while they run: settings, session and collector stay")


def erase(machine, packages):
    machine.run("rpm", "--erase", "--nodeps", *UNITS)
    for unit in UNITS:
        expect(machine.show(unit, "ActiveState") != "active", f"{unit} still runs")
        expect(not is_enabled(machine, unit), f"{unit} is still enabled")
    expect(not (machine.root / "usr/bin/pganalytics").exists(), "the program is left")
    kept = Path(f"{machine.root}{SETTINGS}.rpmsave")
    expect("session_hours = 24" in kept.read_text(), "erasing took settings that the site had changed")
    for path in ("/var/lib/pganalytics/registry.sqlite", "/etc/pganalytics/collector.token"):
        expect((machine.root / path.lstrip("/")).exists(), f"erasing took {path}")
    said("erasing stops both, and keeps data, identity and changed settings (.rpmsave)")
    machine.run("rpm", "--install", *FORCED, *(f"/root/{package.name}" for package in packages))
    machine.run("mv", f"{SETTINGS}.rpmsave", SETTINGS)
    machine.run("systemctl", "enable", "--now", *UNITS)
    wait_for("the daemon is ready", lambda: is_ready(machine))
    wait_for("the agent is online", lambda: online(machine, log_in(machine)), 120)
    said("a new installation goes on with what stayed")


def check_scripts(packages):
    for package in packages:
        scripts = subprocess.run(["rpm", "--query", "--package", "--scripts", package], check=True, capture_output=True, text=True)
        lines = [line for line in scripts.stdout.splitlines() if " scriptlet (using /" not in line]
        subprocess.run(["sh", "-n"], input="\n".join(lines), text=True, check=True)
        subprocess.run(["rpm", "--checksig", "--nosignature", package], check=True, capture_output=True)
    said("digests and scripts of the packages are whole")


def scenario(machine, packages, scratch):
    daemon, agent = (next(packages.glob(f"{unit}-[0-9]*.rpm")) for unit in UNITS)
    check_scripts([daemon, agent])
    later = later_packages(scratch)
    presets = machine.root / "etc/systemd/system-preset"
    presets.mkdir(parents=True, exist_ok=True)
    (presets / "99-default-disable.preset").write_text("disable *\n")
    watch = Watch()
    install_daemon(machine, daemon)
    token = log_in(machine)
    install_agent(machine)
    collector = register_agent(machine, token)
    watch.tell()
    kill(machine, token, "pganalytics")
    upgrade(machine, token, collector, later)
    erase(machine, later)


def main(base, packages, scratch):
    base, packages, scratch = Path(base), Path(packages), Path(scratch)
    in_container(base, scratch, "rpm", lambda machine: scenario(machine, packages, scratch / "rpm-packages"))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
