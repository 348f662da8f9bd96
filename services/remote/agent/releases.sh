# --- releases: unpacked beside, checked whole, then given their name --------------------------------------------

# unpack DEST MANIFEST_SHA256, a .tar.gz on stdin with manifest and tree/…: DEST appears complete or not at all.
verb_unpack() {
    owned "$1" releases
    local dest="$1" state="${1%/releases/*}" part="$1.part.$$" old
    if [ -d "$dest" ]; then
        [ "$(sha_of "$dest/manifest")" = "$2" ] || die 65 "another release has this name: $dest"
        return 0
    fi
    make_state_dir "$state"
    mkdir -p "${dest%/*}" || exit 1
    for old in "$dest".part.*; do wipe "$old"; done
    work_in "$part"
    cat >"$part/archive" || die 1 "the archive could not be stored"
    tar -xzOf "$part/archive" manifest >"$part/manifest" 2>/dev/null || die 1 "the archive did not arrive whole"
    [ "$(sha_of "$part/manifest")" = "$2" ] || die 1 "the manifest is not the one that was promised"
    manifest_check "$part/manifest"
    archive_check "$part"
    tar -xzof "$part/archive" -C "$part" || die 1 "the archive could not be unpacked"
    mkdir -p "$part/tree" && tree_check "$part/tree" "$part/manifest"
    find "$part/tree" -type d -exec chmod 755 {} + && find "$part/tree" -type f -exec chmod 644 {} + || exit 1
    sed -n 's/^.\{64\}  755  //p' "$part/manifest" >"$part/programs"
    under "$part/tree" "$part/programs" chmod 755 || exit 1
    release_seal "$part" "$dest"
}

release_seal() {
    local file
    for file in "$1"/*; do
        case "${file##*/}" in tree | manifest) ;; *) rm -rf "$file" ;; esac
    done
    flush_all "$1"
    mv -T "$1" "$2" || die 1 "the release could not be given its name"
    flush "${2%/*}"
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
    { printf 'manifest\n' && manifest_paths "$1/manifest" | sed 's|^|tree/|'; } | sort >"$1/promised"
    cmp -s "$1/members" "$1/promised" || die 66 "the archive holds other names than its manifest"
    manifest_paths "$1/manifest" | sed 's|^|tree/|' >"$1/paths"
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

# compare NEW OLD → "<changed> <added> <removed>": files by which two manifests differ.
verb_compare() {
    absolute "$1"
    absolute "$2"
    manifest_check "$1"
    manifest_check "$2"
    awk -v old="$2" '
        BEGIN { while ((getline line < old) > 0) was[substr(line, 72)] = substr(line, 1, 67) }
        {
            path = substr($0, 72)
            if (!(path in was)) added++
            else if (was[path] != substr($0, 1, 67)) changed++
            delete was[path]
        }
        END {
            for (path in was) removed++
            print changed + 0, added + 0, removed + 0
        }' "$1"
}

# remove-tree STATE releases/<id>|jobs/<id>: one release, or one job that has ended, and nothing else.
verb_remove_tree() {
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
    wipe "$dir"
}
