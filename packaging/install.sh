#!/bin/sh
# Installs pgAnalytics from this folder, after it has verified every file of it. It needs no network.
#
#   ./install.sh --key SHA256 daemon|agent|both      verify, then install
#   ./install.sh --key SHA256 verify                 verify only
#
# SHA256 is the hash of the key that signed the bundle. Take it from where you trust it and not from this folder: who
# could exchange the files could exchange the key beside them.
set -eu
cd "$(dirname "$0")"

fail() { echo "install.sh: $*" >&2; exit 1; }
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }

[ $# -eq 3 ] && [ "$1" = --key ] || usage
wanted=$2 what=$3
case $what in daemon | agent | both | verify) ;; *) usage ;; esac
command -v openssl >/dev/null || fail "openssl is missing: it checks the signature"

found=$(openssl pkey -pubin -in signing-key.pem -outform DER | sha256sum | cut -d ' ' -f 1)
[ "$found" = "$wanted" ] || fail "signed by another key: $found"
openssl pkeyutl -verify -pubin -inkey signing-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig >/dev/null ||
  fail "the signature does not fit SHA256SUMS: nothing was installed"
sha256sum --check --strict --quiet SHA256SUMS || fail "a file is not what was signed: nothing was installed"
for file in *; do
  case $file in SHA256SUMS | SHA256SUMS.sig | signing-key.pem) continue ;; esac
  grep -q "  $file\$" SHA256SUMS || fail "$file was not signed: nothing was installed"
done
echo "install.sh: every file is what the key signed"
[ "$what" != verify ] || exit 0

[ "$(id -u)" -eq 0 ] || fail "run as root to install"
if command -v dpkg >/dev/null; then
  daemon=$(ls pganalytics_*.deb) agent=$(ls pganalytics-collector_*.deb)
  install='dpkg --install'
else
  daemon=$(ls pganalytics-[0-9]*.rpm) agent=$(ls pganalytics-collector-*.rpm)
  install='rpm --upgrade --replacepkgs'
fi
case $what in
  daemon) $install "$daemon" ;;
  agent) $install "$agent" ;;
  both) $install "$daemon" "$agent" ;;
esac
