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
kind-restore = restore
kind-rollback = rollback
kind-undo = undo
kind-drop = drop
operation-title = { $kind ->
    [deploy] Deploy { $project }
    [backup] Back up { $project }
    [restore] Restore the database of { $project }
    [rollback] Roll back { $project }
    [undo] Undo the restore of { $project }
    [drop] Drop an old database of { $project }
   *[other] { $kind } { $project }
}
state-proposed = waiting for a tap
state-waiting = waiting its turn
state-queued = about to start
state-running = running
state-ended = ended
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
step-verify-dump = Check the dump against its record
step-verify-release = Check the kept files and images
step-bring-images = Give the images their names back
step-create-database = Make a new database
step-load = Load the dump
step-compare = Count the rows
step-swap-database = Swap the databases
step-drop-database = Drop the old database
step-swap-database-back = Swap the databases back
step-drop-restored = Drop the new database
step-health-again = Health check
step-stop-new = Stop the new containers
step-restore-files = Bring the old files back
step-restore-images = Bring the old images back
step-end-build = End the build
step-up-previous = Start the old containers
step-health-previous = Health check of the old release
step-record-previous = Record the old release

## Buttons

button-confirm = { $kind ->
    [deploy] Confirm deploy
    [backup] Confirm backup
    [restore] Confirm restore
    [rollback] Confirm rollback
    [undo] Confirm undo
    [drop] Confirm drop
   *[other] Confirm
}
button-bump = Bump { $version } → { $to }
button-queue = Queue after the running one
button-queue-replace = Replace the queued one
button-dismiss = Cancel
button-cancel = Cancel
button-cancel-one = Cancel: { KIND($kind) } { $project }
button-manual = Show manual steps
button-details = Details
button-log = Log
button-refresh = Refresh
button-undo = Undo
button-drop = Drop the old database
button-matching-backup = Restore the matching backup
button-menu-status = 📊 Status
button-menu-ops = 📋 Operations
button-menu-deploy = 🚀 Deploy
button-menu-rollback = ⏪ Roll back
button-menu-backup = 💾 Back up
button-menu-restore = ♻️ Restore
button-language = Говорить по-русски
other-language = ru

## Commands

