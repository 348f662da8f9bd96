### Everything a person reads, in English. ru.ftl has the same messages with the same values.
### Own functions: SIZE($bytes), DURATION($seconds), STEP($name), KIND($name).

## Units

unit-bytes = { $n } B
unit-kb = { $n } KB
unit-mb = { $n } MB
unit-gb = { $n } GB
unit-tb = { $n } TB
unit-days = { $n } d
unit-hours = { $n } h
unit-minutes = { $n } min
unit-seconds = { $n } s
ago = { DURATION($age) } ago

## Words

kind-deploy = deploy
kind-backup = backup
operation-title = { $kind ->
    [deploy] Deploy { $project }
    [backup] Back up { $project }
   *[other] { $kind } { $project }
}
state-proposed = waiting for a tap
state-queued = about to start
state-running = running
state-succeeded = succeeded
state-failed = failed
state-rolled-back = rolled back
state-needs-human = needs a human
state-dismissed = dismissed
state-expired = expired

step-lock = Lock the project
step-mark-first = Note the first deploy
step-start-database = Start the database
step-backup = Back up the database
step-fetch = Fetch a copy of the dump
step-upload = Upload the release
step-config = Check the Compose file
step-keep-images = Keep the present images
step-build = Build
step-safety-copy = Safety copy of the files
step-swap = Swap the files
step-up = Start the new containers
step-health = Health check
step-record = Record the release
step-unlock = Unlock
step-stop-new = Stop the new containers
step-restore-files = Bring the old files back
step-restore-images = Bring the old images back
step-up-previous = Start the old containers
step-health-previous = Health check of the old release
step-record-previous = Record the old release

## Buttons

button-confirm = { $kind ->
    [deploy] Confirm deploy
    [backup] Confirm backup
   *[other] Confirm
}
button-dismiss = Cancel
button-cancel = Stop
button-cancel-one = Stop: { KIND($kind) } { $project }
button-details = Details
button-log = Log
button-refresh = Refresh
button-menu-status = 📊 Status
button-menu-ops = 📋 Operations
button-menu-deploy = 🚀 Deploy
button-menu-backup = 💾 Back up
button-language = Говорить по-русски
other-language = ru

## Commands

help-title = I am Opsgate
help-intro = I change your server only after you have seen a plan and tapped Confirm. Failures I tell you without being asked.
help-status = what runs, and how well
help-deploy = [project] [ref]: a new release
help-backup = [project]: a database dump, proven readable
help-ops = running and recent operations, backups
help-cancel = stop what is running
help-whoami = your Telegram id
help-help = this page
help-projects = Projects: { $names }
help-gate = A plan can be confirmed for 15 minutes, once, by any admin in this chat.
hint-unknown = I do not know that command. /help shows what I can do.
hint-button = This button no longer works. /help shows what I can do.
language-chosen = From now on I speak English.
whoami-name = You are
whoami-id = Telegram id:
whoami-chat = This chat:
whoami-admin = You are on the list of admins.
choose-project = { $kind ->
    [deploy] Which project do you want to deploy?
    [backup] Which database do you want to back up?
   *[other] Which project?
}
choose-to-cancel = Several operations are running. Which one should stop?
looking = Looking at { $host } …
nothing-to-cancel = Nothing is running.
no-log = There is no log of this operation yet.
log-too-big = The log is { SIZE($size) }, more than Telegram takes. It is kept with the bot, in logs/{ $operation }.
stale-command = This command is { DURATION($age) } old, so I did nothing. Send it again if you still want it.
stale-tap = That tap came too late, so I did nothing. Send the command again if you still want it.
stale-message = This message is too old for its buttons. Send the command again.
sent-again = (sent again: the first may not have arrived)
cut-note = … (shortened)

## Plan card

