# --- releases: unpacked beside, checked whole, then given their name --------------------------------------------

# arrived DEST → bytes of the release's archive that a broken transfer left here. A sender that still hangs on it is
# cut off: it writes on into a file that has no name any more, and what it brought so far stays.
verb_arrived() {
    owned "$1" releases
    local file="${1%/releases/*}/incoming/${1##*/}"
    if [ ! -f "$file" ]; then
        printf '0\n'
        return 0
    fi
    if ! { exec 8<"$file" && take 8 1; }; then
        cp -- "$file" "$file.new.$$" && mv -f "$file.new.$$" "$file" || exit 1
    fi
    stat -c %s "$file"
}

# unpack DEST MANIFEST_SHA256 SIZE OFFSET BASE|-, a .tar.gz of SIZE bytes on stdin from OFFSET on, with manifest and
# tree/…: DEST appears complete or not at all. Of BASE, a release beside it, come the files whose line in the manifest
# is the same; the archive holds the others. Status 67: BASE is not what it was.
verb_unpack() {
    owned "$1" releases
    number "$3"
    number "$4"
    local dest="$1" state="${1%/releases/*}" part="$1.part.$$" base=- old
    if [ -d "$dest" ]; then
        [ "$(sha_of "$dest/manifest")" = "$2" ] || die 65 "another release has this name: $dest"
        return 0
    fi
    if [ "$5" != - ]; then
        owned "$5" releases
        base=$5
        [ -f "$base/manifest" ] && [ -d "$base/tree" ] || die 67 "the release that this one builds on is gone: $base"
    fi
    make_state_dir "$state"
    mkdir -p "${dest%/*}" || exit 1
    for old in "$dest".part.*; do wipe "$old"; done
    archive_arrives "$state/incoming" "${dest##*/}" "$3" "$4"
    work_in "$part"
    mv "$state/incoming/${dest##*/}" "$part/archive" || exit 1
    tar -xzOf "$part/archive" manifest >"$part/manifest" 2>/dev/null || die 1 "the archive did not arrive whole"
    [ "$(sha_of "$part/manifest")" = "$2" ] || die 1 "the manifest is not the one that was promised"
    manifest_check "$part/manifest"
    if [ "$base" = - ]; then
        manifest_paths "$part/manifest"
    else
        carried "$part/manifest" "$base/manifest"
    fi >"$part/carried"
    archive_check "$part"
    if [ "$base" != - ]; then
        before_linking "$base"
        link_shared "$base" "$part"
    fi
    tar -xzof "$part/archive" -C "$part" || die 1 "the archive could not be unpacked"
    mkdir -p "$part/tree" && find "$part/tree" -type d -exec chmod 755 {} + || exit 1
    under "$part/tree" "$part/carried" chmod 644 || die 1 "the archive could not be unpacked"
    sed -n 's/^.\{64\}  755  //p' "$part/manifest" >"$part/programs"
    listed "$part/carried" "$part/programs" >"$part/executables"
    under "$part/tree" "$part/executables" chmod 755 || exit 1
    release_check "$part" "$base"
    release_seal "$part" "$dest"
}

# release_check PART BASE: every file is there with its hash and x bit, and nothing else is. What arrived is hashed.
release_check() {
    (tree_names "$1/tree" "$1/manifest") || {
        local status=$?
        [ "$2" != - ] || exit $status
        base_changed "$2" "it has other files"
    }
    differing "$1/tree" "$1/manifest" >"$work/different"
    [ -s "$work/different" ] || return 0
    [ -z "$(listed "$1/carried" "$work/different")" ] || die 1 "a file's hash is not that of the manifest"
    base_changed "$2" "$(head -n 1 "$work/different")"
}