help-title = I am Opsgate
help-intro = I change your server only after you have seen a plan and tapped Confirm. Failures I tell you without being asked.
help-status = what runs, and how well
help-deploy = [project] [ref]: a new release
help-rollback = [project]: an earlier release, without a build
help-backup = [project]: a database dump, proven readable
help-restore = [project]: bring a backup back, with Undo
help-pack = [project] [ref]: the source as deploy.zip, for a deploy by hand
help-ops = running and recent operations, backups
help-cancel = stop what is running
help-lock = [project] <reason>: refuse every change
help-unlock = [project]: allow changes again
help-whoami = your Telegram id
help-help = this page
help-projects = Projects: { $names }
help-gate = A plan can be confirmed for 15 minutes, once, by any admin in this chat.
hint-unknown = I do not know that command. /help shows what I can do.
hint-button = This button no longer works. /help shows what I can do.
whoami-name = You are
whoami-id = Telegram id:
whoami-chat = This chat:
whoami-admin = You are on the list of admins.
choose-project = { $kind ->
    [deploy] Which project do you want to deploy?
    [backup] Which database do you want to back up?
    [restore] Which database do you want to restore?
    [rollback] Which project do you want to roll back?
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
card-carried = { $files ->
    [one] { $files } file
   *[other] { $files } files
}, { $carried ->
    [0] none of them changed
   *[other] { $carried } changed
}: { SIZE($size) } to send
drift-none = Nothing on the server differs from the deployed release any more.
button-difference = Difference
button-keep = Keep the server's files
card-dirty = The source has changes that are not committed. They are shipped too.
card-commits = { $count ->
    [one] { $count } commit since then
   *[other] { $count } commits since then
}
card-more-commits = … and { $count } more
card-frontend = Frontend
card-changed = Changed files: { $areas }
card-area-top = top folder
card-area-others = others { $count }
card-env = Env since then: { $changes }
card-env-added = new { $names }
card-env-changed = changed { $names }
card-env-removed = gone { $names }
card-env-others = { $count } more
card-env-unknown = Whether env values changed is not known: the deployed release has no record of them.
card-with-cache = 🔨 Built with the cache: { $services }
card-not-built = Not built, ready images: { $services }
card-time = ⏱ About { DURATION($seconds) }, { $runs ->
    [one] as the last deploy
   *[other] as the last { $runs } deploys
}
card-longest = Longest: { $steps }
card-longest-step = { STEP($step) } { DURATION($seconds) }
card-disk = Disk: about { SIZE($needed) } for files and the dump, and the new images; { SIZE($free) } are free
card-no-cache = 🔨 { $service } is built without cache: { $reasons }
rebuild-frontend-files = { $count ->
    [one] { $count } file of mobile/ changed
   *[other] { $count } files of mobile/ changed
}
rebuild-frontend-env = { $names } changed
rebuild-env-unknown = the EXPO_PUBLIC_* values of the last build are not known
rebuild-backend-inputs = { $count ->
    [one] { $count } data file or script changed
   *[other] { $count } data files or scripts changed
}
rebuild-unknown = what is deployed now is not known
card-rolling = 🔁 { $service }: a second instance first; the old one ends once the new one is proven (rolling)
card-not-rolling-rolling = 🔁 { $service } is recreated: rolling was asked for, but { $reason }
card-not-rolling-auto = 🔁 { $service } is recreated: { $reason }
strategy-database = it is the database
strategy-data = it keeps data in { $volumes }, as a database does: two at once would destroy it
strategy-extends = it extends another service, so that not all about it is known
strategy-name = it has a fixed container name
strategy-port = it publishes { $port } on the host
strategy-tied = there can only be one container of it ({ $key })
strategy-joins = it shares the network, processes or volumes of another container
strategy-joined = another service shares its network, processes or volumes
strategy-instances = it runs with { $count } instances
strategy-anonymous = it has a volume without a name, which a second instance would not see
strategy-shared = both instances would write to { $volumes }
strategy-unchecked = it has no healthcheck
strategy-new = nothing of it runs yet
strategy-several = there are { $count } containers of it
strategy-one-shot = every start of the stack runs { $service } again, so everything is started in one go
strategy-down = it is not healthy now
card-backup = 💾 The database is backed up and read back before anything changes.
card-no-backup = 💾 There is no database to back up yet.
card-start-database = The database is stopped. It is started for its backup.
card-type-name = { $who }, to confirm type
until = until
card-risk = { $risk ->
    [low] Risk: low
    [medium] Risk: medium
   *[high] Risk: high
}
card-steps = Steps
card-valid-until = Can be confirmed until
card-blocked = This cannot run. Mend what is marked ⛔ and ask again.
card-blocked-bump = This cannot run as it is. Bump, or mend what is marked ⛔ and ask again.
card-bump = { $way ->
    [file] Bump writes { $to } into mobile/app.json of the source folder and shows a new plan. It deploys nothing.
    [checkout] Bump writes { $to } into mobile/app.json of the source folder and shows a new plan. It commits and deploys nothing: commit the change yourself.
    [push] Bump commits { $to } to { $branch }, pushes it and shows a new plan. It deploys nothing.
    [commands] Nothing is pushed for you here. In a checkout of the repository:
    [no_branch] { $branch } is not a branch, so no version can be raised on it. Raise it on a branch, then deploy that branch.
   *[other] It is line { $line } of mobile/app.json in the source folder.
}
card-expired = Nobody confirmed in time. Nothing was changed.
card-confirmed = Confirmed by { $who }
offer-replaced = A new plan took the place of this one. Nothing was run.
card-ahead = ⏳ Running now: { KIND($kind) }, confirmed by { $who }. This one can start when that has ended well.
card-ahead-waiting = 🕓 Queued after it: { KIND($kind) }, confirmed by { $who }. Only one can be queued: yours would take its place.
card-waiting = Queued by { $who }. It starts by itself when what runs has ended well; if not, you are asked again.
card-dismissed = Cancelled by { $who }. Nothing was changed.

## Rollback

rollback-choose = Which release of { $project } should come back? You see a plan first.
rollback-none = There is no earlier release of { $project } to go back to. I keep each release that was healthy here until newer ones take its place; so far there is at most the present one. To bring something older back, deploy it anew: /deploy { $project }
rollback-served = served for { DURATION($time) }
rollback-came = Deployed
rollback-files = Files: { $changed } changed, { $added } added, { $removed } removed
rollback-files-unknown = How many files change is not known.
rollback-images = The very images that ran
rollback-gone = { $count ->
    [one] { $count } commit goes away
   *[other] { $count } commits go away
}
rollback-come = { $count ->
    [one] { $count } commit comes back
   *[other] { $count } commits come back
}
rollback-commits-unknown = Which commits go away is not known.
rollback-promise = ⏪ Its files and these images come back. Nothing is built.
rollback-stops = These services are not part of it and stop; their volumes stay: { $names }
rollback-migrations = The database stays as it is now. I do not record migrations yet: if one ran since, the old code may not fit it.
rollback-matching-backup = The matching backup, to be restored afterwards if need be, is of
rollback-no-matching-backup = I know of no backup from when that release served.
meaning-returned = Release { $label } is serving again, with the very images that it had. Nothing was built.

## Restore

restore-choose = Which backup of { $project } should come back? You see a plan first.
restore-no-backups = There is no backup of { $project } yet. Make one with /backup.
restore-of = To the backup of
restore-rows = Rows by table, now → then
restore-rows-equal = { $tables ->
    [one] No difference: { $tables } table has as many rows as then.
   *[other] No difference: all { $tables } tables have as many rows as then.
}
restore-rows-more = … and { $count } more
restore-rows-same = { $count ->
    [one] { $count } table has as many rows as then.
   *[other] { $count } tables have as many rows as then.
}
restore-rows-then-unknown = What the backup holds is not known: it was made before I counted rows.
restore-rows-now-unknown = What is there now could not be counted in time.
restore-rows-now = { $rows ->
    [one] Now: { $rows } row
   *[other] Now: { $rows } rows
} { $tables ->
    [one] in { $tables } table
   *[other] in { $tables } tables
}
restore-rows-then = { $rows ->
    [one] Then: { $rows } row
   *[other] Then: { $rows } rows
} { $tables ->
    [one] in { $tables } table
   *[other] in { $tables } tables
}
restore-promise = The live database goes back to that moment: what was written since then is not in it.
    💾 First a fresh backup of what is there now. Then the dump is loaded into a new database beside it and counted, and the two change places.
    Open sessions are ended at that moment. Services that do not recover by themselves are restarted.
undo-promise = The database from before the restore becomes the live one: what was written since then is not in it.
    The two databases change places again; no new backup is made, because both are kept.
    Open sessions are ended at that moment. Services that do not recover by themselves are restarted.
drop-promise = It is gone for good then. The live database is not touched.
restore-keeps = The present database is kept as
undo-of = Takes back
typed-ask = { $kind ->
    [drop] This cannot be taken back. To confirm, answer with the name of the project: { $project }
   *[other] This replaces the live database. To confirm, answer with the name of the project: { $project }
}
    You have 2 minutes. /cancel calls it off.
typed-wrong = That is not the name, so nothing was done. Type { $project } to confirm, or /cancel.
restore-compared = { $rows ->
    [one] Counted: { $rows } row
   *[other] Counted: { $rows } rows
} { $tables ->
    [one] in { $tables } table, as in the backup
   *[other] in { $tables } tables, as in the backup
}
restore-kept = The replaced database is kept as
restore-restarted = Restarted, because health did not come back by itself: { $names }
meaning-restore-done = The backup is live.
meaning-restore-failed = The live database was not changed.
meaning-restore-back = The database that was there before is live again.
meaning-restore-needs-human = Not everything could be brought back to a good state. Look at it now: /status, the log below, and psql -l in the database's container. Nothing more is done by itself.
meaning-undo-back = The restored database is live again, as before this undo.
meaning-undo-done = The database from before the restore is live again.
meaning-drop-done = The old database is gone.
meaning-drop-failed = The old database may still be there. The live one was not touched.

## Lock and queue

lock-done = 🔒 { $project } is locked: { $reason }
    Until /unlock { $project } I refuse whatever changes it. Backups stay possible.
lock-held = 🔒 { $project } is locked already, by { $who } ({ DURATION($age) } ago): { $reason }
    Nothing was changed. /unlock { $project } opens it.
lock-running = The { KIND($kind) } that is running goes on. /cancel stops it.
lock-waiting = The { KIND($kind) } that is queued does not start while the lock stands.
unlock-done = 🔓 { $project } is unlocked.
unlock-none = { $project } is not locked.
queue-replaced = { $project }: { $who } replaced the queued { KIND($kind) } by another one. It was not run.
queue-before-failed = The { KIND($kind) } before it did not end well, so this was not started. The new plan follows.

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
verdict-rolled-back = { $kind ->
    [rollback] { $project }: the rollback itself was rolled back
   *[other] { $project }: { KIND($kind) } rolled back
}
verdict-freed = { $removed ->
    [0] Freed:
    [one] Freed: { $removed } old release ({ SIZE($bytes) } of files)
   *[other] Freed: { $removed } old releases ({ SIZE($bytes) } of files)
}{ $images ->
    [0] { "" }
    [one] { " " }{ $images } image
   *[other] { " " }{ $images } images
}
verdict-needs-human = { $project }: { KIND($kind) } needs a human
verdict-rollback-reason = The way back failed too: { $reason }
verdict-foot = Took { DURATION($duration) }, confirmed by { $who }
verdict-cancelled = Stopped by { $who }
meaning-deployed = Release { $label } is serving.
meaning-untouched = The running containers were not touched.
meaning-names-moved = The running containers were not touched, but the image names may belong to the new build. Deploy again before anybody recreates containers by hand.
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
status-waiting = { KIND($kind) } waits its turn, queued by { $who }
status-frozen = Locked by { $who } { DURATION($age) } ago: { $reason }
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
tap-queued = Queued. It starts when what runs has ended well.
tap-nothing-runs = Nothing runs any more, so there is nothing to wait for. The card offers Confirm instead.
tap-dismissed = Cancelled. Nothing was changed.
tap-unknown = This is no longer valid here.
tap-blocked = This plan may not run.
tap-expired = Too late: this plan has expired. Ask for a new one.
tap-handled = Already handled by { $who }.
tap-replaced = Done. The new plan follows.
tap-replacing = { $who } was first. The new plan is being made.
tap-asked = { $who } is being asked to type the name. You can do it when their time is over.
tap-cancelling = Stopping …
tap-cancel-late = Too late to stop: it has ended, or somebody stopped it already.

## Notices

notice-connection-lost = ⚠️ { $project }: no connection to { $host } during the step “{ STEP($step) }”. What began there goes on; I keep trying. Is the VPN up?
notice-docker-away = ⚠️ { $project }: no Docker answers on { $host } during the step “{ STEP($step) }”. I keep trying. Is its service running?
notice-admin-unreachable = ⚠️ My messages do not reach { $name } (id { $id }): the bot was blocked or never started. They will not hear of failures.
notice-unlocked = 🔓 { $who } unlocked { $project } (locked by { $owner }: { $reason })
notice-conflict = 🆘 Somebody else is polling Telegram with my token, so I stopped. Find the second instance, or revoke the token at @BotFather, then start me again.

## Errors

error-internal = Something went wrong inside me. It is in my log. Nothing more is done by itself.
error-bad-input = I did not understand that. /help shows what I can do.
error-busy = { $project } is busy: { $who } started { $kind ->
    [deploy] a deploy
    [backup] a backup
    [restore] a restore
    [rollback] a rollback
   *[other] an operation
}. See /ops, or /cancel it.
error-busy-now = { $project } is busy now: { $who } started { $kind ->
    [deploy] a deploy
    [backup] a backup
    [restore] a restore
    [rollback] a rollback
   *[other] an operation
}. The card offers to queue this plan after it.
error-waiting-already = { $who } queued { $kind ->
    [deploy] a deploy
    [backup] a backup
    [rollback] a rollback
   *[other] an operation
} of { $project } meanwhile. The card now offers to replace it.
error-frozen = 🔒 { $project } is locked by { $who } ({ DURATION($age) } ago): { $reason }
    Nothing was changed. /unlock { $project } opens it again; a backup is possible all the same.
error-lock-no-reason = Say why, so that whoever is refused knows: /lock { $project } { $example }
error-lock-reason = The reason must be one line of plain text, at most { $most } characters; this one has { $count }.
error-lock-which = Which project? For example: /lock { $project } { $example }. I know: { $known }
error-unlock-which = Which project? For example: /unlock { $project }. Locked: { $known }
error-nothing-locked = No project is locked.
error-source = The source cannot be packed. See my log for the reason.
error-superseded = The server changed since this plan was made, so nothing was run. The new plan follows.
error-step-failed = A step failed. The log says why.
error-cancelled = It was stopped on request.
error-host = The host did not do what was asked. The log says more.
error-host-answer = The host answered something that I cannot read. The log says more.
error-unreachable = { $host } does not answer. Is the VPN up, and the machine on?
error-timed-out = { $host } did not answer in time. Is the VPN up?
error-auth-refused = { $host } does not accept my SSH key for { $user }. Add the public key to ~/.ssh/authorized_keys there.
error-host-key-changed = 🆘 The host key of { $host } is not the pinned one. I stopped: this may be another machine, or an attack. If you reinstalled it, replace its line in known_hosts.
error-command-failed = The command “{ $command }” ended with status { $status }: { $tail }
error-fenced = Another run took over this project, so this one stopped. See /ops.
error-lock-held = Another Opsgate ({ $owner }) works on this project since { DURATION($age) }: { $operation }. Wait for it, or stop it there.
error-no-project = There is no project “{ $project }”. I know: { $known }
error-no-operation = I do not know this operation.
error-no-database = { $project } has no database configured in opsgate.toml.
error-database-not-running = The database service “{ $service }” is not running. Start it, then try again.
error-database-not-ready = The database service “{ $service }” did not answer within { $seconds } s. Look at its log.
error-no-release = I do not know this release, or the host no longer keeps it. /rollback shows those that can come back.
error-release-serves = That release of { $project } is the one that serves.
error-images-gone = The images of these services are no longer on the host: { $services }. Deploy the commit instead.
error-other-images = After the rollback other images than those of the release ran: { $services }. Did somebody move their names meanwhile?
error-no-backup = I do not know this backup. /restore shows those that I know.
error-dump-changed = The dump { $file } on the host is not the one that was proven, so it was not used. Choose another with /restore.
error-restore-name-taken = There is a database { $name } already, which this restore did not make. Ask for the restore again: it gets another name.
error-restore-load = The dump could not be loaded (status { $status }). The live database was not touched.
error-restore-differs = After loading, the table { $table } has { $found } rows; the backup has { $expected }. The live database was not touched.
error-restore-sessions = Sessions kept coming back to { $database }, so the swap found no free moment. Stop what writes to it, then try again.
error-restore-names = The databases beside { $live } are not named as I left them, so I stopped rather than guess. See my log.
error-fetch-differs = The copy of the dump differs from the one on the host, so it was thrown away. The dump on the host is good. Try again.
error-drift-many = Too much differs on the server to keep it file by file ({ $count } files in { $project }). Bring the changes into the source, or confirm to replace them: the safety copy keeps what is there now until the next deploy.
error-difference-private = Source code is not for a group. Open our private chat and ask for the plan there.
error-drift-changing = { $path } is being changed on the server right now. Try again in a moment.
error-base-changed = The release on the server that this one builds on was changed meanwhile. Nothing was touched. Send /deploy again: then everything travels.
error-pack-gone = The packed source is gone from my disk. Ask for a new plan.
error-build-failed = The build failed (status { $status }). The old containers keep serving.
error-up-failed = The containers could not be started (status { $status }).
error-job-interrupted = “{ STEP($step) }” was interrupted on the host (a reboot?), so its result is unknown.
error-step-timeout = “{ STEP($step) }” took too long and was ended.
error-project-gone = { $project } is no longer in opsgate.toml, so this was not run.
error-not-admin = Who confirmed this is no longer an admin, so I did not go on with { $project }.
error-several-stacks = On the host several Compose stacks belong to { $project }: { $names }. Name the right one as compose_project in opsgate.toml.
error-no-stack-name = I cannot tell the Compose project name of { $project }. Set compose_project in opsgate.toml.
error-host-tools = The host lacks tools that I need: { $tools }. Install them there.
error-host-key-unknown = The host key of { $host } is not pinned yet. Compare its fingerprint on the machine itself, then run: { $command }
    Expected in { $file }.
error-key-unreadable = I cannot read my SSH key for { $host }: { $file }. It must exist, be readable by me and have no passphrase.
error-job-differs = The host knows the job { $job } with other contents. I stopped rather than guess. See my log.
error-docker = Docker refused a request (status { $status }). My log says more.
error-docker-refused = Docker runs on the host of { $project }, but my user may not use it. Add the user to the group docker there.
error-file-unreadable = I cannot read { $file } on the host. Check its owner and mode.
error-release-record = The release record of { $project } on the host is damaged. Look at “current” and “release.json” in its _opsgate folder.
error-bad-ref = “{ $ref }” is not a name of a branch, tag or commit.
error-no-ref = The repository has no branch, tag or commit “{ $ref }”.
error-ref-for-tree = { $project } is deployed from a local folder, so it takes no ref. Send /deploy { $project }.
error-git = git could not read the repository. My log says more.
error-git-busy = Another Opsgate process is reading the git clone of { $project }. Try again when it is done.
error-git-export = git could not read the files of this commit. My log says more.
error-git-fetch = git could not fetch { $repository }. Is it reachable, and may my key read it?
error-git-missing = git is not installed where I run.
error-git-submodules = The source has submodules, which I do not ship: { $paths }
error-git-timeout = git did not finish within { $seconds } s. Is the repository reachable?
error-source-missing = The source folder does not exist: { $path }
error-source-too-large = The source is { SIZE($size) }, more than { SIZE($limit) }. Largest: { $largest }. Leave out what is not needed in .deployignore.
error-source-unreadable = I cannot read { $path } in the source.
error-source-changing = { $path } changed while it was packed. Wait until nothing writes to the source, then try again.
error-source-links = The source has links, which I do not ship: { $paths }{ $more ->
    [0] { "." }
   *[other] { " " }and { $more } more.
} Leave them out in .deployignore.
error-source-names = The source has file names that I do not ship: { $paths }{ $more ->
    [0] { "." }
   *[other] { " " }and { $more } more.
} Rename them or leave them out in .deployignore.
error-source-no-compose-file = The source has no { $file }. Is compose_file in opsgate.toml right, and is the file not ignored?
error-compose-file = { $file } is not a Compose file that I can read{ $line ->
    [0] { "." }
   *[other] { " " }(line { $line }).
}
error-bump-changed = { $file } is no longer as it was when this plan was made, so I did not touch it. Ask for a new plan with /deploy.
error-bump-link = { $file } is not a plain file, so I did not touch it. Set the version yourself and ask again.
error-bump-file = I cannot write { $file }: { $reason }. Set the version yourself and ask again.
error-bump-settings = The source of { $project } was set up differently when this plan was made, so I did nothing. Ask for a new plan with /deploy.
error-bump-refused = The repository did not take my commit. Nothing was changed and nothing is deployed. It said:
    { $said }

    Do it in a checkout, then send /deploy again:
    { $commands }
error-another-instance = Another Opsgate runs on this data folder (process { $pid }).
error-settings = The settings are wrong.

health-missing = The service “{ $service }” has no container.
health-restarting = The service “{ $service }” keeps restarting ({ $count } times).
health-exited = The service “{ $service }” ended with status { $status }.
health-not-running = The service “{ $service }” is { $state }, not running.
health-unhealthy = The service “{ $service }” is not healthy.
health-starting = The service “{ $service }” did not become healthy in time.
health-unchecked = The service “{ $service }” has no healthcheck any more: nobody knows whether it is well.
health-unknown = Docker did not answer for so long that nobody knows whether the services are well.
health-probe = { $url } does not answer with 2xx or 3xx (got { $status }).

## Findings: what was seen, why it matters, the one action that mends it

finding-docker-missing = Docker does not answer on the host
    .why = The stack runs in Docker, so nothing can be deployed or backed up.
    .mend = Install Docker, or start it: systemctl start docker
finding-compose-missing = Docker Compose v2 is not installed
    .why = The stack is described by a Compose file.
    .mend = Install the Compose plugin (docker-compose-plugin) on the host.
finding-compose-old = Docker Compose { $version } is too old
    .why = I need Compose v2.
    .mend = Install the Compose plugin (docker-compose-plugin) on the host.
finding-disk-low = Only { $free } MB are free at { $path }, { $needed } MB are needed
    .why = The release, its safety copy and new images must fit, or the deploy breaks half way.
    .mend = Free some space, for example with: docker image prune
finding-http-client-missing = The host has neither curl nor wget
    .why = I ask { $url } from the host itself to see whether the release is healthy.
    .mend = Install curl on the host.
finding-clock-skew = The host's clock is { $seconds } s { $direction ->
    [ahead] ahead
   *[behind] behind
}
    .why = Times in logs are wrong, and tokens and certificates may be refused.
    .mend = Switch time synchronisation on: timedatectl set-ntp true
