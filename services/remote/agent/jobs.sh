# --- jobs: commands that outlive the connection ------------------------------------------------------------------
# jobs/<id>/spec       one word per line: arg, env NAME=value, cwd, stdin, stdout, epoch, and a last line "end"
# jobs/<id>/pid        "<pid> <start time> <boot>" of the runner, the leader of the job's session
# jobs/<id>/rc         exit status, or "fenced", in its first line; written last
# jobs/<id>/room       becomes rc where the disk is full by then
# jobs/<id>/log        stderr, and stdout where the spec names no file; cut at LOG_CAP
# jobs/<id>/cancelled  a person asked for its end
LOG_CAP=${OPSGATE_LOG_CAP:-67108864}
POLL_MOST=65536

job_dir() {
    state_dir "$1"
    plain_name "$2" || die 64 "not a job id: $2"
    dir=$1/jobs/$2
}

# job_members: the living processes of the job's session, without the leader. Needs r_pid, r_start, r_boot.
job_members() {
    local file pid leader=yes
    boot_now
    [ "$boot" = "$r_boot" ] || return 0
    if look "$r_pid"; then
        [ "$p_start" = "$r_start" ] || return 0 # the number was given away: nothing of the session is left
    else
        leader=no
    fi
    for file in /proc/[0-9]*/stat; do
        pid=${file#/proc/}
        pid=${pid%/stat}
        look "$pid" && [ "$p_session" = "$r_pid" ] && not_dead && [ "$pid" != "$r_pid" ] || continue
        [ "$leader" = yes ] || job_tagged "$pid" || continue
        printf '%s\n' "$pid"
    done
}
job_tagged() { { tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null | grep -qxF "OPSGATE_JOB=$dir"; }

job_leader_lives() {
    boot_now
    [ "$boot" = "$r_boot" ] && look "$r_pid" && [ "$p_start" = "$r_start" ] && not_dead
}
job_runner() { { read -r r_pid r_start r_boot <"$dir/pid"; } 2>/dev/null; }

# job_state: j_state and j_rc of $dir. "missing" with a spec: begun, never started; beginning it again is safe.
job_state() {
    j_rc=-
    [ -f "$dir/spec" ] || { j_state=missing; return 0; }
    if [ ! -f "$dir/rc" ] && job_runner; then
        if job_leader_lives || [ -n "$(job_members)" ]; then
            j_state=running
            return 0
        fi
    fi
    if [ -f "$dir/rc" ]; then
        read -r j_rc <"$dir/rc"
        j_state=exited
        [ "$j_rc" != fenced ] || { j_state=fenced j_rc=-; return 0; }
    elif [ -f "$dir/pid" ]; then
        j_state=interrupted
    else
        j_state=missing
    fi
    [ ! -e "$dir/cancelled" ] || j_state=cancelled
}

job_header() {
    local size=0
    [ ! -f "$dir/log" ] || size=$(stat -c %s "$dir/log")
    printf '%s %s %s\n' "$j_state" "$j_rc" "$size"
}

# begin STATE ID, the spec on stdin. The same id and spec again: its present state.
verb_begin() {
    need flock setsid mkfifo
    make_state_dir "$1"
    job_dir "$1" "$2"
    mkdir -p "$dir" || exit 1
    local temp="$dir/spec.tmp.$$" wanted
    receive "$temp" && [ "$(tail -n 1 "$temp")" = end ] || { rm -f "$temp"; die 1 "the spec did not arrive whole"; }
    wanted=$(sed -n 's/^epoch //p' "$temp")
    job_state
    case "$j_state" in
        missing | fenced)
            if [ -n "$wanted" ] && ! lock_is_ours "$1" "$wanted"; then
                rm -f "$temp"
                rmdir "$dir" 2>/dev/null
                die 73 "epoch $wanted is fenced off"
            fi
            ;;
    esac
    flush "$temp"
    if ! ln "$temp" "$dir/spec" 2>/dev/null && ! cmp -s "$temp" "$dir/spec"; then
        job_renew "$temp" || { rm -f "$temp"; die 65 "job $2 exists with another spec"; }
    fi
    rm -f "$temp"
    flush "$dir"
    flush "$1/jobs"
    job_state
    [ "$j_state" != missing ] || job_launch "$1" "$2"
    job_header
}

# job_renew SPEC: an operation that was resumed comes with a higher epoch. A job that never ran is begun under it, one
# that ran stays what it is. False when anything else differs.
job_renew() {
    sed '/^epoch /d' "$1" >"$1.same"
    sed '/^epoch /d' "$dir/spec" | cmp -s - "$1.same" || { rm -f "$1.same"; return 1; }
    rm -f "$1.same"
    exec 8>>"$dir/lock" && take 8 10 || exit 1
    job_state
    case "$j_state" in
        missing | fenced) rm -f "$dir/rc" "$dir/pid" && mv -f "$1" "$dir/spec" || exit 1 ;;
    esac
    exec 8>&-
}