# archive_arrives INCOMING NAME SIZE OFFSET: what others left goes; what arrived of a broken transfer stays for the next.
archive_arrives() {
    local file="$1/$2" old
    mkdir -p "$1" || exit 1
    for old in "$1"/*; do [ "$old" = "$file" ] || rm -f "$old"; done
    [ "$4" -gt 0 ] || rm -f "$file"
    exec 8>>"$file" && take 8 3 || die 75 "another transfer of this release goes on"
    [ "$(stat -c %s "$file")" = "$4" ] || die 75 "another transfer of this release went on meanwhile"
    cat >&8 && [ "$(stat -c %s "$file")" = "$3" ] || die 1 "the archive did not arrive whole"
    exec 8>&-
}

# carried MANIFEST BASE_MANIFEST → the paths that an archive on top of that base must hold.
carried() {
    awk -v base="$2" '
        BEGIN { while ((getline line < base) > 0) has[line] = 1 }
        !($0 in has) { print substr($0, 72) }' "$1"
}

# link_shared BASE PART: what BASE has in common with the new release is shared with it, never with the live tree.
# All of it is linked at once, then what does not belong leaves: one process instead of one for every folder.
link_shared() {
    cp -al "$1/tree" "$2/tree" 2>/dev/null || { wipe "$2/tree" && cp -a "$1/tree" "$2/tree"; } ||
        base_changed "$1" "it could not be copied"
    find "$2/tree" ! -type f ! -type d -exec rm -f {} + || exit 1
    manifest_paths "$2/manifest" >"$work/paths"
    unlisted "$2/carried" "$work/paths" >"$work/shared"
    (cd "$2/tree" && find . -type f) | sed 's|^\./||' >"$work/linked"
    unlisted "$work/shared" "$work/linked" >"$work/leaving"
    under "$2/tree" "$work/leaving" rm -f || exit 1
    [ ! -s "$work/leaving" ] || find "$2/tree" -depth -type d -exec rmdir {} + 2>/dev/null
    mkdir -p "$2/tree"
}

# base_changed BASE WHY: the next plan builds on nothing, and everything travels.
base_changed() {
    : >"$1/unusable"
    die 67 "the release that this one builds on is not what it was: $1: $2"
}

release_seal() {
    local part="$1" dest="$2" file
    set --
    for file in "$part"/*; do
        case "${file##*/}" in tree | manifest) ;; *) set -- "$@" "$file" ;; esac
    done
    rm -rf "$@"
    flush_all "$part"
    mv -T "$part" "$dest" || die 1 "the release could not be given its name"
    flush "${dest%/*}"
}

# archive_check PART: before anything is unpacked, every member's name and type is known and wanted.
archive_check() {
    local literal=
    ! tar --version 2>/dev/null | grep -q GNU || literal=--quoting-style=literal
    tar $literal -tzf "$1/archive" >"$1/names" && tar $literal -tvzf "$1/archive" >"$1/types" ||
        die 1 "the archive did not arrive whole"
    ! grep -v '^[-d]' "$1/types" >/dev/null || die 66 "the archive holds something that is no file and no directory"
    # busybox lists a hard link as a file with an arrow
    [ "$(grep -c -e ' -> ' -e ' link to ' "$1/types")" = "$(grep -c -e ' -> ' -e ' link to ' "$1/names")" ] ||
        die 66 "the archive holds a link"
    grep -v '/$' "$1/names" | sort >"$1/members"
    sed 's|^|tree/|' "$1/carried" >"$1/paths"
    { printf 'manifest\n' && cat "$1/paths"; } | sort >"$1/promised"
    cmp -s "$1/members" "$1/promised" || die 66 "the archive holds other names than its manifest"
    { printf 'tree\n' && parents "$1/paths"; } >"$1/parents"
    sed -n 's|/$||p' "$1/names" >"$1/directories"
    [ -z "$(unlisted "$1/parents" "$1/directories")" ] || die 66 "the archive holds other directories than its manifest"
}

# releases STATE → every release that was recorded and is still whole enough to come back: \036, its name, its record.
verb_releases() {
    state_dir "$1"
    local dir
    for dir in "$1"/releases/*/; do
        dir=${dir%/}
        [ -f "$dir/release.json" ] && [ -f "$dir/manifest" ] && [ -d "$dir/tree" ] && [ ! -L "$dir" ] || continue
        printf '\036%s\n' "${dir##*/}"
        cat "$dir/release.json" || exit 1
    done
}