finding-lock-held = Another Opsgate works on this project: { $operation } ({ $owner }), since { DURATION($age) }
    .why = Two at once would spoil each other's work.
    .mend = Wait until it is done, or stop it there.
finding-env-missing = The env file { $file } is not on the host
    .why = It lives on the server only and is never part of a release. Without it the stack does not start.
    .mend = Create it on the host, readable by its owner only (chmod 600).
finding-env-unreadable = Lines { $lines } of { $file } cannot be read
    .why = Docker Compose refuses the whole file, and quotes such a line where secrets must not be seen.
    .mend = Write each line as NAME=value.
finding-password-unsafe = DB_PASSWORD in { $file } has other characters than letters and digits
    .why = Characters such as @ # : / break the database's connection URL.
    .mend = Set a password of letters and digits, in the file and in the database.
finding-no-database = No database is configured
    .why = Nothing is backed up before this deploy.
    .mend = If the stack has one, name it as database in opsgate.toml.
finding-database-unknown = The Compose file { $file } has no service “{ $service }”
    .why = The database could not be backed up. Its services are: { $known }
    .mend = Correct database.service in opsgate.toml.
finding-first-deploy = First deploy: there is no database to back up yet.
finding-database-stopped = The database service “{ $service }” is stopped. It is started for its backup.
finding-database-left = A first deploy ended half way and left the database service “{ $service }” stopped. It is started for its backup.
    .why = It may hold data by now, so nothing is changed without a proven backup.
    .mend = If it cannot start and holds nothing, remove its container on the host: { $command }