card-where = on { $host }
card-now = Now:
card-now-unknown = Now: running, but not deployed by me
card-first = Now: nothing. This is the first deploy.
card-commit = Commit
card-size = { $files ->
    [one] { $files } file, { SIZE($size) } to send
   *[other] { $files } files, { SIZE($size) } to send
}
card-dirty = The source has changes that are not committed. They are shipped too.
card-commits = { $count ->
    [one] { $count } commit since then
   *[other] { $count } commits since then
}
card-more-commits = … and { $count } more
card-backup = 💾 The database is backed up and read back before anything changes.
card-no-backup = 💾 There is no database to back up yet.
card-start-database = The database is stopped. It is started for its backup.
card-risk = { $risk ->
    [low] Risk: low
    [medium] Risk: medium
   *[high] Risk: high
}
card-steps = Steps
card-valid-until = Can be confirmed until
card-blocked = This cannot run. Mend what is marked ⛔ and ask again.
card-expired = Nobody confirmed in time. Nothing was changed.
card-confirmed = Confirmed by { $who }
card-dismissed = Cancelled by { $who }. Nothing was changed.

## Progress

progress-back = Going back
progress-cancelling = { $who } asked to stop …
progress-lost = connection lost, trying again; the host works on
progress-of = { $done } of { $total }
progress-rate = { SIZE($rate) }/s
progress-left = { DURATION($left) } left

## Verdict

verdict-succeeded = { $project }: { KIND($kind) } succeeded
verdict-failed = { $project }: { KIND($kind) } failed
verdict-rolled-back = { $project }: { KIND($kind) } rolled back
verdict-needs-human = { $project }: { KIND($kind) } needs a human
verdict-rollback-reason = The way back failed too: { $reason }
verdict-foot = Took { DURATION($duration) }, confirmed by { $who }
verdict-cancelled = Stopped by { $who }
meaning-deployed = Release { $label } is serving.
meaning-untouched = The running containers were not touched.
meaning-old-serves = The old release { $label } is serving again.
meaning-old-serves-unnamed = What ran before is serving again.
meaning-first-stopped = Nothing ran here before, so the new containers were stopped. Volumes were kept.
meaning-needs-human = The server may be between two releases. Look at it now: /status, then the log below. Nothing more is done by itself.
meaning-backup-failed = There is no new backup. The database was not changed.
backup-made = { $places ->
    [both] Backup: { SIZE($size) }, read back, on the host and here
   *[host] Backup: { SIZE($size) }, read back, on the host
}

## Status

status-on-host = on { $host }
status-unreachable-admins = My messages do not reach: { $names }
status-read-at = Read at
status-no-containers = No containers.
status-no-release = Release: none of mine yet
status-release = Release
status-load = Load { $load } on { $cpus ->
    [one] { $cpus } CPU
   *[other] { $cpus } CPUs
}
status-memory = Memory { $percent } % used, { SIZE($free) } of { SIZE($total) } free
status-disk = Disk { $percent } % used, { SIZE($free) } of { SIZE($total) } free
status-locked = 🔒 { $holder }
status-no-backup = Last backup: none
status-backup = Last backup: { DURATION($age) } ago, { SIZE($size) }
status-running = { KIND($kind) } running for { DURATION($age) }
container-state = { $state ->
    [running] running
    [exited] exited with { $status }
    [created] not started
    [restarting] restarting
    [paused] paused
    [dead] dead
   *[other] { $state }
}
container-health = { $health ->
    [healthy] healthy
    [unhealthy] not healthy
    [starting] not healthy yet
   *[other] { $health }
}
container-up = up { DURATION($age) }
container-restarts = { $count ->
    [one] { $count } restart
   *[other] { $count } restarts
}
container-image = image { DURATION($age) } old

## Operations

ops-title = Operations
ops-none = No operation has run yet.
ops-backups = Backups
ops-backup = { $places ->
    [both] { $project }, { DURATION($age) } ago, { SIZE($size) }, on the host and here
   *[host] { $project }, { DURATION($age) } ago, { SIZE($size) }, on the host
}
ops-asked = Asked by { $who }
ops-release = Release:
ops-before = Before:

## Taps

