# --- single files, and what the host is like --------------------------------------------------------------------

# write FILE, its content on stdin: whole or not at all, for us alone.
verb_write() {
    absolute "$1"
    [ ! -L "$1" ] || die 66 "a symbolic link: $1"
    case "$1" in
        *_opsgate/*) make_state_dir "${1%_opsgate/*}_opsgate" ;;
    esac
    local temp="$1.in.$$"
    mkdir -p "${1%/*}" || exit 1
    receive "$temp" || { rm -f "$temp"; die 1 "the content did not arrive whole"; }
    flush "$temp" && mv -f "$temp" "$1" && flush "${1%/*}"
}

# read FILE MOST: refuses more than MOST bytes.
verb_read() {
    absolute "$1"
    number "$2"
    [ -e "$1" ] || die 4 "no such file: $1"
    [ -f "$1" ] || die 66 "not a regular file: $1"
    [ "$(stat -L -c %s "$1")" -le "$2" ] || die 65 "larger than $2 bytes: $1"
    cat "$1"
}

# probe URL SECONDS → the HTTP status, 000 without an answer. Redirects and proxies are not followed.
verb_probe() {
    number "$2"
    case "$1" in http://* | https://*) ;; *) die 64 "not a web address: $1" ;; esac
    unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
    local status
    if command -v curl >/dev/null 2>&1; then
        status=$(curl -s -g -o /dev/null -w '%{http_code}' --max-time "$2" --proto '=http,https' -- "$1" 2>/dev/null)
    elif command -v wget >/dev/null 2>&1; then
        status=$(probe_wget "$1" "$2")
    else
        die 69 "neither curl nor wget is here"
    fi
    printf '%s\n' "${status:-000}"
}
# The first status line counts: busybox wget would go on to where a redirect points. Its -T is not always there.
probe_wget() {
    local still=
    ! wget --help 2>&1 | grep -q -e --max-redirect || still='--max-redirect=0 --tries=1'
    # shellcheck disable=SC2086 # options of ours
    timeout "$2" wget -q -S -O /dev/null $still "$1" 2>&1 | sed -n 's|^.*HTTP/[0-9.]* \([0-9][0-9][0-9]\).*|\1|p' | head -n 1
}

# host PATH [DUMPS] → "key value" lines. What cannot be had is left out; docker_error and compose_error say why. DUMPS, a
# folder, counts where it is on another file system than PATH.
verb_host() {
    absolute "$1"
    local near load up
    [ $# -lt 2 ] || absolute "$2"
    read -r load </proc/loadavg
    read -r up _ </proc/uptime
    host_near "$1"
    printf 'load %s\ncpus %s\nuptime %s\ntime %s\nhome %s\n' "$load" "$(nproc)" "$up" "$(host_time)" "${HOME:-/}"
    awk '/^MemTotal:/ { print "mem_total_kb " $2 } /^MemAvailable:/ { print "mem_available_kb " $2 }' /proc/meminfo
    df -Pk "$near" | awk 'NR == 2 { print "disk_total_kb " $2; print "disk_available_kb " $4 }'
    [ $# -lt 2 ] || host_dumps "$near" "$2"
    if command -v curl >/dev/null 2>&1; then
        printf 'http curl\n'
    elif command -v wget >/dev/null 2>&1; then
        printf 'http wget\n'
    fi
    host_tools
    host_docker
}
# host_near PATH: near, the next folder upwards that is there.
host_near() {
    near="$1"
    while [ ! -d "$near" ]; do
        near=${near%/*}
        near=${near:-/}
    done
}
host_dumps() {
    local path="$1" near
    host_near "$2"
    [ "$(stat -c %d "$near")" = "$(stat -c %d "$path")" ] ||
        df -Pk "$near" | awk 'NR == 2 { print "dumps_available_kb " $4 }'
}
# Whole seconds where date knows no nanoseconds.
host_time() { date +%s.%N | sed 's/\.[^0-9].*$//; s/\.$//'; }

# missing: what the agent cannot do without.
host_tools() {
    local tool missing=
    for tool in awk sed sort cmp cut find xargs stat tar gzip sha256sum flock setsid mkfifo dd tee; do
        command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
    done
    [ -z "$missing" ] || printf 'missing%s\n' "$missing"
}

host_docker() {
    command -v docker >/dev/null 2>&1 || return 0
    { host_ask docker docker version --format '{{.Server.Version}}' & host_ask compose docker compose version --short & wait; }
}
# host_ask KEY COMMAND...: one line of the answer, within 8 seconds.
host_ask() {
    local key="$1" answer
    shift
    if answer=$(timeout 8 "$@" 2>&1); then
        printf '%s %s\n' "$key" "$(printf '%s\n' "$answer" | tail -n 1)"
    else
        printf '%s_error %s\n' "$key" "$(printf '%s\n' "$answer" | tail -n 1 | cut -c1-200)"
    fi
}