finding-database-missing = The database service “{ $service }” has no container
    .why = Something is deployed here, and it cannot be changed without a proven backup.
    .mend = On the host: { $command }
finding-backup-no-database = No database is configured
    .why = There is nothing to back up.
    .mend = Name it as database in opsgate.toml.
finding-backup-nothing-deployed = Nothing is deployed yet
    .why = There is no database to back up.
    .mend = Deploy first.
finding-restore-no-database = No database is configured
    .why = There is nothing to restore.
    .mend = Name it as database in opsgate.toml.
finding-restore-nothing-deployed = Nothing is deployed yet
    .why = There is no database to put the backup into.
    .mend = Deploy first.
finding-restore-database-down = The database service “{ $service }” is not running
    .why = A backup is loaded beside the live database, by the same server.
    .mend = On the host: { $command }
finding-restore-rights = The role { $role } may not create and rename databases, and the superuser of the service cannot be used
    .why = A backup is loaded into a new database, which then takes the place of the live one.
    .mend = As a superuser: ALTER ROLE { $role } CREATEDB, and make it the owner of the database.
finding-restore-worker = { $role } may not rename the database, so the superuser of the service does it: { $worker }.
finding-restore-disk = Only { $free } MB are free at { $path }, { $needed } MB are needed
    .why = The safety copy and the new database must both fit.
    .mend = Free some space, for example with: docker image prune
