# The practice images, made on the spot because no image registry can be assumed. Read by prepare.sh, whose
# `say`, `impossible`, `has`, `can_install`, `install`, `refresh_lists`, `$here` and `$state` it uses.
# shellcheck shell=sh disable=SC1091,SC2154
#
# Each image carries the hash of its recipe as the label opsgate.recipe and is made again only when that changes.

practice=opsgate-practice
recipe_label=opsgate.recipe

hash_of() { cat "$@" | sha256sum | cut -c1-16; }

recipe_of() {
    if [ "$1" = base ]; then
        hash_of "$here/images.sh"
    else
        hash_of "$here/images.sh" "$here/images/$1"/*
    fi
}

is_current() {
    [ "$(docker image inspect --format "{{index .Config.Labels \"$recipe_label\"}}" "$practice/$1:1" 2>/dev/null)" = "$(recipe_of "$1")" ]
}

prepare_images() {
    for name in postgres flask nginx; do
        if ! is_current "$name"; then
            is_current base || make_base
            make_image "$name"
        fi
    done
    forget_replaced
}

# Images of earlier recipes that nothing uses any more; those still in use are refused and stay.
forget_replaced() {
    docker image ls --quiet --filter dangling=true --filter "label=$recipe_label" | xargs -r docker image rm >/dev/null 2>&1 || true
}

make_image() {
    say "building $practice/$1:1"
    # The classic builder: Docker's command line refuses BuildKit without its buildx plugin. The network is the
    # host's, for the mirror that apt in the build needs.
    DOCKER_BUILDKIT=0 docker build --quiet --network host --force-rm \
        --build-arg http_proxy --build-arg https_proxy --build-arg no_proxy \
        --label "$recipe_label=$(recipe_of "$1")" --tag "$practice/$1:1" "$here/images/$1" >"$state/build.log" 2>&1 ||
        impossible "$practice/$1:1 cannot be built ($(tail -n 1 "$state/build.log"); more in $state/build.log)"
}

# The base is the machine's own distribution, from the machine's own mirror; without root or debootstrap,
# Docker Hub's Debian, if it can be reached.
make_base() {
    if can_install; then
        has debootstrap || install debootstrap
        bootstrap_base
    else
        say "pulling debian:bookworm-slim"
        docker pull --quiet debian:bookworm-slim >"$state/build.log" 2>&1 ||
            impossible "no practice images: debootstrap needs root on Debian or Ubuntu, and the registry does not answer"
        printf 'FROM debian:bookworm-slim\nENV LANG=C.UTF-8\nLABEL %s=%s\n' "$recipe_label" "$(recipe_of base)" |
            DOCKER_BUILDKIT=0 docker build --quiet --tag "$practice/base:1" - >/dev/null
    fi
}

bootstrap_base() {
    refresh_lists
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # The first index of the plain suite (not -updates, not -security): "mirror component component …".
    # shellcheck disable=SC2016 # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" | head -n 1)
    # shellcheck disable=SC2016
    components=$(apt-get indextargets --format '$(COMPONENT)' 'Created-By: Packages' "Codename: $suite" | sort -u | paste -sd, -)
    [ -n "$mirror" ] || impossible "apt's sources name no mirror for $suite"
    say "building $practice/base:1 ($suite; about half a minute)"
    rootfs=$(mktemp -d "$state/rootfs.XXXXXX")
    debootstrap --variant=minbase --components="$components" --include=ca-certificates \
        "$suite" "$rootfs" "$mirror" >"$state/debootstrap.log" 2>&1 ||
        { rm -rf "$rootfs"; impossible "debootstrap failed ($(tail -n 1 "$state/debootstrap.log"))"; }
    adapt_to_this_machine "$rootfs"
    slim_down "$rootfs"
    tar -C "$rootfs" --numeric-owner -c . |
        docker import --change 'ENV LANG=C.UTF-8' --change "LABEL $recipe_label=$(recipe_of base)" - "$practice/base:1" >/dev/null
    rm -rf "$rootfs"
}

# What apt on this machine needs to reach its mirror, apt in a build needs too: certificates and proxies.
adapt_to_this_machine() {
    if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
        cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
    fi
    apt-config dump | grep -E '^Acquire::[^ ]*::Proxy' > "$1/etc/apt/apt.conf.d/80machine" || true
}

slim_down() {
    cat > "$1/etc/dpkg/dpkg.cfg.d/slim" <<'END'
path-exclude /usr/share/doc/*
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/info/*
END
    rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/* "$1"/usr/share/info/* \
        "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/*
    # A build asks nobody and needs no fsync per file.
    echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
    printf 'Acquire::Languages "none";\n' > "$1/etc/apt/apt.conf.d/80no-languages"
}
