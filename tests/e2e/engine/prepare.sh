#!/bin/sh
# Readies what the end-to-end tests run against: a Docker Engine with Compose v2, the practice images, OpenSSH's
# sshd and a few tools. An engine that already answers is used as it is; otherwise, on Debian or Ubuntu as root,
# the distribution's docker.io is installed and started by hand. Safe to repeat: what is there stays as it is.
#
#   exit 0  ready
#   exit 3  not possible on this machine; the last line says why
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# The tests and the product speak to the default socket, so that is the engine to prepare.
unset DOCKER_HOST DOCKER_CONTEXT
if [ "$(id -u)" = 0 ]; then
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
    state=/var/lib/opsgate-engine
else
    PATH=$PATH:/usr/sbin:/sbin
    state=${XDG_CACHE_HOME:-$HOME/.cache}/opsgate-engine
fi
mkdir -p "$state"

say() { printf 'engine: %s\n' "$*" >&2; }
impossible() { printf 'engine: not possible here: %s\n' "$*" >&2; exit 3; }
has() { command -v "$1" >/dev/null 2>&1; }

# One preparation at a time; the others wait and then find everything there.
if has flock; then
    exec 9>"$state/lock"
    flock 9
    # What an interrupted run left; one file system only, for debootstrap mounts /proc in its tree.
    rm -rf --one-file-system "$state"/rootfs.* "$state"/compose.*
fi

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
compose_version() { docker compose version --short 2>/dev/null | sed 's/^v//'; }
compose_is_v2() {
    major=$(compose_version | cut -d. -f1)
    [ "${major:-0}" -ge 2 ] 2>/dev/null
}

# --- packages -------------------------------------------------------------------------------------------------

can_install() { [ "$(id -u)" = 0 ] && has apt-get && has dpkg; }

missing_packages() {
    has sshd || echo openssh-server
    for tool in rsync busybox zip unzip git curl age; do
        has "$tool" || echo "$tool"
    done
    engine_answers || has dockerd || echo docker.io iptables
}

refresh_lists() {
    [ -z "${lists_are_fresh:-}" ] || return 0
    # A third party's broken source must not stop this: the packages wanted are the distribution's own.
    apt-get update -qq >&2 || say "some package lists could not be fetched; going on with what there is"
    lists_are_fresh=1
}

# Services of the packages stay as they are: nothing is started by installing, and sshd not at the next boot either.
forbid_service_starts() {
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT INT TERM
    fi
    if ! has sshd; then
        mkdir -p /etc/ssh
        : > /etc/ssh/sshd_not_to_be_run
    fi
}

install() {
    say "installing $*"
    refresh_lists
    forbid_service_starts
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$state/apt.log" 2>&1 9>&- ||
        impossible "apt-get could not install $* ($(tail -n 1 "$state/apt.log"))"
}

# --- the engine -----------------------------------------------------------------------------------------------

# A pid file that outlived its process (a restored machine, a power cut) may name a stranger by now, and
# dockerd would refuse to start, or wait for a containerd that is none.
forget_stale_pid() {
    [ -e "$1" ] || return 0
    if [ "$(cat "/proc/$(cat "$1")/comm" 2>/dev/null)" != "$2" ]; then
        rm -f "$1"
    fi
}

start_engine() {
    [ "$(id -u)" = 0 ] || impossible "no Docker Engine answers to this user, and only root can start one"
    engine_pid=
    if [ -d /run/systemd/system ]; then
        say "starting docker.service"
        systemctl start docker >&2 || impossible "docker.service does not start (journalctl -u docker)"
    else
        say "starting dockerd (log: $state/dockerd.log)"
        forget_stale_pid "$state/dockerd.pid" dockerd
        forget_stale_pid /var/run/docker/containerd/containerd.pid containerd
        setsid dockerd --pidfile "$state/dockerd.pid" >"$state/dockerd.log" 2>&1 </dev/null 9>&- &
        engine_pid=$!
    fi
    tries=0
    until engine_answers; do
        tries=$((tries + 1))
        { [ "$tries" -le 150 ] && { [ -z "$engine_pid" ] || kill -0 "$engine_pid" 2>/dev/null; }; } ||
            impossible "dockerd does not answer ($(tail -n 1 "$state/dockerd.log" 2>/dev/null))"
        sleep 0.2
    done
}

# --- Compose v2 -----------------------------------------------------------------------------------------------

candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v none || true; }

install_compose() {
    can_install || impossible "no Compose v2 ('docker compose version'), and it can only be installed as root on Debian or Ubuntu"
    refresh_lists
    if [ -n "$(candidate docker-compose-v2)" ]; then
        install docker-compose-v2
        return
    fi
    case $(candidate docker-compose) in
        "") impossible "the distribution has no Compose v2" ;;
        1.*) compose_from_next_release ;;
        *) install docker-compose ;;
    esac
}

# Debian 12 stops at Compose 1. Debian 13's package needs nothing that Debian 12 lacks, so its plugin is taken from
# the same mirror, through apt (which verifies the archive's signature), without telling the system about trixie.
compose_from_next_release() {
    # shellcheck disable=SC2016 # apt's own placeholder
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    [ -n "$mirror" ] || impossible "no Debian mirror among apt's sources to take Compose v2 from"
    say "taking Compose v2 out of Debian 13's docker-compose"
    work=$(mktemp -d "$state/compose.XXXXXX")
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    printf 'deb [signed-by=%s] %s trixie main\n' "$keyring" "$mirror" > "$work/sources.list"
    apt_aside() {
        apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User=root \
            -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" "$@" >>"$state/apt.log" 2>&1
    }
    (cd "$work" && apt_aside update && apt_aside download docker-compose) ||
        impossible "Debian 13's docker-compose could not be fetched ($(tail -n 1 "$state/apt.log"))"
    dpkg-deb -x "$work"/docker-compose_*.deb "$work/x"
    mkdir -p /usr/local/lib/docker/cli-plugins
    cp "$work/x/usr/libexec/docker/cli-plugins/docker-compose" /usr/local/lib/docker/cli-plugins/.docker-compose.new
    chmod 755 /usr/local/lib/docker/cli-plugins/.docker-compose.new
    mv /usr/local/lib/docker/cli-plugins/.docker-compose.new /usr/local/lib/docker/cli-plugins/docker-compose
    rm -rf "$work"
}

# --- all of it ------------------------------------------------------------------------------------------------

wanted=$(missing_packages | tr '\n' ' ')
if [ -n "$wanted" ]; then
    can_install || impossible "missing: $wanted(installed automatically only as root on Debian or Ubuntu)"
    # shellcheck disable=SC2086 # a list of package names
    install $wanted
fi
engine_answers || start_engine
compose_is_v2 || install_compose
compose_is_v2 || impossible "Compose v2 was installed but 'docker compose version' does not find it"
. "$here/images.sh"
prepare_images
say "ready: Docker $(docker version --format '{{.Server.Version}}'), Compose $(compose_version), $(sshd -V 2>&1 | grep -o 'OpenSSH_[0-9a-z.]*' | head -n 1)"