finding-dump-missing = The dump is no longer on the host: { $file }
    .why = There is nothing to load.
    .mend = Choose another backup, or copy this one back from where the bot runs.
finding-dump-changed = The dump is not the one that was proven: { $file }
    .why = Its size or SHA-256 differs from its record, so nobody knows what is in it.
    .mend = Choose another backup.
finding-restore-older-server = The server is PostgreSQL { $version }, the dump was made by { $dumped }
    .why = An older server may not read it.
    .mend = Choose an older backup, or bring the newer server back first.
finding-restore-server = PostgreSQL { $version }; the dump was made by { $dumped }.
finding-restore-settings = Settings of the database itself do not come back: { $names }
    .why = A dump does not hold them, and the restored database is a new one.
    .mend = Set them again after the restore.
finding-rollback-image-gone = Images of the release are no longer on the host: { $services }
    .why = A rollback brings back the very images that ran. Without them it would be a new build.
    .mend = Build it anew: { $command }
finding-rollback-migrations = { $count ->
    [one] A migration came after that release: { $scripts }
   *[other] { $count } migrations came after that release: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}
    .why = If it ran, the database may not fit the older code. A rollback does not touch the database.
    .mend = { $backup ->
        [0] If it ran, restore a backup of that time afterwards: /restore
       *[other] If it ran, restore the matching backup afterwards: the verdict has the button.
    }
