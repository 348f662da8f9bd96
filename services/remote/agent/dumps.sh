# --- dumps: made, proven, summed --------------------------------------------------------------------------------

# copy-rows COMMAND...: runs it, and prints for each COPY block of what it prints "<SHA-256 of its lines>  -", then
# "<rows> <COPY line>"; at the end the same for large objects, "<how many> LARGE OBJECTS". Ends as the command ends; a
# block without its end is status 1. Before them stands the line that tells their encoding; a line break in a COPY line,
# which is one in a name, is printed as \001. copy-sorted: the lines of each block are sorted first, by their bytes; status 74
# when one cannot be sorted.
verb_copy_rows() { { "$@"; printf '\nexit %s\n' $?; } | copy_sums 'sha256sum'; }
verb_copy_sorted() {
    TMPDIR=${OPSGATE_JOB:-${TMPDIR:-/tmp}} && export TMPDIR # room for a whole table, on the disk that dumps lie on
    local ended
    exec 5>&1
    ended=$(
        exec 7>&1 >&5
        { "$@" 7>&-; printf '\nexit %s\n' $?; } | copy_sums '{ sort || echo unsorted >&7; } | sha256sum'
        printf 'read %s\n' $? >&7
    )
    case "$ended" in *unsorted*) die 74 "a table cannot be sorted: is the disk full?" ;; esac
    exit "${ended##*read }"
}

# copy_sums PIPE. A large object is summed without its line breaks, which stand where a buffer was full; pg_dump 17 puts
# large objects in the order of their owners, which a restore may change: from then on they are not summed.
copy_sums() {
    pipe="$1" awk '
        BEGIN { pipe = ENVIRON["pipe"]; large = "exec sha256sum" }
        copying && $0 == "\\." { copying = 0; close(pipe); printf "%.0f %s\n", rows, head; fflush(); next }
        copying { rows++; print | pipe; next }
        text || /^(COMMENT|SECURITY LABEL FOR .*) ON LARGE OBJECT [0-9]+ IS / { # of people, in as many lines as they like
            text = (text + gsub(/\047/, "&")) % 2; last = $0; next
        }
        heading || /^COPY / { # within quotes it goes on in the next line
            head = heading ? head "\001" $0 : $0; said = head
            heading = gsub(/"/, "", said) % 2 || head !~ / FROM stdin;$/
            if (!heading) { copying = 1; rows = 0; printf "" | pipe }
            next
        }
        /^SET client_encoding = / { print; fflush(); next }
        /^-- Dumped (from database|by pg_dump) version / { print; fflush(); by = $4 == "pg_dump" ? $6 + 0 : by; next }
        by < 17 && /^SELECT pg_catalog\.lo_open\(/ { objects++; print | large; next }
        by < 17 && /^SELECT pg_catalog\.lowrite\(/ {
            sub(/^[^\\]*\\+x/, ""); sub(/[^0-9a-f]*$/, ""); ORS = ""; print | large; ORS = "\n"; next
        }
        by < 17 && /^SELECT pg_catalog\.lo_close\(/ { print | large; next }
        { last = $0 }
        END {
            if (objects) { close(large); printf "%.0f LARGE OBJECTS\n", objects }
            if (copying || heading || text || last !~ /^exit [0-9]+$/) exit 1
            exit substr(last, 6) + 0
        }'
}

# dump FILE COUNT WORD...: the first COUNT words are a command that dumps, the others one that reads a dump from stdin
# and prints its data. What is dumped goes into FILE, through SHA-256 and into the reader, all at once. Prints what
# copy-rows prints, and, when all of them came to a good end, "dumped <bytes> <SHA-256>". Statuses: the dump's own, 74
# when FILE cannot be written, 70 when the dump does not read back.
verb_dump() {
    need tee
    absolute "$1"
    number "$2"
    [ ! -L "$1" ] || die 66 "a symbolic link: $1"
    [ "$2" -ge 1 ] && [ "$2" -lt $(($# - 2)) ] || die 64 "of two commands one is missing"
    local file="$1" count="$2" ended size sum
    shift 2
    exec 5>&1
    ended=$(
        exec 7>&1
        {
            {
                { dump_first "$@"; printf 'dump %s\n' $? >&7; } |
                    { tee /dev/fd/4 /dev/fd/6; printf 'tee %s\n' $? >&7; } |
                    { cat >"$file"; printf 'file %s\n' $? >&7; }
            } 4>&1 | { sha256sum | sed 's/^/sum /' >&7; }
        } 6>&1 | {
            { dump_rest "$@"; printf '\nexit %s\n' $?; } | copy_sums 'sha256sum' >&5
            printf 'read %s\n' $? >&7
        }
    )
    case "$ended" in *"file 0"*) flush "$file" ;; *) die 74 "the dump cannot be written: is the disk full?" ;; esac
    case "$ended" in *"dump 0"*) ;; *) exit "$(dump_status "$ended")" ;; esac
    case "$ended" in *"tee 0"*) ;; *) die 70 "the dump did not go its whole way" ;; esac
    case "$ended" in *"read 0"*) ;; *) die 70 "the dump does not read back whole" ;; esac
    sum=${ended##*sum } && sum=${sum%% *}
    size=$(stat -c %s "$file")
    printf 'dumped %s %s\n' "$size" "$sum"
}
# The first $count words, and the others. What reads may stop early: the rest is taken in any case.
dump_first() {
    local left="$count" others=$(($# - count))
    while [ "$left" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        left=$((left - 1))
    done
    shift "$others"
    "$@" 4>&- 5>&- 6>&- 7>&-
}
dump_rest() {
    local status
    shift "$count"
    "$@" 4>&- 5>&- 6>&- 7>&-
    status=$?
    cat >/dev/null
    return "$status"
}
dump_status() { printf '%s\n' "$1" | sed -n 's/^dump //p' | grep -x '[1-9][0-9]*' || printf '1\n'; }

# take-dump FILE BYTES SHA256, a dump on stdin: whole and the right one, or not at all. One that is there stays.
verb_take_dump() {
    absolute "$1"
    number "$2"
    case "$1" in */database/*.dump) ;; *) die 66 "not a dump in a database/ folder: $1" ;; esac
    plain_name "${1##*/}" || die 66 "not a name of ours: $1"
    [ ! -e "$1" ] && [ ! -L "$1" ] || die 65 "there already: $1"
    local part="$1.part"
    rm -f "$part" || exit 1
    cat >"$part" || { rm -f "$part"; die 74 "the dump cannot be written: is the disk full?"; }
    if [ "$(stat -c %s "$part")" != "$2" ] || [ "$(sha256sum <"$part" | cut -c1-64)" != "$3" ]; then
        rm -f "$part"
        die 1 "the dump did not arrive whole"
    fi
    flush "$part" && mv -f "$part" "$1" && flush "${1%/*}"
}
