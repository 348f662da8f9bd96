# --- the project's lock: an epoch that only rises, a lease, and a flock that jobs hold --------------------------
# lock/mutex   flock for the moment of a change          lock/epoch   the highest epoch ever given out
# lock/flock   flock held by a job while anything of it lives
# lock/holder  "<operation> <owner> <epoch> <lease ends, uptime> <boot> <claimed, Unix time>"; no file: released

# lock_open STATE: the mutex is ours until this process ends.
lock_open() {
    need flock
    make_state_dir "$1"
    mkdir -p "$1/lock" || exit 1
    exec 8>>"$1/lock/mutex" || exit 1
    take 8 10 || die 75 "the lock's mutex is busy"
}

lock_epoch() {
    epoch=0
    [ ! -e "$1/lock/epoch" ] || read -r epoch <"$1/lock/epoch" || die 1 "unreadable: $1/lock/epoch"
    number "$epoch"
}

# lock_holder STATE: h_operation, h_owner, h_epoch, h_left (seconds of lease), h_age; false when released.
lock_holder() {
    local ends at_boot claimed
    { read -r h_operation h_owner h_epoch ends at_boot claimed <"$1/lock/holder"; } 2>/dev/null || return 1
    uptime_now
    boot_now
    h_left=0
    [ "$at_boot" != "$boot" ] || [ "$ends" -le "$now" ] || h_left=$((ends - now))
    h_age=$(($(date +%s) - claimed))
    [ "$h_age" -ge 0 ] || h_age=0
}

# lock_job_runs STATE: a job holds the flock. When none does, we hold it (fd 9) until this process ends.
lock_job_runs() {
    exec 9>>"$1/lock/flock" || exit 1
    ! flock -n 9
}

# lock_is_ours STATE EPOCH: that epoch is the newest and was not released.
lock_is_ours() {
    lock_epoch "$1"
    [ "$epoch" = "$2" ] && lock_holder "$1" && [ "$h_epoch" = "$2" ]
}

# lock_write STATE EPOCH LEASE CLAIMED
lock_write() {
    uptime_now
    boot_now
    printf '%s %s %s %s %s %s\n' "$h_operation" "$h_owner" "$2" "$((now + $3))" "$boot" "$4" | put "$1/lock/holder"
}

lock_words() { case "$1" in '' | -* | *[!A-Za-z0-9._:@+-]*) die 64 "not a name for a lock: $1" ;; esac; }

# lock-claim STATE OPERATION OWNER LEASE → the epoch. Held: exit 75, "<operation> <owner> <age>" on stdout.
verb_lock_claim() {
    lock_words "$2"
    lock_words "$3"
    number "$4"
    lock_open "$1"
    if ! lock_holder "$1"; then
        h_operation=- h_owner=- h_left=0 h_age=0
    fi
    # An owner runs one operation of a project at a time: its own older lease is what a lost connection left behind.
    if [ "$h_operation $h_owner" != "$2 $3" ]; then
        [ "$h_owner" != "$3" ] || h_left=0
        if [ "$h_left" -gt 0 ] || lock_job_runs "$1"; then
            printf '%s %s %s\n' "$h_operation" "$h_owner" "$h_age"
            die 75 "the lock is held"
        fi
    fi
    lock_epoch "$1"
    epoch=$((epoch + 1))
    printf '%s\n' "$epoch" | put "$1/lock/epoch" || exit 1
    h_operation=$2 h_owner=$3
    lock_write "$1" "$epoch" "$4" "$(date +%s)" || exit 1
    printf '%s\n' "$epoch"
}

# lock-renew STATE EPOCH LEASE
verb_lock_renew() {
    number "$3"
    lock_open "$1"
    lock_is_ours "$1" "$2" || die 73 "a newer claim took the lock"
    lock_write "$1" "$2" "$3" "$(($(date +%s) - h_age))"
}

# lock-release STATE EPOCH: releasing again is no mistake.
verb_lock_release() {
    lock_open "$1"
    lock_epoch "$1"
    [ "$epoch" = "$2" ] || die 73 "a newer claim took the lock"
    rm -f "$1/lock/holder" && flush "$1/lock"
}

# lock-read STATE → "<operation> <owner> <epoch> <age> <lease left> <job runs: 0 1>", nothing when it is free.
verb_lock_read() {
    state_dir "$1"
    [ -d "$1/lock" ] || return 0
    local runs=0
    ! lock_job_runs "$1" || runs=1
    lock_holder "$1" || h_operation=- h_owner=- h_epoch=0 h_left=0 h_age=0
    [ "$h_left$runs" = 00 ] || printf '%s\n' "$h_operation $h_owner $h_epoch $h_age $h_left $runs"
}