finding-rollback-renamed = The stack is called “{ $name }”, but that release ran as “{ $recorded }”
    .why = Docker Compose would start a second stack beside the first one.
    .mend = Deploy its commit instead, so that it comes up under the present name.
finding-undo-gone = The database from before this restore is gone: { $name }
    .why = It was brought back already, or dropped. There is nothing to undo.
    .mend = Choose a backup with /restore.
finding-drop-nothing = There is no old database left of this operation
    .why = It was brought back or dropped already.
    .mend = Nothing to do.
finding-no-health = Nothing tells whether the stack is healthy
    .why = Without a health check a broken release looks like a good one, and is not rolled back.
    .mend = Add health = [{ "{" } url = "…" { "}" }] to the project in opsgate.toml, or a healthcheck to the Compose file.
finding-other-stacks = Other Compose stacks use { $path }: { $names }
    .why = They share files with this project and may see them change.
    .mend = If one is left over from an earlier name, remove its containers. Keep its volumes.
finding-stack-renamed = The stack would be called “{ $name }”, but the release that runs was deployed as “{ $recorded }”
    .why = Docker Compose would start a second stack with new, empty volumes beside the first one.
    .mend = Set compose_project = "{ $recorded }" for the project in opsgate.toml.
finding-release-unknown = The record of release { $release } is gone from the host
    .why = Nobody can say which files belonged to it, so files that the new release lacks stay where they are.
    .mend = Nothing to do: this deploy writes a new record.