tap-confirmed = Confirmed. It starts now.
tap-dismissed = Cancelled. Nothing was changed.
tap-unknown = This is no longer valid here.
tap-blocked = This plan may not run.
tap-expired = Too late: this plan has expired. Ask for a new one.
tap-handled = Already handled by { $who }.
tap-cancelling = Stopping …
tap-cancel-late = Too late to stop: it has ended, or somebody stopped it already.

## Notices

notice-connection-lost = ⚠️ { $project }: no connection to { $host } during the step “{ STEP($step) }”. What began there goes on; I keep trying. Is the VPN up?
notice-admin-unreachable = ⚠️ My messages do not reach { $name } (id { $id }): the bot was blocked or never started. They will not hear of failures.
notice-conflict = 🆘 Somebody else is polling Telegram with my token, so I stopped. Find the second instance, or revoke the token at @BotFather, then start me again.

## Errors

error-internal = Something went wrong inside me. It is in my log. Nothing more is done by itself.
error-bad-input = I did not understand that. /help shows what I can do.
error-busy = { $project } is busy: { $who } started { $kind ->
    [deploy] a deploy
    [backup] a backup
   *[other] an operation
}. See /ops, or /cancel it.
error-source = The source cannot be packed. See my log for the reason.
error-superseded = The server changed since this plan was made, so nothing was run. The new plan follows.
error-step-failed = A step failed. The log says why.
error-cancelled = It was stopped on request.
error-host = The host did not do what was asked. The log says more.
error-host-answer = The host answered something that I cannot read. The log says more.
error-unreachable = { $host } does not answer. Is the VPN up, and the machine on?
error-timed-out = { $host } did not answer in time. Is the VPN up?
error-auth-refused = { $host } does not accept my SSH key. Add the public key to ~/.ssh/authorized_keys there.
error-host-key-changed = 🆘 The host key of { $host } is not the pinned one. I stopped: this may be another machine, or an attack. If you reinstalled it, replace its line in known_hosts.
error-command-failed = The command “{ $command }” ended with status { $status }: { $tail }
error-fenced = Another run took over this project, so this one stopped. See /ops.
error-lock-held = Another Opsgate ({ $owner }) works on this project since { DURATION($age) }: { $operation }. Wait for it, or stop it there.
error-no-project = There is no project “{ $project }”. I know: { $known }
error-no-operation = I do not know this operation.
error-no-database = { $project } has no database configured in opsgate.toml.
error-database-not-running = The database service “{ $service }” is not running. Start it, then try again.
error-database-not-ready = The database service “{ $service }” did not answer within { $seconds } s. Look at its log.
error-fetch-differs = The copy of the dump differs from the one on the host, so it was thrown away. The dump on the host is good. Try again.
error-pack-gone = The packed source is gone from my disk. Ask for a new plan.
error-build-failed = The build failed (status { $status }). The old containers keep serving.
error-up-failed = The containers could not be started (status { $status }).
error-job-interrupted = “{ STEP($step) }” was interrupted on the host (a reboot?), so its result is unknown.
error-step-timeout = “{ STEP($step) }” took too long and was ended.
error-project-gone = { $project } is no longer in opsgate.toml, so this was not run.
error-not-admin = Who confirmed this is no longer an admin, so { $project } was not changed further.
error-several-stacks = On the host several Compose stacks belong to { $project }: { $names }. Name the right one as compose_project in opsgate.toml.
error-no-stack-name = I cannot tell the Compose project name of { $project }. Set compose_project in opsgate.toml.

health-missing = The service “{ $service }” has no container.
health-restarting = The service “{ $service }” keeps restarting ({ $count } times).
health-exited = The service “{ $service }” ended with status { $status }.
health-not-running = The service “{ $service }” is { $state }, not running.
health-unhealthy = The service “{ $service }” is not healthy.
health-starting = The service “{ $service }” did not become healthy in time.
health-probe = { $url } does not answer with 2xx or 3xx (got { $status }).
