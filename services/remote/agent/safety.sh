# --- the safety copy: what is deployed, kept beside it before anything changes ------------------------------------

# safety-copy LIVE BACKUP NEW_MANIFEST OLD_MANIFEST|- KEEP...: BACKUP/files becomes a real copy of what is deployed. It is made
# as files.part; what did not change is shared with the copy before, which leaves as files.old when the new one is whole.
# Nothing writes into a file below BACKUP, and unswap copies out of it: a shared file stays what it was hashed to be.
verb_safety_copy() {
    need cmp
    absolute "$1"
    absolute "$2"
    manifest_check "$3"
    local live="$1" backup="$2" new="$3" old
    old=$(known "$4")
    manifest_check "$old"
    [ ! -L "$backup" ] && [ ! -L "$backup/files" ] || die 66 "a symbolic link: $backup"
    [ -d "$live" ] || (umask 022 && mkdir -p "$live") || exit 1
    mkdir -p "$backup" && chmod 700 "$backup" || exit 1
    work_in "$backup/.work"
    [ -e "$backup/files" ] || [ ! -e "$backup/files.old" ] || mv "$backup/files.old" "$backup/files" || exit 1
    wipe "$backup/files.part"
    wipe "$backup/files.old"
    shift 4
    keep_list "$@"
    leaving "$live" "$new" "$old" "$work/keep"
    no_detours "$live" "$work/named" "$work/removed" "$work/emptied"
    present "$live" "$work/named" >"$work/wanted"
    under "$live" "$work/wanted" sha256sum >"$work/sums" || die 1 "a deployed file could not be read"
    : >"$work/shared"
    [ "$old" = - ] || share "$live" "$backup"
    unlisted "$work/shared" "$work/wanted" >"$work/copied"
    [ -d "$backup/files.part" ] || mkdir "$backup/files.part" || exit 1
    if [ "$old" = - ]; then copy_all "$live" "$backup"; else copy_listed "$live" "$backup/files.part"; fi
    sums_of "$work/copied" "$work/sums" >"$work/promised"
    [ ! -s "$work/promised" ] || (cd "$backup/files.part" && sha256sum -c "$work/promised" >/dev/null 2>&1) ||
        die 1 "the safety copy is not equal to the deployed files"
    flush_all "$backup"
    [ ! -e "$backup/files" ] || mv "$backup/files" "$backup/files.old" || exit 1
    mv "$backup/files.part" "$backup/files" || exit 1
    flush "$backup"
    wipe "$backup/files.old"
    say "safety copy: $(($(wc -l <"$work/wanted"))) deployed files in $backup/files," \
        "$(($(wc -l <"$work/copied"))) of them copied anew"
}

# sums_of LIST SUMS → the lines of SUMS ("<sha256>  ./<path>") for these paths.
sums_of() {
    awk -v list="$1" 'BEGIN { while ((getline path < list) > 0) is["./" path] = 1 } substr($0, 67) in is' "$2"
}

# share LIVE BACKUP: files.part gets links to the files of the copy before that are in every way what is live now;
# $work/shared names them. All of it is linked at once, then what does not belong leaves: few processes for many files.
# With less than half in common, or any doubt, there is no files.part and nothing is shared.
share() {
    local files="$2/files" part="$2/files.part"
    [ -d "$files" ] && plain_copy "$files" || return 0
    alike "$1" "$files" >"$work/alike"
    sums_of "$work/alike" "$work/sums" | (cd "$files" && sha256sum -c 2>/dev/null) | sed -n 's|^\./\(.*\): OK$|\1|p' >"$work/shared"
    (cd "$files" && find . -type f) | sed 's|^\./||' >"$work/before"
    unlisted "$work/shared" "$work/before" >"$work/leaving"
    [ "$(wc -l <"$work/shared")" -gt "$(wc -l <"$work/leaving")" ] && link_copy "$files" "$part" && return 0
    wipe "$part"
    : >"$work/shared"
}

# plain_copy FILES: nothing in it but files and folders as copy_listed makes them, and no name of two lines.
plain_copy() {
    local odd
    odd=$(cd "$1" && find . \( ! -type f ! -type d \) -o \( -type d ! -name . ! -perm 755 ! -perm 2755 \) -o -name '*
*' | head -n 1) && [ -z "$odd" ]
}

# alike LIVE FILES → the paths of $work/wanted with the same mode, owner, size and time in both. A file of the copy that
# has a second name is never taken: it could be a live one.
alike() {
    (under "$1" "$work/wanted" stat -c '%f %u %g %s %Y %n' 2>/dev/null) >"$work/stats-live"
    (under "$2" "$work/wanted" stat -c '%h %f %u %g %s %Y %n' 2>/dev/null) | sed -n 's/^1 //p' >"$work/stats-copy"
    listed "$work/stats-copy" "$work/stats-live" | sed 's|^[^/]*/||'
}

# link_copy FILES PART: false when PART did not become exactly $work/shared. What is copied later must never meet a link,
# or it would be written into the copy before.
link_copy() {
    cp -al "$1" "$2" 2>/dev/null && chmod 700 "$2" && under "$2" "$work/leaving" rm -f || return 1
    find "$2" -depth -type d -exec rmdir {} + 2>/dev/null
    (cd "$2" && find . ! -type d) | sed 's|^\./||' | sort | cmp -s - "$work/shared"
}

copy_listed() {
    parents "$work/copied" >"$work/parents"
    make_directories "$2" "$work/parents"
    each_directory "$work/copied" copy_some "$1" "$2" || die 1 "the safety copy could not be made"
}
copy_some() {
    local from="$1/$3" to="$2/$3"
    shift 3
    copy_names "$from" "$to" "$@"
}

# copy_all LIVE BACKUP: everything that we may read; what we may not (another user's data) is named and left out.
copy_all() {
    local needed room
    needed=$(du -sk "$1" 2>/dev/null | cut -f1)
    room=$(df -Pk "$2" | awk 'NR == 2 { print $4 }')
    [ "$room" -gt "$((needed + 65536))" ] || die 1 "a safety copy of $needed KiB does not fit into the $room KiB that are free"
    cp -a "$1/." "$2/files.part/" || say "left out of the safety copy: what the lines above name"
    chmod u+rwx "$2/files.part"
}