job_launch() {
    local left=200
    OPSGATE_JOB=$dir setsid ${OPSGATE_SH:-/bin/sh} "$self" run-job "$1" "$2" "$outer_umask" \
        </dev/null >/dev/null 2>&1 8>&- 9>&- &
    while job_state && [ "$j_state" = missing ]; do
        [ "$left" -gt 0 ] || die 1 "the runner of job $2 did not start"
        left=$((left - 1))
        nap
    done
}

# run-job STATE ID UMASK: the runner, leader of its own session. Of several, the one that writes pid runs the job.
verb_run_job() {
    job_dir "$1" "$2"
    local state="$1" mask="$3" line in=/dev/null out='' cwd=/ wanted='' rc filter child
    cd / || exit 1
    exec 8>>"$dir/lock" && take 8 10 || exit 1
    [ ! -e "$dir/pid" ] && [ ! -e "$dir/rc" ] && [ ! -e "$dir/cancelled" ] || exit 0
    look $$ && [ "$p_session" = $$ ] || exit 1
    boot_now
    : >>"$dir/log"
    job_room || : # what cannot be reserved now may fit later
    printf '%s %s %s\n' $$ "$p_start" "$boot" | put "$dir/pid" || exit 1
    exec 8>&-

    set --
    while IFS= read -r line; do
        case "$line" in
            'arg '*) set -- "$@" "${line#arg }" ;;
            'cwd '*) cwd=${line#cwd } ;;
            'stdin '*) in=${line#stdin } ;;
            'stdout '*) out=${line#stdout } ;;
            'epoch '*) wanted=${line#epoch } ;;
        esac
    done <"$dir/spec"
    [ -z "$wanted" ] || job_enter "$state" "$wanted"
    [ "${1-}" != opsgate-agent ] || { shift && set -- ${OPSGATE_SH:-/bin/sh} "$self" "$@"; }

    rm -f "$dir/pipe"
    mkfifo "$dir/pipe" || job_end 126
    (exec 9>&- && job_log <"$dir/pipe") &
    filter=$!
    (
        exec >"$dir/pipe" 2>&1
        exec <"$in"
        if [ -n "$out" ]; then
            mkdir -p "${out%/*}" && exec >"$out" || exit 126
        fi
        while IFS= read -r line; do
            case "$line" in 'env '*) export "${line#env }" ;; esac
        done <"$dir/spec"
        cd "$cwd" && umask "$mask" && exec "$@"
    ) &
    child=$!
    wait "$child"
    rc=$?
    [ -z "$out" ] || flush "$out" 2>/dev/null
    # What the command left running may hold the pipe for ever: its last words are waited for, not its end.
    local left=40
    while look "$filter" && not_dead && [ "$left" -gt 0 ]; do
        left=$((left - 1))
        nap
    done
    job_end "$rc"
}

# job_enter STATE EPOCH: the project's flock (fd 9, inherited by everything the job starts), then the epoch again.
job_enter() {
    local left=1200
    exec 9>>"$1/lock/flock" || job_end 126
    until flock -n 9; do
        [ ! -e "$dir/cancelled" ] || job_end 143
        if [ "$left" -le 0 ]; then
            say "another job of this project is still alive" 2>>"$dir/log"
            job_end 75
        fi
        left=$((left - 1))
        nap
    done
    [ ! -e "$dir/cancelled" ] || job_end 143
    (lock_is_ours "$1" "$2") 2>/dev/null || job_end fenced
}

job_end() {
    rm -f "$dir/pipe"
    printf '%s\n' "$1" | put "$dir/rc" 2>/dev/null || job_end_full "$1"
    rm -f "$dir/room"
    exit 0
}

# job_room: room on the disk for the exit status, taken before the command can fill it.
job_room() {
    [ -s "$dir/room" ] || awk 'BEGIN { for (i = 0; i < 4096; i++) print "" }' >"$dir/room" && flush "$dir/room"
}

