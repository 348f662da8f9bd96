# --- what stands where a release's files must go, and what of it may leave ----------------------------------------

# detours LIVE LIST FILES FOLDERS → "<what> <path>" for what keeps a path of LIST from going into LIVE. A file of FILES may
# stand where a folder must go, and a folder of FOLDERS where a file must go: those leave.
detours() {
    local path
    parents "$2" >"$work/parents"
    while IFS= read -r path; do
        if [ -L "$1/$path" ]; then
            printf 'link %s\n' "$path"
        elif [ -e "$1/$path" ] && [ ! -d "$1/$path" ]; then
            grep -Fxq -- "$path" "$3" || printf 'file %s\n' "$path"
        fi
    done <"$work/parents"
    while IFS= read -r path; do
        if [ -L "$1/$path" ]; then
            printf 'link %s\n' "$path"
        elif [ -d "$1/$path" ]; then
            grep -Fxq -- "$path" "$4" || printf 'folder %s\n' "$path"
        elif [ -e "$1/$path" ]; then
            if [ ! -f "$1/$path" ]; then printf 'odd %s\n' "$path"; fi
            if [ ! -r "$1/$path" ]; then printf 'closed %s\n' "$path"; fi
        fi
    done <"$2"
}

# no_detours LIVE LIST [FILES FOLDERS]: refuses when there is any. A file that we may not read is none for a rename.
no_detours() {
    local line
    detours "$1" "$2" "${3:-/dev/null}" "${4:-/dev/null}" | grep -v '^closed ' >"$work/detours"
    IFS= read -r line <"$work/detours" || return 0
    case "$line" in
        link*) die 66 "a symbolic link where a directory or a file is expected: $1/${line#* }" ;;
        file*) die 66 "a file where a directory must go: $1/${line#* }" ;;
        folder*) die 66 "a directory where a file must go: $1/${line#* }" ;;
        *) die 66 "not a regular file: $1/${line#* }" ;;
    esac
}

# leaving LIVE NEW OLD KEEP: what of OLD goes when NEW comes. $work/named: the paths of both; $work/still-there: files that NEW
# lacks, without those of KEEP; $work/removed: those of them that nobody changed; $work/emptied: folders of OLD that hold
# nothing else, the deeper one first, and in $work/modes "<mode> <user> <group> <path>" to make them again with.
leaving() {
    manifest_paths "$2" >"$work/new-paths"
    manifest_paths "$3" >"$work/old-paths"
    sort -u "$work/new-paths" "$work/old-paths" >"$work/named"
    unlisted "$work/new-paths" "$work/old-paths" >"$work/not-new"
    unlisted "$4" "$work/not-new" >"$work/gone"
    present "$1" "$work/gone" >"$work/still-there"
    unchanged "$1" "$3" "$work/still-there" >"$work/removed"
    parents "$work/new-paths" >"$work/new-folders"
    parents "$work/gone" >"$work/gone-folders"
    unlisted "$work/new-folders" "$work/gone-folders" >"$work/old-folders"
    folders "$1" "$work/old-folders" >"$work/there"
    restorable "$1" "$work/there" >"$work/modes"
    sed 's|^[^ ]* [^ ]* [^ ]* ||' "$work/modes" | sort -r >"$work/may-empty"
    holding_only "$1" "$work/may-empty" "$work/removed" >"$work/emptied"
}

# folders LIVE LIST → the paths that are folders in LIVE.
folders() {
    local path
    while IFS= read -r path; do
        [ ! -d "$1/$path" ] || [ -L "$1/$path" ] || printf '%s\n' "$path"
    done <"$2"
}

# restorable LIVE FOLDERS → "<mode> <user> <group> <path>" of those that we could make again as they are.
restorable() {
    (under "$1" "$2" stat -c '%a %u %g %n' 2>/dev/null) | sed 's|^\([^ ]* [^ ]* [^ ]* \)\./|\1|' |
        awk -v user="$(id -u)" -v groups=" $(id -G) " 'user == 0 || ($2 == user && index(groups, " " $3 " "))'
}

