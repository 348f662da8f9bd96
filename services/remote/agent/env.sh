# --- the env file: put in place whole, and brought back -----------------------------------------------------------
# ENV/<operation>      the file as it was before that operation        ENV/<operation>.new   the one that takes its place

# swap-env LIVE OLD NEW: NEW becomes LIVE in one rename, with LIVE's mode and owner. OLD is what LIVE is known to be.
verb_swap_env() {
    need cmp
    owned "$2" env
    owned "$3" env
    env_live "$1"
    [ -f "$2" ] && [ -f "$3" ] || die 4 "the env file was not prepared"
    rm -f "$live".opsgate.*
    ! cmp -s "$live" "$3" || return 0
    cmp -s "$live" "$2" || die 65 "the env file was changed meanwhile: $live"
    env_put "$live" "$3"
}

# unswap-env LIVE OLD: what was there before; nothing where nothing was prepared.
verb_unswap_env() {
    need cmp
    owned "$2" env
    [ -f "$2" ] || return 0
    env_live "$1"
    rm -f "$live".opsgate.* # of a swap that was ended while it wrote: every value stands in it
    cmp -s "$live" "$2" || env_put "$live" "$2"
}

# tidy-env ENV KEEP: the newest KEEP previous files stay, nothing else.
verb_tidy_env() {
    absolute "$1"
    number "$2"
    [ "${1##*/}" = env ] || die 66 "not a folder of previous env files: $1"
    state_dir "${1%/*}"
    [ -d "$1" ] && [ ! -L "$1" ] || return 0
    find "$1" -type f \( -name '*.new' -o -name '*.in.*' \) -exec rm -f {} +
    find "$1" -type f -name 'op-*' | LC_ALL=C sort -r | tail -n "+$(($2 + 1))" | while IFS= read -r old; do rm -f "$old"; done
}

# forget-env OLD NEW: of an operation that did not come to its end, or whose file was brought back.
verb_forget_env() {
    owned "$1" env
    owned "$2" env
    rm -f "$1" "$2"
}

# live: the file itself, also where a link leads to it.
env_live() {
    absolute "$1"
    [ -e "$1" ] || die 4 "no such file: $1"
    live=$(readlink -f "$1") || exit 1
    [ -f "$live" ] || die 66 "not a regular file: $live"
}
# env_put LIVE FROM: the rename is the only moment at which anything changes.
env_put() {
    local temp="$1.opsgate.$$"
    cp -p "$1" "$temp" || { rm -f "$temp"; die 1 "no room, or no right to write, beside $1"; }
    if [ "$(stat -c '%u %g' "$temp")" != "$(stat -c '%u %g' "$1")" ]; then
        rm -f "$temp"
        die 66 "the owner of $1 is not the user that Opsgate logs in as: it would not stay"
    fi
    chmod u+w "$temp" && cat "$2" >"$temp" && chmod "$(stat -c %a "$1")" "$temp" && cmp -s "$2" "$temp" && flush "$temp" ||
        { rm -f "$temp"; die 1 "the new env file could not be written"; }
    mv -f "$temp" "$1" && flush "${1%/*}"
}