# job_end_full STATUS: over what is allocated already, without a truncation that would give it away.
job_end_full() {
    printf '%s\n' "$1" 1<>"$dir/room" && flush "$dir/room" && mv -f "$dir/room" "$dir/rc" && flush "$dir"
}

# job_log: stdin → log, up to the cap. It always reads on to the end, so that a command is stopped neither by a long
# log nor by a full disk.
job_log() {
    local size before=-1
    trap '' TERM
    while size=$(stat -c %s "$dir/log") && [ "$size" != "$before" ]; do
        if [ "$size" -ge "$LOG_CAP" ]; then
            printf '\nopsgate: the log is cut here\n' >>"$dir/log"
            exec cat >/dev/null
        fi
        before=$size
        dd bs=65536 count=64 2>/dev/null >>"$dir/log" || break
    done
    exec cat >/dev/null
}

# poll STATE ID OFFSET [SECONDS] → "<state> <rc or -> <log size>", then at most 64 KiB of the log from there. A job that
# lives and has nothing new to say is waited for, about so long.
verb_poll() {
    job_dir "$1" "$2"
    number "$3"
    if [ $# -gt 3 ]; then
        number "$4"
        job_news "$3" "$4"
    fi
    job_state
    job_header
    [ ! -f "$dir/log" ] || tail -c "+$(($3 + 1))" "$dir/log" | head -c "$POLL_MOST"
}

# job_news OFFSET SECONDS: until the job ended or its log is longer than that. Looking at the log costs a process.
job_news() {
    local until looks=0
    uptime_now
    until=$((now + $2))
    while [ -f "$dir/pid" ] && [ ! -f "$dir/rc" ] && [ "$now" -le "$until" ] && [ "$looks" -lt $(($2 * 20)) ]; do
        [ $((looks % 4)) -gt 0 ] || [ ! -s "$dir/log" ] || [ "$(stat -c %s "$dir/log")" -le "$1" ] || return 0
        looks=$((looks + 1))
        nap
        uptime_now
    done
}

# cancel STATE ID GRACE: TERM, after GRACE seconds KILL, until nothing of it lives. What has ended stays as it is.
verb_cancel() {
    job_dir "$1" "$2"
    number "$3"
    if [ -f "$dir/spec" ]; then
        exec 8>>"$dir/lock" && take 8 10 || die 75 "job $2 is busy"
        job_state
        case "$j_state" in
            running | missing)
                : | put "$dir/cancelled" || exit 1
                exec 8>&-
                ! job_runner || job_kill "$3" || die 75 "something of job $2 cannot be ended"
                ;;
        esac
    fi
    job_state
    job_header
}

# The leader gets no signal as long as it can still write rc.
job_kill() {
    local grace="$1" told=' ' pid pids kill_at give_up
    uptime_now
    kill_at=$((now + grace + (grace > 0))) # whole seconds: rather a little more than promised
    give_up=$((kill_at + 15))
    while :; do
        uptime_now
        [ "$now" -lt "$give_up" ] || return 1
        pids=$(job_members)
        for pid in $pids; do
            if [ "$now" -ge "$kill_at" ]; then
                kill -KILL "$pid" 2>/dev/null
            else
                case "$told" in *" $pid "*) ;; *) kill -TERM "$pid" 2>/dev/null && told="$told$pid " ;; esac
            fi
        done
        if [ -z "$pids" ]; then
            job_leader_lives || return 0
            [ "$now" -lt $((kill_at + 3)) ] || kill -KILL "$r_pid" 2>/dev/null
        fi
        nap
    done
}

# jobs-prune STATE KEEP: of the jobs that have ended, and of the records for taking swaps back, the newest KEEP stay.
verb_jobs_prune() {
    state_dir "$1"
    number "$2"
    local state="$1" keep="$2" name
    beyond "$state/jobs" "$keep" | while IFS= read -r name; do
        job_dir "$state" "$name"
        job_state
        [ "$j_state" = running ] || wipe "$dir"
    done
    beyond "$state/undo" "$keep" | while IFS= read -r name; do wipe "$state/undo/$name"; done
}

# beyond ROOM KEEP → the names in ROOM but the newest KEEP.
beyond() {
    local name
    [ -d "$1" ] && [ ! -L "$1" ] || return 0
    # shellcheck disable=SC2012 # names are checked one by one
    ls -1t "$1" | tail -n "+$(($2 + 1))" | while IFS= read -r name; do
        ! plain_name "$name" || printf '%s\n' "$name"
    done
}
