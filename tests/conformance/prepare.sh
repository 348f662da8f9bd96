#!/bin/sh
# Readies the independent opinions that the local Bot API is held to: Node.js 18 or newer, and the packages of
# package-lock.json. On Debian or Ubuntu as root a missing Node.js is installed from the distribution.
# Safe to repeat, and quick when everything is there.
#
#   exit 0  ready
#   exit 3  not possible on this machine; the last line says why
set -eu
cd "$(dirname "$0")"
stamp=node_modules/.installed # a copy of the lock that was installed

say() { printf 'conformance: %s\n' "$*" >&2; }
impossible() { printf 'conformance: not possible here: %s\n' "$*" >&2; exit 3; }
has() { command -v "$1" >/dev/null 2>&1; }

node_is_new_enough() {
    has node && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' 2>/dev/null
}

install_node() {
    { [ "$(id -u)" = 0 ] && has apt-get; } ||
        impossible "Node.js 18 or newer with npm is missing (installed automatically only as root on Debian or Ubuntu)"
    say "installing nodejs and npm"
    # A third party's broken source must not stop this: the packages wanted are the distribution's own.
    apt-get update -qq >&2 || say "some package lists could not be fetched; going on with what there is"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null 2>&1 9>&- ||
        impossible "apt-get could not install nodejs and npm"
}

install_packages() {
    say "installing the packages of package-lock.json"
    rm -f "$stamp"
    log=$(npm ci --loglevel=error 2>&1 9>&-) || impossible "npm ci failed ($(printf '%s' "$log" | tail -n 1))"
}

# One preparation at a time; the others wait and then find everything there.
if has flock; then
    exec 9<package.json
    flock 9
fi
{ node_is_new_enough && has npm; } || install_node
node_is_new_enough || impossible "Node.js 18 or newer is needed, and this is $(node --version)"
if ! cmp -s package-lock.json "$stamp"; then
    install_packages
    cp package-lock.json "$stamp"
fi
