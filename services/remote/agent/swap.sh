# --- the live tree: swap, and the way back -----------------------------------------------------------------------

# swap LIVE TREE NEW_MANIFEST OLD_MANIFEST|- UNDO KEEP...: file by file, by rename. Killed and run again, it goes on.
# KEEP are paths that are never removed, also when an old release had them: they are the server's own.
verb_swap() {
    absolute "$1"
    absolute "$2"
    owned "$5" undo
    manifest_check "$3"
    local live="$1" tree="$2" new="$3" undo="$5" old
    old=$(known "$4")
    manifest_check "$old"
    [ -d "$live" ] || die 4 "no such directory: $live"
    [ ! -e "$undo/undone" ] || die 65 "this swap was taken back: $undo"
    mkdir -p "${undo%/*}" || exit 1
    work_in "$undo.work"
    shift 5
    if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi >"$work/keep"
    if [ -d "$undo" ]; then
        cmp -s "$new" "$undo/new" || die 65 "another swap was begun under this name: $undo"
        no_detours "$live" "$new"
    else
        swap_plan "$live" "$new" "$old" "$undo"
    fi
    differing "$live" "$new" >"$work/different"
    sort "$undo/changed" "$undo/added" >"$work/ours"
    listed "$work/ours" "$work/different" >"$work/todo"
    make_directories "$live" "$undo/directories"
    stage_clear "$live" "$work/ours"
    stage "$tree" "$live" "$work/todo"
    awk -v todo="$work/todo" 'BEGIN { while ((getline path < todo) > 0) wanted[path] = 1 }
        substr($0, 72) in wanted { print substr($0, 1, 64) "  " substr($0, 72) }' "$new" >"$work/sums"
    stage_check "$live"
    stage_commit "$live" "$work/todo"
    under "$live" "$undo/removed" rm -f || die 1 "an old file could not be removed"
    flush_all "$live"
    differing "$live" "$new" >"$work/different"
    [ ! -s "$work/different" ] || die 1 "changed by somebody else meanwhile: $(head -n 1 "$work/different")"
    say "swapped: $(($(wc -l <"$undo/added"))) added, $(($(wc -l <"$undo/changed"))) changed, $(($(wc -l <"$undo/removed"))) removed"
}

# swap_plan LIVE NEW OLD UNDO: what will be done, on the disk before any of it is.
swap_plan() {
    local path
    manifest_paths "$2" >"$work/new-paths"
    manifest_paths "$3" >"$work/old-paths"
    unlisted "$work/new-paths" "$work/old-paths" >"$work/not-new"
    unlisted "$work/keep" "$work/not-new" >"$work/gone"
    present "$1" "$work/gone" >"$work/still-there"
    unchanged "$1" "$3" "$work/still-there" >"$work/removed"
    unlisted "$work/removed" "$work/still-there" | sed 's|^|opsgate: left in place, since it was changed after its release: |' >&2
    sort -u "$work/new-paths" "$work/removed" >"$work/touched"
    no_detours "$1" "$work/touched"
    mkdir "$work/undo" || exit 1
    differing "$1" "$2" "${3%/manifest}/index.live" >"$work/different"
    present "$1" "$work/different" >"$work/undo/changed"
    unlisted "$work/undo/changed" "$work/different" >"$work/undo/added"
    mv "$work/removed" "$work/undo/removed"
    sort "$work/undo/changed" "$work/undo/added" "$work/undo/removed" >"$work/ours"
    parents "$work/ours" | while IFS= read -r path; do
        if [ ! -e "$1/$path" ]; then
            printf '%s\n' "$path"
        elif [ ! -w "$1/$path" ]; then
            printf '%s\n' "$path" >>"$work/unwritable"
        fi
    done >"$work/undo/directories"
    [ -w "$1" ] || printf '.\n' >>"$work/unwritable"
    [ ! -s "$work/unwritable" ] || die 66 "not writable for us: $1/$(head -n 1 "$work/unwritable")"
    cat "$2" >"$work/undo/new" || exit 1
    flush_all "$work/undo"
    mv -T "$work/undo" "$4" || exit 1
    flush "${4%/*}"
}

make_directories() {
    local path
    while IFS= read -r path; do
        [ -d "$1/$path" ] || (umask 022 && mkdir "$1/$path") || die 1 "a directory could not be made: $1/$path"
    done <"$2"
}

