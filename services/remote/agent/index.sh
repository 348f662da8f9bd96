# --- an index of what was hashed, like git's: what nobody touched since is not read again -------------------------
# <release>/index.tree and index.live: "<boot> <clock - uptime> <last whole hashing>", then, for each file whose content
# was that of the manifest, "<sha256> <stamp>". Any doubt, and the file is hashed: another boot, a clock that was set, a
# file system whose times we do not know, an index older than a day (a disk may rot unseen), and what changed less than
# INDEX_CALM seconds before it was hashed: a second change could leave the same stamp (git calls such files racily clean).
INDEX_CALM=${OPSGATE_INDEX_CALM:-5}
INDEX_DAY=86400
CLOCK_ERROR=2 # seconds that two differences of whole seconds may be apart although nobody set the clock

# stamps TREE LIST → per file "<changed> <device> <inode> <bytes> <mode> <modified> <changed> ./<path>", the last two
# times in UTC, as exact as the host knows them, three words each.
stamps() { (TZ=UTC0 && export TZ && under "$1" "$2" stat -c '%Z %d %i %s %f %y %z %n' 2>/dev/null) || :; }

# index_now TREE: the clock before anything is looked at. Sets wall, clock, oldest and device (empty: no index here).
index_now() {
    device=
    boot_now
    uptime_now
    wall=$(date +%s)
    clock="$boot $((wall - now))"
    oldest=$wall
    case "$(stat -f -c %T "$1" 2>/dev/null)" in
        ext2/ext3 | ext4 | xfs | btrfs | tmpfs | zfs | f2fs | overlayfs) device=$(stat -c %d "$1") ;;
    esac
}

# index_of TREE MANIFEST → where the index of this pair lies; nothing where there is none.
index_of() {
    local release="${2%/manifest}"
    case "$release" in "$2") return 0 ;; *_opsgate/releases/*) ;; *) return 0 ;; esac
    [ "$1" = "$release/tree" ] && printf '%s\n' "$release/index.tree" || printf '%s\n' "$release/index.live"
}

# index_read FILE → its lines, if they may be believed now.
index_read() {
    local of offset since moved
    [ -n "$device" ] && [ -f "$1" ] && [ ! -L "$1" ] || return 0
    read -r of offset since <"$1" || return 0
    case "$offset$since" in '' | *[!0-9]*) return 0 ;; esac
    moved=$((${clock#* } - offset))
    [ "$of" = "$boot" ] && [ "$moved" -le "$CLOCK_ERROR" ] && [ "$moved" -ge "-$CLOCK_ERROR" ] || return 0
    [ "$since" -le "$wall" ] && [ $((wall - since)) -lt "$INDEX_DAY" ] || return 0
    [ "$since" -ge "$oldest" ] || oldest=$since
    tail -n +2 "$1"
}

# believed MANIFEST INDEX... → "<sha256> <stamp>" of those of $work/stamps that were hashed already, to what MANIFEST has.
believed() {
    local manifest="$1" file
    shift
    { for file; do index_read "$file"; done && linked; } >"$work/index"
    [ -s "$work/index" ] || return 0
    awk -v index_="$work/index" -v stamps="$work/stamps" '
        BEGIN {
            while ((getline line < index_) > 0) seen[line] = 1
            while ((getline line < stamps) > 0) of[substr(line, index(line, " ./") + 3)] = line
        }
        { line = substr($0, 1, 64) " " of[substr($0, 72)] }
        line in seen { print line }' "$manifest"
}

# index_write FILE SAME MANIFEST: the paths of SAME have the content that MANIFEST gives them, and $work/stamps is from
# before they were read. A host that cannot keep it has none.
index_write() {
    [ -n "$device" ] && [ -n "$1" ] && [ -d "${1%/*}" ] || return 0
    {
        printf '%s %s\n' "$clock" "$oldest"
        awk -v same="$2" -v stamps="$work/stamps" -v device="$device" -v before=$((wall - INDEX_CALM)) '
            BEGIN {
                while ((getline path < same) > 0) is[path] = 1
                while ((getline line < stamps) > 0) {
                    split(line, word, " ")
                    if (word[1] < before && word[2] == device && word[5] ~ /^8...$/)
                        of[substr(line, index(line, " ./") + 3)] = line
                }
            }
            { path = substr($0, 72) }
            (path in is) && (path in of) { print substr($0, 1, 64) " " of[path] }' "$3"
    } >"$1.new.$$" 2>/dev/null && mv -f "$1.new.$$" "$1" 2>/dev/null || rm -f "$1.new.$$"
}

# differing TREE MANIFEST [INDEX]... → the paths whose file in TREE is missing, has other content or another x bit.
differing() {
    local tree="$1" manifest="$2" own
    shift 2
    own=$(index_of "$tree" "$manifest")
    manifest_paths "$manifest" >"$work/every"
    index_now "$tree"
    stamps "$tree" "$work/every" >"$work/stamps"
    believed "$manifest" "$own" "$@" >"$work/believed"
    sed 's|^[^/]*/||' "$work/believed" >"$work/same" # no word before the path holds a slash
    awk -v same="$work/same" '
        BEGIN { while ((getline path < same) > 0) is[path] = 1 }
        !(substr($0, 72) in is)' "$manifest" >"$work/doubted"
    if [ -s "$work/doubted" ]; then
        [ -s "$work/same" ] || oldest=$wall
        manifest_sums "$work/doubted" | (cd "$tree" && sha256sum -c 2>/dev/null) |
            sed -n 's|^\./\(.*\): OK$|\1|p' >>"$work/same"
        index_write "$own" "$work/same" "$manifest"
    fi
    awk -v same="$work/same" -v stamps="$work/stamps" '
        BEGIN {
            while ((getline path < same) > 0) is[path] = 1
            while ((getline line < stamps) > 0) {
                split(line, word, " ")
                if (word[5] ~ /[4567cdef].$/) x[substr(line, index(line, " ./") + 3)] = 1
            }
        }
        {
            path = substr($0, 72)
            if (!(path in is) || ((path in x) != (substr($0, 67, 3) == "755"))) print path
        }' "$manifest"
}

# before_linking BASE: what may be believed of it, as long as its files have the times of before.
before_linking() {
    manifest_paths "$1/manifest" >"$work/every"
    index_now "$1/tree"
    stamps "$1/tree" "$work/every" >"$work/stamps"
    believed "$1/manifest" "$1/index.tree" >"$work/base"
}

# linked → the lines of an index for $work/stamps, from what was believed before_linking: a link changes nothing of a
# file but the time of its change, so that what is the very same file otherwise is what it was.
linked() {
    [ -s "$work/base" ] || return 0
    awk -v base="$work/base" '
        function file(line) { split(line, w, " "); return w[2] " " w[3] " " w[4] " " w[5] " " w[6] w[7] w[8] }
        BEGIN {
            while ((getline line < base) > 0) {
                path = substr(line, index(line, " ./") + 3)
                sum[path] = substr(line, 1, 64)
                was[path] = file(substr(line, 66))
            }
        }
        { path = substr($0, index($0, " ./") + 3) }
        (path in was) && was[path] == file($0) { print sum[path] " " $0 }' "$work/stamps"
}
