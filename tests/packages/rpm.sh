#!/bin/bash
# What rpm does with the packages, in a root of its own: install, upgrade, erase, with what a site changed.
#
#   tests/packages/rpm.sh PACKAGES SCRATCH
#
# Scripts of the packages call systemd, which no root without programs has: they are checked by a shell for their
# syntax only, and run on the machines that have it.
set -euo pipefail
packages=$(realpath "$1") root=$(realpath -m "$2")/rpm
rm -rf "$root"
mkdir -p "$root"
settings=$root/etc/pganalytics/pganalytics.toml

fail() { echo "FAILED $*" >&2; exit 1; }
in_root() { rpm --root "$root" --nodeps --noscripts "$@"; }

for package in "$packages"/*.rpm; do
  rpm --query --package --scripts "$package" | sed '/ scriptlet (using /d' | sh -n || fail "a script of $package"
  rpm --checksig --nosignature "$package" >/dev/null || fail "the digests of $package"
done

in_root --install "$packages"/*.rpm
for file in usr/bin/pganalytics{,-collector} usr/lib/systemd/system/pganalytics{,-collector}.service \
  usr/lib/sysusers.d/pganalytics{,-collector}.conf usr/share/man/man1/pganalytics.1.gz \
  usr/share/licenses/pganalytics/THIRD-PARTY-LICENCES.gz etc/pganalytics/pganalytics.toml \
  usr/share/pganalytics/grafana/{prometheus,postgresql}/fleet.json \
  usr/share/pganalytics/grafana/provisioning/{dashboards,datasources}/pganalytics.yaml; do
  [ -f "$root/$file" ] || fail "$file is missing"
done
in_root --verify pganalytics pganalytics-collector || fail "what is installed is not what is packed"
chroot_less=$("$root/usr/bin/pganalytics" check --config "$settings" 2>&1) || fail "the settings: $chroot_less"
echo "ok    both packages are installed, and the settings are good"

sed -i 's/session_hours = 12/session_hours = 24/' "$settings"
in_root --upgrade --replacepkgs --replacefiles "$packages"/*.rpm
grep -q 'session_hours = 24' "$settings" || fail "the upgrade lost a setting"
echo "ok    an upgrade keeps what the site set"

mkdir -p "$root/var/lib/pganalytics"
touch "$root/var/lib/pganalytics/registry.sqlite"
in_root --erase pganalytics pganalytics-collector
[ ! -e "$root/usr/bin/pganalytics" ] || fail "the program is left"
[ -e "$root/var/lib/pganalytics/registry.sqlite" ] || fail "erasing took data"
grep -q 'session_hours = 24' "$settings.rpmsave" || fail "erasing took settings that the site had changed"
echo "ok    erasing keeps data, and changed settings as .rpmsave"