# by_directory LIST → "<directory><TAB><name>", one directory after the other.
by_directory() {
    awk '{
        name = $0; sub(/.*\//, "", name)
        dir = substr($0, 1, length($0) - length(name) - 1)
        print (dir == "" ? "." : dir) "\t" name
    }' "$1" | sort
}

# each_directory LIST DO A B: calls `DO A B <directory> <name>...`, with up to 200 names of one directory at a time.
each_directory() {
    local list="$1" do="$2" a="$3" b="$4" dir name last=
    by_directory "$list" >"$work/by-directory"
    set --
    while IFS=$TAB read -r dir name; do
        if [ "$dir" != "$last" ] || [ $# -ge 200 ]; then
            [ $# -eq 0 ] || "$do" "$a" "$b" "$last" "$@" || return 1
            set --
            last=$dir
        fi
        set -- "$@" "$name"
    done <"$work/by-directory"
    [ $# -eq 0 ] || "$do" "$a" "$b" "$last" "$@"
}

# Staging is a folder inside each target folder: the same file system for certain, and one process for many files.
stage_clear() {
    local path
    { printf '.\n' && parents "$2"; } >"$work/stages"
    while IFS= read -r path; do
        [ ! -e "$1/$path/$STAGE" ] || wipe "$1/$path/$STAGE"
    done <"$work/stages"
}
stage() {
    each_directory "$3" stage_some "$1" "$2" || { stage_clear "$2" "$3"; die 1 "the new files could not be copied beside the old ones"; }
}
stage_some() {
    local from="$1" to="$2" dir="$3"
    shift 3
    [ -d "$to/$dir/$STAGE" ] || mkdir "$to/$dir/$STAGE" || return 1
    copy_names "$from/$dir" "$to/$dir/$STAGE" "$@"
}
# copy_names FROM TO NAME...
copy_names() {
    local from="$1" to="$2" name
    shift 2
    for name; do
        set -- "$@" "$from/$name"
        shift
    done
    cp -p -- "$@" "$to/"
}
# stage_check LIVE: $work/sums ("<sha256>  <path>") are the hashes of what was staged from $work/todo.
stage_check() {
    [ -s "$work/sums" ] || return 0
    awk -v stage="$STAGE" '{
        path = substr($0, 67); name = path; sub(/.*\//, "", name)
        print substr($0, 1, 66) "./" substr(path, 1, length(path) - length(name)) stage "/" name
    }' "$work/sums" | (cd "$1" && sha256sum -c >/dev/null 2>&1) || {
        stage_clear "$1" "$work/todo"
        die 1 "a staged file is not what it should be"
    }
    flush_all "$1"
}
stage_commit() {
    each_directory "$2" commit_some "$1" - || die 1 "a file could not be put in its place"
    stage_clear "$1" "$2"
}
commit_some() {
    local to="$1/$3" left
    shift 3
    for left; do
        set -- "$@" "$to/$STAGE/$left"
        shift
    done
    mv -f -- "$@" "$to/"
}

# unswap LIVE BACKUP UNDO: exactly what was there before, also after half a swap. Nothing begun: nothing to do.
verb_unswap() {
    absolute "$1"
    absolute "$2"
    owned "$3" undo
    local live="$1" files="$2/files" undo="$3" path
    [ -d "$undo" ] || return 0
    mkdir -p "${undo%/*}" && work_in "$undo.work"
    sort "$undo/changed" "$undo/removed" >"$work/todo"
    sort "$work/todo" "$undo/added" >"$work/ours"
    no_detours "$live" "$work/ours"
    present "$files" "$work/todo" >"$work/kept"
    cmp -s "$work/kept" "$work/todo" || die 1 "the safety copy lacks files that were there"
    stage_clear "$live" "$work/ours"
    under "$files" "$work/todo" sha256sum >"$work/read" || die 1 "the safety copy could not be read"
    sed 's|^\(.\{64\}  \)\./|\1|' "$work/read" >"$work/sums"
    parents "$work/todo" >"$work/directories"
    make_directories "$live" "$work/directories"
    stage "$files" "$live" "$work/todo"
    stage_check "$live"
    stage_commit "$live" "$work/todo"
    under "$live" "$undo/added" rm -f || die 1 "an added file could not be removed"
    sort -r "$undo/directories" | while IFS= read -r path; do
        [ ! -d "$live/$path" ] || rmdir "$live/$path" 2>/dev/null
    done
    flush_all "$live"
    : | put "$undo/undone"
    say "taken back: $(($(wc -l <"$work/todo"))) files restored, $(($(wc -l <"$undo/added"))) removed"
}
