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
    keep_list "$@"
    if [ -d "$undo" ]; then
        cmp -s "$new" "$undo/new" || die 65 "another swap was begun under this name: $undo"
    else
        swap_plan "$live" "$new" "$old" "$undo"
    fi
    undo_read "$live" "$undo"
    differing "$live" "$new" >"$work/different"
    sort "$undo/changed" "$undo/added" >"$work/ours"
    listed "$work/ours" "$work/different" >"$work/todo"
    manifest_sums "$new" >"$work/every-sum"
    sums_of "$work/todo" "$work/every-sum" >"$work/sums"
    stage_clear "$live" "$work/ours"
    bring "$tree" "$live" "$undo/directories" "$undo/removed" "$work/emptied"
    present "$live" "$undo/removed" >"$work/leaving"
    under "$live" "$work/leaving" rm -f || die 1 "an old file could not be removed"
    drop_empty "$live" "$work/emptied"
    flush_all "$live"
    differing "$live" "$new" >"$work/different"
    [ ! -s "$work/different" ] || die 1 "changed by somebody else meanwhile: $(head -n 1 "$work/different")"
    say "swapped: $(($(wc -l <"$undo/added"))) added, $(($(wc -l <"$undo/changed"))) changed, $(($(wc -l <"$undo/removed"))) removed"
}

# swap_plan LIVE NEW OLD UNDO: what will be done, on the disk before any of it is.
swap_plan() {
    local path
    leaving "$1" "$2" "$3" "$work/keep"
    unlisted "$work/removed" "$work/still-there" | sed 's|^|opsgate: left in place, since it was changed after its release: |' >&2
    no_detours "$1" "$work/named" "$work/removed" "$work/emptied"
    mkdir "$work/undo" || exit 1
    listed_modes "$work/emptied" >"$work/undo/emptied"
    differing "$1" "$2" "${3%/manifest}/index.live" >"$work/different"
    present "$1" "$work/different" >"$work/undo/changed"
    unlisted "$work/undo/changed" "$work/different" >"$work/undo/added"
    mv "$work/removed" "$work/undo/removed"
    sort "$work/undo/changed" "$work/undo/added" "$work/undo/removed" >"$work/ours"
    parents "$work/ours" | while IFS= read -r path; do
        if [ ! -d "$1/$path" ]; then
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

# listed_modes LIST → the lines of $work/modes for these paths.
listed_modes() {
    awk -v list="$1" '
        BEGIN { while ((getline path < list) > 0) is[path] = 1 }
        { path = $0; sub(/^[^ ]* [^ ]* [^ ]* /, "", path) }
        path in is' "$work/modes"
}

# undo_read LIVE UNDO: $work/emptied, the folders that the swap empties; refuses detours at every path that it touches,
# whether it has come that far or not. Records of older versions name no folders.
undo_read() {
    : >"$work/modes"
    [ ! -f "$2/emptied" ] || cat "$2/emptied" >"$work/modes"
    sed 's|^[^ ]* [^ ]* [^ ]* ||' "$work/modes" >"$work/emptied"
    sort "$2/changed" "$2/added" "$2/removed" >"$work/ours"
    sort "$2/added" "$2/removed" >"$work/come-and-go"
    sort "$2/directories" "$work/emptied" >"$work/made-and-emptied"
    no_detours "$1" "$work/ours" "$work/come-and-go" "$work/made-and-emptied"
}

# bring FROM LIVE DIRECTORIES FILES FOLDERS: puts the paths of $work/todo, their hashes in $work/sums, from FROM into LIVE,
# where DIRECTORIES are made for them. What of FILES and FOLDERS stands in their way leaves, when all the rest is staged.
bring() {
    crossing "$4" "$work/todo" >"$work/later"
    below "$4" "$3" >"$work/later-directories"
    unlisted "$work/later" "$work/todo" >"$work/sooner"
    unlisted "$work/later-directories" "$3" >"$work/sooner-directories"
    if [ -s "$work/later" ]; then
        find_way "$2" "$work/later" "$4" "$5"
        (cd "$1" && sha256sum -c "$work/sums" >/dev/null 2>&1) || die 1 "a file to put in place is not what it should be"
    fi
    make_directories "$2" "$work/sooner-directories"
    stage "$1" "$2" "$work/sooner"
    if [ -s "$work/later" ]; then
        make_way "$2" || { stage_clear "$2" "$work/sooner"; die 66 "what is in the way of the files does not leave"; }
        make_directories "$2" "$work/later-directories"
        stage "$1" "$2" "$work/later"
    fi
    stage_check "$2"
    stage_commit "$2" "$work/todo"
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
# stage_check LIVE: $work/sums ("<sha256>  ./<path>") are the hashes of what was staged from $work/todo.
stage_check() {
    [ -s "$work/sums" ] || return 0
    awk -v stage="$STAGE" '{
        path = substr($0, 69); name = path; sub(/.*\//, "", name)
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
    local live="$1" files="$2/files" undo="$3"
    [ -d "$undo" ] || return 0
    mkdir -p "${undo%/*}" && work_in "$undo.work"
    sort "$undo/changed" "$undo/removed" >"$work/todo"
    undo_read "$live" "$undo"
    present "$files" "$work/todo" >"$work/kept"
    cmp -s "$work/kept" "$work/todo" || die 1 "the safety copy lacks files that were there"
    stage_clear "$live" "$work/ours"
    under "$files" "$work/todo" sha256sum >"$work/sums" || die 1 "the safety copy could not be read"
    { parents "$work/todo" && cat "$work/emptied"; } | sort -u >"$work/directories"
    bring "$files" "$live" "$work/directories" "$undo/added" "$undo/directories"
    present "$live" "$undo/added" >"$work/leaving"
    under "$live" "$work/leaving" rm -f || die 1 "an added file could not be removed"
    drop_empty "$live" "$undo/directories"
    restore_modes "$live" "$work/modes"
    flush_all "$live"
    : | put "$undo/undone"
    say "taken back: $(($(wc -l <"$work/todo"))) files restored, $(($(wc -l <"$undo/added"))) removed"
}
