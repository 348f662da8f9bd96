# --- manifests: "<sha256>  <644|755>  <path>" per file, and trees compared with them ----------------------------
STAGE=.opsgate-new

sha_of() { sha256sum "$1" 2>/dev/null | cut -c1-64; }
# manifest_paths MANIFEST. "-" is an empty one.
manifest_paths() { [ "$1" = - ] || cut -c72- "$1"; }
# manifest_sums MANIFEST: as sha256sum -c reads it.
manifest_sums() { sed 's/^\(.\{64\}\)  ...  /\1  .\//' "$1"; }

# manifest_check MANIFEST: refuses what could lead out of a tree, or is not a manifest at all.
manifest_check() {
    [ "$1" != - ] || return 0
    [ -f "$1" ] || die 4 "no such manifest: $1"
    awk '
        function bad(why) { print "opsgate: line " NR " of the manifest: " why > "/dev/stderr"; failed = 1; exit 1 }
        {
            hash = substr($0, 1, 64); mode = substr($0, 65, 7); path = substr($0, 72)
            if (hash ~ /[^0-9a-f]/ || length(hash) != 64) bad("no SHA-256")
            if (mode != "  644  " && mode != "  755  ") bad("no mode")
            if (path == "" || path ~ /^\// || path ~ /\/$/ || path ~ /\/\//) bad("not a relative path")
            if (("/" path "/") ~ /\/\.\.?\//) bad("a path that leads elsewhere")
            if (path ~ /[\001-\037\177\\]/) bad("a path with control characters or backslashes")
            if (("/" path "/") ~ /\/\.opsgate-new\//) bad("a name that is ours")
            if (path in seen) bad("a path twice")
            seen[path] = 1
        }
        END {
            if (failed) exit 1
            for (path in seen) {
                parent = path
                while (sub(/\/[^\/]*$/, "", parent)) if (parent in seen) bad("a file is a directory as well: " parent)
            }
        }' "$1" || die 66 "not a sound manifest: $1"
}

# known MANIFEST|- → the same, or "-" where it is gone: nobody knows any more which files were of that release.
known() {
    if [ "$1" = - ] || [ -f "$1" ]; then
        printf '%s\n' "$1"
    else
        say "the old release's manifest is gone, so no file is taken for its: $1"
        printf '%s\n' -
    fi
}

# under TREE LIST COMMAND...: runs the command in TREE with the paths of LIST as arguments, however many.
under() {
    local tree="$1" list="$2"
    shift 2
    [ -s "$list" ] || return 0
    sed 's|^|./|' "$list" | tr '\n' '\0' | (cd "$tree" && xargs -0 "$@")
}

# unchanged LIVE MANIFEST LIST → the paths of LIST whose file in LIVE still has the content that MANIFEST gave it.
unchanged() {
    [ -s "$3" ] || return 0
    awk -v list="$3" 'BEGIN { while ((getline path < list) > 0) wanted[path] = 1 } substr($0, 72) in wanted' "$2" >"$work/given"
    manifest_sums "$work/given" | (cd "$1" && sha256sum -c 2>/dev/null) | sed -n 's|^\./\(.*\): OK$|\1|p'
}

# parents LIST → every directory above the paths, each once, the upper one first.
parents() {
    awk -F/ '{
        dir = ""
        for (i = 1; i < NF; i++) {
            dir = dir (i > 1 ? "/" : "") $i
            if (!(dir in seen)) { seen[dir] = 1; print dir }
        }
    }' "$1"
}

# present LIVE LIST → the paths that are regular files in LIVE.
present() {
    local path
    while IFS= read -r path; do
        [ ! -f "$1/$path" ] || printf '%s\n' "$path"
    done <"$2"
}

# listed OTHER LIST → the paths of LIST that stand in OTHER too; unlisted: those that do not.
listed() { awk -v other="$1" 'BEGIN { while ((getline path < other) > 0) in_other[path] = 1 } $0 in in_other' "$2"; }
unlisted() { awk -v other="$1" 'BEGIN { while ((getline path < other) > 0) in_other[path] = 1 } !($0 in in_other)' "$2"; }

# work_in DIRECTORY: a place for lists, gone when this process ends; what killed ones left goes first.
work_in() {
    wipe "$1"
    mkdir "$1" || exit 1
    work=$1
    trap 'rm -rf "$work"' EXIT
    trap 'exit 143' TERM HUP INT
}

# tree_names TREE MANIFEST: exactly these files, and nothing but files and directories.
tree_names() {
    local odd
    odd=$(cd "$1" && find . ! -type f ! -type d | head -n 1)
    [ -z "$odd" ] || die 66 "neither a file nor a directory: $odd"
    (cd "$1" && find . -type f) | sed 's|^\./||' | sort >"$work/there"
    manifest_paths "$2" | sort >"$work/wanted"
    cmp -s "$work/there" "$work/wanted" || die 1 "the files are not those of the manifest"
}

# tree_check TREE MANIFEST: the same with every file's hash.
tree_check() {
    manifest_check "$2"
    tree_names "$1" "$2"
    [ -s "$work/wanted" ] || return 0
    manifest_sums "$2" | (cd "$1" && sha256sum -c >/dev/null 2>&1) || die 1 "a file's hash is not that of the manifest"
}

# verify TREE MANIFEST
verb_verify() {
    absolute "$1"
    absolute "$2"
    [ -d "$1" ] || die 4 "no such tree: $1"
    work_in "$2.verify.$$"
    tree_check "$1" "$2"
}