finding-version-not-bumped = mobile/ changed, but its version { $version } is not higher than the deployed { $deployed }
    .why = Telegram goes on serving the app that it keeps for { $deployed }, and the app crashes.
    .mend = In mobile/app.json set "version": "{ $next }", commit it if the source is a repository, and ask again.
finding-migrations-new = { $count ->
    [one] A migration comes with this release: { $scripts }
   *[other] { $count } migrations come with this release: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}
    .why = The new code may need it, and I do not run migrations by myself yet.
    .mend = After the deploy, on the host:
        { $commands }
finding-migrations-changed = { $count ->
    [one] A migration that was deployed before has changed: { $scripts }
   *[other] Migrations that were deployed before have changed: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}. I do not run migrations by myself yet; whether it should run again, its author knows.
    { $commands }
finding-migrations-first = { $count ->
    [one] A migration script is part of this release: { $scripts }
   *[other] Migration scripts are part of this release: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}. I do not run migrations by myself yet; if the new database needs one:
    { $commands }
finding-migrations-unsure = { $count ->
    [one] A migration script is part of this release: { $scripts }
   *[other] Migration scripts are part of this release: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}. Whether it is new is not known, and I do not run migrations by myself yet:
    { $commands }
finding-version-unsure = The app would be { $version }, and { $deployed } is deployed
    .why = I cannot see whether mobile/ changed. If it did, Telegram goes on serving the old app, and it crashes.
    .mend = If it did, set "version": "{ $next }" in mobile/app.json first.
finding-strategy-unknown = [strategy] names what the release does not have: { $services }
    .why = A service that is called otherwise would be brought up in another way than you asked for.
    .mend = Correct [projects.….strategy] in opsgate.toml and restart; there is: { $known }
finding-static-upstream = mobile/nginx.conf finds { $service } only once, when nginx starts
    .why = After rolling, { $service } has another address; so the frontend is recreated too, and does not answer for a moment.
    .mend = Write: resolver 127.0.0.11 valid=1s; set $backend http://{ $service }:<port>; proxy_pass $backend;
finding-no-spa-fallback = { $file } does not answer unknown addresses with the app
    .why = A page that is opened by its address, or reloaded, gets 404.
    .mend = Write inside location /: try_files $uri $uri/ /index.html;
