#!/bin/sh
# Readies what the browser tests and the pictures of the docs need: Chromium, and fonts with emoji. A browser that is
# there is used as it is; otherwise, on Debian as root, the distribution's package is installed. Safe to repeat.
#
#   exit 0  ready; the last line of stdout is the browser's path
#   exit 3  not possible on this machine; the last line says why
set -eu

say() { printf 'browser: %s\n' "$*" >&2; }
impossible() { printf 'browser: not possible here: %s\n' "$*" >&2; exit 3; }
has() { command -v "$1" >/dev/null 2>&1; }
can_install() { [ "$(id -u)" = 0 ] && has apt-get && has dpkg; }

# A browser that really starts: Ubuntu's chromium package is a stub that sends people to snap.
starts() {
    [ -x "$1" ] || return 1
    case $("$1" --version 2>/dev/null) in
        *Chromium*|*Chrome*) return 0 ;;
        *) return 1 ;;
    esac
}

browser() {
    for name in "${OPSGATE_CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome chrome; do
        [ -n "$name" ] && found=$(command -v "$name" 2>/dev/null) && starts "$found" && echo "$found" && return 0
    done
    return 1
}

# Without a font for them, emoji are boxes, and so are the pictures.
missing_fonts() {
    has fc-list || { echo fontconfig fonts-dejavu-core fonts-noto-color-emoji; return 0; }
    fc-list : family | grep -qiE 'dejavu|noto sans|liberation|roboto' || echo fonts-dejavu-core
    fc-list : family | grep -qi 'emoji' || echo fonts-noto-color-emoji
}

install() {
    if [ -z "${lists_are_fresh:-}" ]; then
        # A third party's broken source must not stop this: the packages wanted are the distribution's own.
        apt-get update -qq >&2 || say "some package lists could not be fetched; going on with what there is"
        lists_are_fresh=1
    fi
    say "installing $*"
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1; then
        reason=$(tail -n 1 "$log")
        rm -f "$log"
        impossible "apt-get could not install $* ($reason)"
    fi
    rm -f "$log"
}

is_ubuntu() { grep -qsE '^ID(_LIKE)?=.*ubuntu' /etc/os-release; }

if ! found=$(browser); then
    is_ubuntu && impossible "Ubuntu's chromium is a snap; install google-chrome, or name a browser in OPSGATE_CHROMIUM"
    can_install || impossible "no Chromium (installed automatically only as root on Debian); a browser can be named in OPSGATE_CHROMIUM"
    install chromium
    found=$(browser) || impossible "chromium was installed but does not start"
fi

fonts=$(missing_fonts | tr '\n' ' ')
if [ -n "$fonts" ]; then
    if can_install; then
        # shellcheck disable=SC2086 # a list of package names
        install $fonts
    else
        say "missing fonts, so some signs are drawn as boxes: $fonts"
    fi
fi

say "ready: $("$found" --version 2>/dev/null)"
echo "$found"
