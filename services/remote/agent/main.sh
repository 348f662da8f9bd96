# --- which verb ---------------------------------------------------------------------------------------------------

# words VERB LEAST MOST COUNT
words() { [ "$4" -ge "$2" ] && [ "$4" -le "$3" ] || die 64 "$1 was given $4 words"; }

if [ "${1-}" = -n ]; then
    expected=${2-}
    number "$expected"
    shift 2
fi
verb=${1-}
[ $# -eq 0 ] || shift
case "$verb" in
    begin | run-job) ;; # their commands keep the language that the user has
    *) LC_ALL=C && export LC_ALL ;;
esac
case "$verb" in
    begin) words begin 2 2 $# && verb_begin "$@" ;;
    run-job) words run-job 3 3 $# && verb_run_job "$@" ;;
    poll) words poll 3 4 $# && verb_poll "$@" ;;
    cancel) words cancel 3 3 $# && verb_cancel "$@" ;;
    jobs-prune) words jobs-prune 2 2 $# && verb_jobs_prune "$@" ;;
    lock-claim) words lock-claim 4 4 $# && verb_lock_claim "$@" ;;
    lock-renew) words lock-renew 3 3 $# && verb_lock_renew "$@" ;;
    lock-release) words lock-release 2 2 $# && verb_lock_release "$@" ;;
    lock-read) words lock-read 1 1 $# && verb_lock_read "$@" ;;
    arrived) words arrived 1 1 $# && verb_arrived "$@" ;;
    unpack) words unpack 5 5 $# && verb_unpack "$@" ;;
    blocking) words blocking 2 6 $# && verb_blocking "$@" ;;
    drift) words drift 2 3 $# && verb_drift "$@" ;;
    verify) words verify 2 2 $# && verb_verify "$@" ;;
    intact) words intact 3 3 $# && verb_intact "$@" ;;
    releases) words releases 1 1 $# && verb_releases "$@" ;;
    safety-copy) words safety-copy 4 8 $# && verb_safety_copy "$@" ;;
    swap) words swap 5 9 $# && verb_swap "$@" ;;
    unswap) words unswap 3 3 $# && verb_unswap "$@" ;;
    swap-env) words swap-env 3 3 $# && verb_swap_env "$@" ;;
    unswap-env) words unswap-env 2 2 $# && verb_unswap_env "$@" ;;
    tidy-env) words tidy-env 2 2 $# && verb_tidy_env "$@" ;;
    forget-env) words forget-env 2 2 $# && verb_forget_env "$@" ;;
    remove-tree) words remove-tree 2 2 $# && verb_remove_tree "$@" ;;
    write) words write 1 1 $# && verb_write "$@" ;;
    read) words read 2 2 $# && verb_read "$@" ;;
    probe) words probe 2 2 $# && verb_probe "$@" ;;
    copy-rows) words copy-rows 1 40 $# && verb_copy_rows "$@" ;;
    dump) words dump 4 80 $# && verb_dump "$@" ;;
    take-dump) words take-dump 3 3 $# && verb_take_dump "$@" ;;
    copy-sorted) words copy-sorted 1 40 $# && verb_copy_sorted "$@" ;;
    host) words host 1 2 $# && verb_host "$@" ;;
    *) die 64 "no such verb: $verb" ;;
esac