finding-data-not-copied = Scripts of the backend need files that { $dockerfile } does not copy: { $files }{ $more ->
    [0] {""}
   *[other] {" "}and { $more } more
}
    .why = They are missing in the container, and the script stops there.
    .mend = Add to { $dockerfile }: { $line }
finding-data-by-abspath = Scripts look for their data through os.path.abspath(__file__): { $scripts }{ $more ->
    [0] {""}
   *[other] {" "}and { $more } more
}
    .why = This works on Windows, but in the container the data may lie elsewhere.
    .mend = Use Path(__file__).parent and, where the file is not there, Path("/app/<file>").
finding-route-slash = The frontend calls routes with the slash at the end wrong: { $calls }{ $more ->
    [0] {""}
   *[other] {" "}and { $more } more
}
    .why = Flask redirects such a call or answers 404, which the app shows as a network error.
    .mend = Write each call as the route behind its arrow.
finding-drift = { $count ->
        [one] A file was edited on the server: { $files }.
       *[other] { $count } files were edited on the server: { $files }{ $more ->
            [0] .
           *[other] {" "}and { $more } more.
        }
    }
    .why = This deploy would put the release's own in place. The safety copy keeps what is there now until the next deploy.
    .mend = Look at the difference, keep the server's files, or confirm to replace them.
finding-drift-odd = What should be a plain file on the server is none: { $files }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
    .why = A link, a folder or a file that I may not read stands where the release puts a file. The swap would refuse it.
    .mend = Look at it on the server and move it away, then ask for the plan again.
finding-drift-unknown = I could not compare the files on the server with the deployed release.
    .why = What was edited there since would be replaced without being named here. The safety copy keeps it until the next deploy.
    .mend = Ask for the plan again, or confirm if nobody edits files on the server.
finding-drift-kept = As they are on the server: { $files }{ $more ->
        [0] .
       *[other] {" "}and { $more } more.
    }
finding-source-dirty = The source has changes that are not committed. They are shipped too.
finding-nothing-new = Nothing is new: the source is the same as in release { $release }.

## By hand, and from a terminal

manual-title = Deploy { $project } by hand
manual-intro = For when Telegram or I am down. Paste step after step, and look at what each one prints. No password stands here: what asks for one gets it from you.
manual-here = where the source is
manual-host = on the server
manual-pack = Pack the source. The line behind # does it without Opsgate.
manual-copy = Copy it to the server
manual-ssh = Log in. All that follows is for the server.
manual-lock = See that I am not at work: this must print nothing. If it prints, wait until the lease has ended, and see that no build runs.
manual-dump = Dump the database. Go on only after a checksum is printed: without one, nothing is proven.
manual-safety-copy = Copy the deployed files that deploy.zip replaces. Go on only after SAFETY COPY MADE.
manual-unzip = Put the new files in place. Files that the new version no longer has stay.
manual-up = Build and start
manual-look = Look: every container up, every address 200
manual-back = The way back, only if it went wrong
manual-back-files = Bring back the files that deploy.zip replaced, remove those that it added, and start them. All else in the folder stays as it is now: data, uploads, the env file.
manual-back-database = Only if the data is spoilt: put in the dump's name. It is loaded beside the database, then the two change names; it counts after THE DUMP SERVES. The old one stays as …_before_…, a failed try as …_by_hand_….
pack-made = { $label }: { $files ->
    [one] { $files } file
   *[other] { $files } files
}, { SIZE($size) }
pack-written = { $file }: { $label }, { $files ->
    [one] { $files } file
   *[other] { $files } files
}, { SIZE($size) }
pack-too-big = The zip is { SIZE($size) }, more than Telegram takes. On my machine this writes it: { $command }
error-pack-private = Source code is not for a group. Ask me in our private chat.
error-name-a-project = Which project? I know: { $known }
error-zip-exists = { $file } exists. Choose another name with -o, or replace it with --force.
error-zip-in-source = { $file } would lie inside the source and be shipped with the next release. Choose a place outside with -o.
error-zip-not-written = { $file } could not be written: { $detail }
terminal-ask = Type yes to confirm, anything else to leave all as it is:
terminal-yes = yes
terminal-declined = Nothing was changed.
terminal-nobody = Nothing was changed: there is no terminal here to ask. To run exactly this plan: { $command }
terminal-other-plan = Nothing was changed: this is not the plan that you confirm. Read it; to run it: { $command }
terminal-bot = The bot carries it out; if another terminal is at work, I do when that one has ended. I show how it goes.
terminal-here = No bot is running, so this process carries it out. Ctrl-C asks it to stop.
terminal-again = A second Ctrl-C leaves it to itself.
terminal-detached = I look no longer. { $operation } goes on with the bot, or with the next command that is typed here; all admins will be told how it ended.
terminal-overtaken = The server changed { $count } times between question and start, so nothing was run. Find out who is changing it, then run this command again.
terminal-unfinished = First what was left unfinished: { $title }
terminal-releases = Which release of { $project }? Type its id or its name behind the project:
