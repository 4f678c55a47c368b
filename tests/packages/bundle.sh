#!/bin/bash
# The bundle as a site unpacks it: its script finds everything as it was signed, and refuses what is not.
#
#   tests/packages/bundle.sh BUNDLE SCRATCH
set -euo pipefail
bundle=$(realpath "$1") folder=$(realpath -m "$2")/bundle
rm -rf "$folder"
mkdir -p "$folder"
tar --extract --file "$bundle" --directory "$folder" --strip-components 1
cd "$folder"
key=$(openssl pkey -pubin -in signing-key.pem -outform DER | sha256sum | cut -d ' ' -f 1)

fail() { echo "FAILED $*" >&2; exit 1; }
is_refused() { # what, and a word of the answer
  if said=$(./install.sh --key "${3:-$key}" verify 2>&1); then fail "$1 is taken"; fi
  grep -q "$2" <<<"$said" || fail "$1: $said"
}

./install.sh --key "$key" verify >/dev/null || fail "what was signed is refused"
is_refused "another key" "signed by another key" "${key//[0-9]/0}"
package=$(ls pganalytics_*.deb)
cp "$package" whole
mv whole ..
printf 'x' >>"$package"
is_refused "a package that was changed" "is not what was signed"
mv ../whole "$package"
cp SHA256SUMS ../sums
echo "$(printf '%064d' 0)  more" >>SHA256SUMS
is_refused "a list that was changed" "does not fit SHA256SUMS"
mv ../sums SHA256SUMS
touch more.deb
is_refused "a file that nobody signed" "was not signed"
rm more.deb
./install.sh --key "$key" verify >/dev/null || fail "what was signed is refused"
echo "ok    the bundle is verified before anything is installed"
