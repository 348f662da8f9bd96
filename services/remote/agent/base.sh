#!/bin/sh
# Opsgate's agent: what runs on a host. One POSIX sh script (dash, busybox ash), put together from
# services/remote/agent/*.sh, installed as ~/.opsgate/agent-<hash>.sh. Nothing here touches Docker's volumes.
#
#   agent [-n BYTES] VERB WORD...     -n: that many bytes come on stdin, fewer mean that the sender died
#
# Exit status: 0 done, 1 failed, 4 no such file, 64 misused, 65 something else is there already, 66 refused as
# unsafe, 69 a tool is missing, 70 a dump does not read back, 73 fenced off by a newer claim, 74 a dump cannot be
# written, 75 held by another or still running.
set -u
outer_umask=$(umask)
umask 077
self=$0
expected=
TAB=$(printf '\t')

say() { printf 'opsgate: %s\n' "$*" >&2; }
die() {
    local code="$1"
    shift
    say "$*"
    exit "$code"
}
nap() { sleep 0.05 2>/dev/null || sleep 1; }

# Seconds since boot: a clock that nobody sets.
uptime_now() {
    read -r now _ </proc/uptime
    now=${now%%.*}
}
boot_now() { read -r boot </proc/sys/kernel/random/boot_id; }

# flush FILE-OR-DIRECTORY: on the disk when it returns. flush_all DIRECTORY: its whole file system.
flush() { sync "$1" 2>/dev/null || sync; }
flush_all() { sync -f "$1" 2>/dev/null || sync; }

# put FILE: stdin becomes the file's content, all of it or nothing, and survives a power cut.
put() {
    local temp="$1.tmp.$$"
    if cat >"$temp" && flush "$temp" && mv -f "$temp" "$1"; then
        flush "${1%/*}"
    else
        rm -f "$temp"
        return 1
    fi
}

# receive FILE: stdin to a file; false when the sender died in the middle.
receive() {
    [ -n "$expected" ] || die 64 "the number of bytes on stdin (-n) is missing"
    cat >"$1" && [ "$(stat -c %s "$1")" = "$expected" ]
}

need() {
    local tool
    for tool; do command -v "$tool" >/dev/null 2>&1 || die 69 "not installed on this host: $tool"; done
}

# take FD SECONDS: the flock on an open descriptor, within a deadline.
take() {
    local left=$(($2 * 20))
    until flock -n "$1"; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        nap
    done
}

number() { case "$1" in '' | *[!0-9]*) die 64 "not a number: $1" ;; esac; }
absolute() {
    case "$1" in /*) ;; *) die 64 "not an absolute path: $1" ;; esac
    case "${1%/}/" in */../* | */./* | *//*) die 64 "not a plain path: $1" ;; esac
}
plain_name() { case "$1" in '' | -* | .* | *[!A-Za-z0-9._-]*) return 1 ;; esac; }
state_dir() {
    absolute "$1"
    case "$1" in *_opsgate) ;; *) die 66 "not a state directory of Opsgate: $1" ;; esac
    [ ! -L "$1" ] || die 66 "a symbolic link: $1"
}
# owned PATH ROOM: PATH is <something>_opsgate/ROOM/<name>, reached without a link in Opsgate's own part.
owned() {
    absolute "$1"
    plain_name "${1##*/}" || die 66 "not a name of ours: $1"
    local room="${1%/*}"
    [ "${room##*/}" = "$2" ] || die 66 "not inside $2/: $1"
    state_dir "${room%/*}"
    [ ! -L "$room" ] || die 66 "a symbolic link: $room"
    [ ! -L "$1" ] || die 66 "a symbolic link: $1"
}
make_state_dir() {
    state_dir "$1"
    [ -d "$1" ] || { (umask 022 && mkdir -p "${1%/*}") && mkdir -p "$1"; } || exit 1
    chmod 700 "$1" || exit 1
}

# wipe PATH: removes a tree of our own, also where a copied directory is read-only. Links are not followed.
wipe() {
    [ -e "$1" ] || [ -L "$1" ] || return 0
    find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
    rm -rf -- "$1"
}

# look PID: p_state, p_session and p_start of a process; false when there is none.
look() {
    local line
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    line=${line##*) }
    # shellcheck disable=SC2086 # the fields of /proc/<pid>/stat: letters and numbers
    set -- $line
    [ $# -ge 20 ] || return 1
    p_state=$1 p_session=$4 p_start=${20}
}
not_dead() { case "$p_state" in Z | X | x) return 1 ;; esac; }