# intact TREE MANIFEST SHA256: every file of the manifest is in TREE as it was shipped. SHA256 may be its beginning.
# Links to the server's env files may stand beside them: a build needs those.
verb_intact() {
    absolute "$1"
    absolute "$2"
    [ -d "$1" ] || die 4 "no such tree: $1"
    manifest_check "$2"
    case "$(sha_of "$2")" in "$3"*) ;; *) die 1 "the manifest is not the one that was recorded" ;; esac
    work_in "$2.intact.$$"
    manifest_paths "$2" >"$work/paths"
    no_detours "$1" "$work/paths"
    differing "$1" "$2" >"$work/different"
    [ ! -s "$work/different" ] || die 1 "not as it was shipped: $(head -n 1 "$work/different")"
}

# drift LIVE MANIFEST|- [OLD|-]: what of a manifest (-: it comes on stdin) is not in LIVE as it says: "gone - - <path>",
# "odd - - <path>" for what is no file that we can read, else "<sha256> <bytes> <644|755> <path>". The first 200; the last
# line is "<count>". With OLD, the manifest of what is live (-: none), only what a swap would replace unseen: what stands
# there and is not as OLD says either.
verb_drift() {
    absolute "$1"
    [ -d "$1" ] || die 4 "no such tree: $1"
    mkdir -p "${HOME:-/tmp}/.opsgate" && work_in "${HOME:-/tmp}/.opsgate/drift.$$"
    local manifest="$2" path mode
    if [ "$manifest" = - ]; then
        manifest=$work/manifest
        receive "$manifest" || die 1 "the manifest did not arrive whole"
    else
        absolute "$manifest"
    fi
    manifest_check "$manifest"
    if [ $# -eq 3 ]; then
        replaced "$1" "$manifest" "$3" >"$work/different"
    else
        differing "$1" "$manifest" >"$work/different"
    fi
    head -n 200 "$work/different" | while IFS= read -r path; do
        if [ -f "$1/$path" ] && [ ! -L "$1/$path" ] && [ -r "$1/$path" ]; then
            [ -x "$1/$path" ] && mode=755 || mode=644
            printf '%s %s %s %s\n' "$(sha_of "$1/$path")" "$(stat -c %s "$1/$path")" "$mode" "$path"
        elif [ -e "$1/$path" ] || [ -L "$1/$path" ]; then
            printf 'odd - - %s\n' "$path"
        else
            printf 'gone - - %s\n' "$path"
        fi
    done
    printf '%s\n' "$(($(wc -l <"$work/different")))"
}

# replaced LIVE MANIFEST OLD|- → the paths of MANIFEST where something stands that neither manifest knows.
replaced() {
    local path
    : >"$work/as-old"
    if [ "$3" != - ]; then
        absolute "$3"
        manifest_check "$3"
        differing "$1" "$3" >"$work/edited"
        manifest_paths "$3" >"$work/old-paths"
        unlisted "$work/edited" "$work/old-paths" >"$work/as-old"
    fi
    differing "$1" "$2" "${3%/manifest}/index.live" >"$work/not-new"
    unlisted "$work/as-old" "$work/not-new" | while IFS= read -r path; do
        [ ! -e "$1/$path" ] && [ ! -L "$1/$path" ] || printf '%s\n' "$path"
    done
}

# remove-tree STATE releases/<id>|jobs/<id>: one release, or one job that has ended, and nothing else → the bytes of its
# files that no other release shares.
verb_remove_tree() {
    local own
    state_dir "$1"
    dir=$1/$2
    case "$2" in
        releases/*) owned "$dir" releases ;;
        *)
            owned "$dir" jobs
            job_state
            [ "$j_state" != running ] || die 75 "the job is running"
            ;;
    esac
    own=$(find "$dir" -type f -exec stat -c '%h %s' {} + 2>/dev/null | awk '$1 == 1 { sum += $2 } END { printf "%.0f", sum }')
    wipe "$dir" && printf '%s\n' "$own"
}