# holding_only LIVE FOLDERS FILES → those of FOLDERS (the deeper one first) that hold nothing but FILES and one another.
# $work/foreign: what else they hold.
holding_only() {
    local path
    : >"$work/foreign"
    while IFS= read -r path; do
        (cd "$1" && find "./$path" -mindepth 1 -maxdepth 1 2>/dev/null)
        [ -r "$1/$path" ] || printf './%s/?\n' "$path"
    done <"$2" | awk -v files="$3" -v folders="$2" -v foreign="$work/foreign" '
        BEGIN {
            while ((getline path < files) > 0) ours[path] = 1
            while ((getline path < folders) > 0) { ours[path] = 1; folder[++count] = path }
        }
        !/^\.\// { holds[above] = 1; next } # the rest of a name of two lines
        {
            path = above = substr($0, 3)
            sub(/\/[^\/]*$/, "", above)
            if (path in ours) next
            print path > foreign
            holds[above] = 1
        }
        END {
            for (i = 1; i <= count; i++) {
                path = folder[i]
                if (!(path in holds)) print path
                else if (sub(/\/[^\/]*$/, "", path)) holds[path] = 1
            }
        }'
}

# below OTHERS LIST → the paths of LIST that stand in OTHERS, or lie below a path of it.
below() {
    awk -v others="$1" '
        BEGIN { while ((getline path < others) > 0) file[path] = 1 }
        { path = $0; do if (path in file) { print; next } while (sub(/\/[^\/]*$/, "", path)) }' "$2"
}

# crossing OTHERS LIST → the paths of LIST that cannot be files while those of OTHERS are: below one of them, or above.
crossing() {
    awk -v others="$1" '
        BEGIN {
            while ((getline path < others) > 0) {
                file[path] = 1
                while (sub(/\/[^\/]*$/, "", path) && !(path in folder)) folder[path] = 1
            }
        }
        {
            path = $0
            if (path in folder) { print; next }
            while (sub(/\/[^\/]*$/, "", path)) if (path in file) { print $0; next }
        }' "$2"
}

# find_way LIVE LIST FILES FOLDERS: $work/way-files and $work/way-folders, what of FILES and FOLDERS stands where a path of
# LIST must go. Refuses when such a folder holds something else.
find_way() {
    crossing "$2" "$3" >"$work/in-way"
    present "$1" "$work/in-way" >"$work/way-files"
    below "$2" "$4" | sort -r >"$work/in-way"
    folders "$1" "$work/in-way" >"$work/way-folders"
    holding_only "$1" "$work/way-folders" "$work/way-files" >"$work/ours-only"
    cmp -s "$work/way-folders" "$work/ours-only" ||
        die 66 "a directory where a file must go holds what is not of a release: $1/$(head -n 1 "$work/foreign")"
}

# make_way LIVE: they leave; false when one cannot.
make_way() {
    local path
    under "$1" "$work/way-files" rm -f || return 1
    while IFS= read -r path; do
        rmdir "$1/$path" || return 1
    done <"$work/way-folders"
}

# drop_empty LIVE FOLDERS: those that are empty leave, the deeper one first.
drop_empty() {
    local path
    sort -r "$2" | while IFS= read -r path; do
        [ ! -d "$1/$path" ] || [ -L "$1/$path" ] || rmdir "$1/$path" 2>/dev/null
    done
}

# restore_modes LIVE MODES: folders that were made again are as they were.
restore_modes() {
    local line path mode user group
    while IFS= read -r line; do
        path=${line#* * * }
        mode=${line%% *} line=${line#* }
        user=${line%% *} line=${line#* }
        group=${line%% *}
        # the zeros: else GNU leaves a bit that was inherited from the folder above
        { chown "$user:$group" "$1/$path" && chmod "00$mode" "$1/$path"; } || say "not with its old owner and mode: $1/$path"
    done <"$2"
}

# blocking LIVE OLD_MANIFEST|- KEEP..., the new manifest on stdin → what the safety copy and the swap would refuse: the first
# 200 paths, then "<count>". Of a folder that holds more than its release's files, what else it holds.
verb_blocking() {
    absolute "$1"
    mkdir -p "${HOME:-/tmp}/.opsgate" && work_in "${HOME:-/tmp}/.opsgate/blocking.$$"
    local live="$1" old new=$work/new
    receive "$new" || die 1 "the manifest did not arrive whole"
    old=$(known "$2")
    manifest_check "$new"
    manifest_check "$old"
    shift 2
    keep_list "$@"
    leaving "$live" "$new" "$old" "$work/keep"
    detours "$live" "$work/named" "$work/removed" "$work/emptied" | awk -v foreign="$work/foreign" '
        BEGIN { while ((getline path < foreign) > 0) other[++count] = path }
        {
            path = $0
            sub(/^[a-z]* /, "", path)
            found = 0
            for (i = 1; i <= count && /^folder /; i++) if (index(other[i], path "/") == 1) { print other[i]; found = 1 }
            if (!found) print path
        }' | sort -u >"$work/blocking"
    head -n 200 "$work/blocking"
    printf '%s\n' "$(($(wc -l <"$work/blocking")))"
}

keep_list() { if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi >"$work/keep"; }
