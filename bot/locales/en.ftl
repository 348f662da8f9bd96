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
kind-env = env edit
kind-migrate = migration
kind-drill = drill
operation-title = { $kind ->
    [deploy] Deploy { $project }
    [backup] Back up { $project }
    [restore] Restore the database of { $project }
    [rollback] Roll back { $project }
    [undo] Undo the restore of { $project }
    [drop] Drop an old database of { $project }
    [migrate] Migrations of { $project }
    [drill] Drill a backup of { $project }
    [env] Edit the env file of { $project }
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
step-offsite = Copy the dump off-site
step-send-dump = Send our copy of the dump back
step-prune = Clear away old backups
step-upload = Upload the release
step-config = Check the Compose file
step-keep-images = Keep the present images
step-build = Build
step-safety-copy = Safety copy of the files
step-swap = Swap the files
step-stage-env = Prepare the new env file
step-swap-env = Replace the env file
step-role-password = Change the role's password
step-restore-env = Bring the old env file back
step-role-password-back = Bring the old password back
step-forget-env = Remove what was prepared
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
step-create-scratch = Make a scratch database
step-drop-scratch = Drop the scratch database
step-record-drill = Record the result
step-health-again = Health check
step-stop-new = Stop the new containers
step-restore-files = Bring the old files back
step-restore-images = Bring the old images back
step-end-build = End the build
step-end-dump = Clear away the unfinished dump
step-up-previous = Start the old containers
step-health-previous = Health check of the old release
step-migrate = Run the migrations
step-note-migrations = Note what has run
step-record-previous = Record the old release

## Buttons

button-confirm = { $kind ->
    [deploy] Confirm deploy
    [backup] Confirm backup
    [restore] Confirm restore
    [rollback] Confirm rollback
    [undo] Confirm undo
    [drop] Confirm drop
    [migrate] Confirm migration
    [drill] Confirm drill
    [env] Confirm edit
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
button-send-backup = Send me the file
button-refresh = Refresh
button-newer = ‹ Newer
button-older = Older ›
button-undo = Undo
button-drop = Drop the old database
button-drill = Drill this backup first
button-backup-before = Restore the backup from before
button-migrate = { $count ->
    [one] Run { $count } migration
   *[other] Run { $count } migrations
}
button-migrate-too = { $which ->
    [failed] Run again: { $count }
   *[other] Run too: { $count }
}
button-migrate-note = { $which ->
    [changed] Need not run again
   *[other] Have run: note it
}
button-retention = What retention would drop
button-restore-one = Restore one of them
button-backups = Back to the backups
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
help-migrate = [project]: run the scripts that a release brought for the database
help-backups = [project]: all backups, and what retention would drop
help-restore = [project]: bring a backup back, with Undo
help-env = [project] set KEY: the server's env file, values hidden
help-drill = [project]: prove the newest backup by restoring it aside
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
    [drill] Whose newest backup do you want to drill?
    [rollback] Which project do you want to roll back?
    [migrate] Whose migrations do you want to run?
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
card-blocked-migrations = This cannot run as it is. Decide with the buttons, or mend what is marked ⛔ and ask again.
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
rollback-older = { $count ->
    [one] and { $count } older one; in a terminal: opsgate rollback { $project }
   *[other] and { $count } older ones; in a terminal: opsgate rollback { $project }
}
rollback-none = There is no earlier release of { $project } to go back to. I keep each release that was healthy here until newer ones take its place; so far there is at most the present one. To bring something older back, deploy it anew: { COMMAND("deploy") } { $project }
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
rollback-migrations = The database stays as it is now. If a migration ran since, the old code may not fit it.
rollback-matching-backup = The matching backup, to be restored afterwards if need be, is of
rollback-no-matching-backup = I know of no backup from when that release served.
meaning-returned = Release { $label } is serving again, with the very images that it had. Nothing was built.

## Migrations

migrate-scripts = { $count ->
    [one] This script runs
   *[other] These { $count } scripts run, in this order
}
migrate-noted = { $count ->
    [one] This script is noted as having run
   *[other] These { $count } scripts are noted as having run
}
migrate-in-deploy = { $count ->
    [one] This migration runs in the deploy
   *[other] These { $count } migrations run in the deploy, in this order
}
migrate-promise = 🧱 They run one after the other in the container of { $service }. The first that fails stops the rest. Nothing is taken back by itself, and nothing runs twice by itself.
migrate-deploy-promise = 🧱 They run in the new container of { $service }, before its health is judged. If one fails, the release goes back; the database does not.
migrate-note-promise = 🧱 Nothing runs. I only note that they have run, so that nobody is asked again.
migrate-done = ✓ Ran: { $names }
migrate-failed = ✗ Failed: { $names }
migrate-unknown = ❓ Begun, and nobody saw its end: { $names }
migrate-not-begun = ○ Did not run: { $names }
migrate-held = { $count ->
    [one] ○ A new migration waits
   *[other] ○ { $count } new migrations wait
}: an earlier one did not end well: { $failed }. Decide about it with /migrate { $project }
migrate-stays = What migrations did stays in the database. The backup from before them can be restored.
migrate-cancelling = { $who } asked to stop. The script that runs is finished first: ended half way it would do more harm.
meaning-migrated = They have run, and the stack is well.
meaning-migrate-noted = It is noted. Nothing was run.
meaning-migrate-nothing = No migration ran. The database was not changed.
meaning-migrate-failed = What the failed script did until then may be in the database, unless it works in one transaction. It does not run again by itself. Mend it and deploy, then /migrate; or restore the backup from before.
meaning-migrate-stopped = What ran stays in the database. The rest is there for /migrate.
meaning-migrate-unknown = Look into the database before anything else: the script may have done all, a part or nothing of its work. It does not run again by itself. Then /migrate lets you run it or note it; or restore the backup from before.
meaning-migrate-unwell = All of them ran, but nobody saw that the stack is well with the database as it is now. Look at /status; the backup from before can be restored.

## Restore

restore-choose = Which backup of { $project } should come back? You see a plan first.
restore-page = { $first }–{ $last } of { $count }, newest first.
restore-no-backups = There is no backup of { $project } yet. Make one with { COMMAND("backup") }.
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
    { $engine ->
        [sqlite] The services that use the file are stopped for that moment and started again.
       *[other] Open sessions are ended at that moment. Services that do not recover by themselves are restarted.
    }
undo-promise = The database from before the restore becomes the live one: what was written since then is not in it.
    The two databases change places again; no new backup is made, because both are kept.
    { $engine ->
        [sqlite] The services that use the file are stopped for that moment and started again.
       *[other] Open sessions are ended at that moment. Services that do not recover by themselves are restarted.
    }
drop-promise = It is gone for good then. The live database is not touched.
restore-keeps = The present database is kept as
undo-of = Takes back
typed-ask = { $kind ->
    [drop] This cannot be taken back. To confirm, answer with the name of the project: { $project }
   *[other] This replaces the live database. To confirm, answer with the name of the project: { $project }
}
    You have 2 minutes. /cancel calls it off.
typed-wrong = That is not the name, so nothing was done. Type { $project } to confirm, or /cancel.
restore-aside = The damaged copy on the host is now called
restore-compared = { $rows ->
    [one] Counted: { $rows } row
   *[other] Counted: { $rows } rows
} { $tables ->
    [one] in { $tables } table, as in the backup
   *[other] in { $tables } tables, as in the backup
}
restore-counted = { $rows ->
    [one] Counted: { $rows } row
   *[other] Counted: { $rows } rows
} { $tables ->
    [one] in { $tables } table
   *[other] in { $tables } tables
}. Nothing was compared: this SQL does not tell how many rows it holds.
restore-kept = The replaced database is kept as
restore-restarted = Restarted, because health did not come back by itself: { $names }
restore-records-unwritten = ⚠ The records of migrations on the server could not be written and may not fit this database. See that there is free space, then look closely before you run anything with /migrate { $project }.
meaning-restore-done = The backup is live.
meaning-restore-failed = The live database was not changed.
meaning-restore-back = The database that was there before is live again.
meaning-restore-needs-human = Not everything could be brought back to a good state. Look at it now: /status, the log below, and the databases that are there (psql -l; for SQLite, the files in its folder). Nothing more is done by itself.
meaning-undo-back = The restored database is live again, as before this undo.
meaning-undo-done = The database from before the restore is live again.
meaning-drop-done = The old database is gone.
drill-of = Of the backup of
drill-promise = The dump is loaded into a scratch database beside the live one, compared with its record table by table, and dropped again.
    The live database is not touched, and nothing is restarted.
drill-promise-container = The dump is loaded into a scratch container: PostgreSQL from the image of the running database, without any network. It is compared with its record table by table, and the container is removed with its data.
    The live database is only asked how it stores text and which roles it has; nothing is restarted.
drill-uncompared = This SQL does not tell how many rows it holds: it is loaded, and there is nothing to compare it with.
drill-container = The scratch container is called
drill-scratch = The scratch database is called
drill-compared = { $rows ->
    [one] Restored and compared: { $rows } row
   *[other] Restored and compared: { $rows } rows
} { $tables ->
    [one] in { $tables } table, nothing differs
   *[other] in { $tables } tables, nothing differs
}, in { DURATION($seconds) }
drill-loaded = { $rows ->
    [one] Restored: { $rows } row
   *[other] Restored: { $rows } rows
} { $tables ->
    [one] in { $tables } table
   *[other] in { $tables } tables
}, in { DURATION($seconds) }. Nothing was compared: this SQL does not tell how many rows it holds.
drill-mark-none = not drilled
drill-mark-good = ✓ drilled { DURATION($age) } ago
drill-mark-loaded = ✓ loaded in a drill { DURATION($age) } ago, not compared
drill-mark-bad = ✗ drill failed { DURATION($age) } ago
drill-mark-rotted = ✗ drill failed { DURATION($age) } ago: the host's copy is damaged
drill-mark-renewed = brought back to the host from my copy, not drilled since
meaning-drill-done = This backup can be restored. The scratch database is gone; the live one was not touched.
meaning-drill-failed = The scratch database is gone; the live one was not touched.
meaning-drill-left = The live database was not touched. The scratch database may still be there: the next drill drops it.
meaning-drill-done-container = This backup can be restored: it was, in a scratch container, which is gone. The live database was not touched.
meaning-drill-failed-container = The scratch container is gone; the live database was not touched.
meaning-drill-left-container = The live database was not touched. The scratch container may still be there: the next drill removes it.
meaning-drop-failed = The old database may still be there. The live one was not touched.

## Backups

backups-choose = Whose backups do you want to see?
backups-title = Backups of { $project }
backups-none = There is no backup of { $project } yet. Make one with { COMMAND("backup") }; with a schedule in opsgate.toml they are made by themselves.
backups-total = { $count ->
    [one] { $place }: { $count }, { SIZE($size) }
   *[other] { $place }: { $count }, together { SIZE($size) }
}
backups-next = Next scheduled backup:
backups-older = { $count ->
    [one] and { $count } older one
   *[other] and { $count } older ones
}
place-host = on the server
place-local = here
backup-scheduled = scheduled
backup-manual = by hand
backup-imported = imported
backup-ahead = ⚠ dated in the future: a clock was wrong
copy-encrypted = encrypted
copies-sealed-to = 🔐 { $places }: { $count ->
    [one] opens with the private key of { $keys }
   *[other] opens with any of the private keys of { $keys }
}
import-looking = Checking the dump with the database on { $host }
import-done = Checked and in the catalogue: { COMMAND("restore") } { $project } offers it.
send-caption = Encrypted with age. Open it with your private key: age --decrypt --identity KEY
backup-before = before a change: { KIND($kind) }
retention-title = { $project }: what the next backup would clear away
retention-promise = Old ones go only after a new one was proven and copied. The newest good one never goes.
retention-goes = { $count ->
    [one] { $count } would go, which frees { SIZE($size) }
   *[other] { $count } would go, which frees { SIZE($size) }
}
retention-nothing = nothing would go
retention-more = … and { $count } more
kept-last = among the last
kept-daily = of its day
kept-weekly = of its week
kept-monthly = of its month
kept-yearly = of its year
kept-proven = the newest that a drill proved
kept-newest = the newest good one
kept-nothing-better = bad, but there is no newer good one
kept-release = a kept release refers to it
kept-verdict = made before the last change
kept-in-use = an operation is about it
kept-imported = made by hand
kept-ahead = dated in the future, takes no other's place
backup-pruned = { $removed ->
    [one] { $removed } old backup cleared away, { $place }: { SIZE($bytes) }
   *[other] { $removed } old backups cleared away, { $place }: { SIZE($bytes) }
}
backup-not-pruned = Old backups could not be cleared away everywhere ({ $places }). The next backup tries again.

## Lock and queue

lock-done = 🔒 { $project } is locked: { $reason }
    Until { COMMAND("unlock") } { $project } I refuse whatever changes it. Backups stay possible.
lock-held = 🔒 { $project } is locked already, by { $who } ({ DURATION($age) } ago): { $reason }
    Nothing was changed. { COMMAND("unlock") } { $project } opens it.
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
meaning-dump-left = Nothing was changed. The dump that was begun may still be running or lie on the server; a later backup clears away what is left of it.
meaning-backup-not-offsite = The backup itself is good and in the list. The next one brings the missing copies too.
backup-made = { $places ->
    [both] Backup: { SIZE($size) }, read back, on the host and here
   *[host] Backup: { SIZE($size) }, read back, on the host
}
backup-offsite = Off-site: { $places }

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
status-drilled = of an earlier backup: { $mark }
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
notice-schedule-late = ⏰ { $project }: the scheduled { KIND($job) } that was due { $due } begins now.{ $passed ->
    [0] { "" }
    [one] { " " }One more due time passed meanwhile; this one stands for both.
   *[other] { " " }{ $passed } more due times passed meanwhile; this one stands for all of them.
}
notice-schedule-trouble = ⚠️ { $project }: the scheduled { KIND($job) } that was due { $due } cannot begin.{ $next ->
    [none] { "" }
   *[other] { " " }I keep trying; the next one is due { $next }.
}
notice-conflict = 🆘 Somebody else is polling Telegram with my token, so I stopped. Find the second instance, or revoke the token at @BotFather, then start me again.

## Errors

error-internal = Something went wrong inside me. It is in my log. Nothing more is done by itself.
error-bad-input = I did not understand that. /help shows what I can do.
error-busy = { $project } is busy: { $who } started { $kind ->
    [deploy] a deploy
    [backup] a backup
    [restore] a restore
    [drill] a drill
    [rollback] a rollback
   *[other] an operation
}. See /ops, or /cancel it.
error-busy-now = { $project } is busy now: { $who } started { $kind ->
    [deploy] a deploy
    [backup] a backup
    [restore] a restore
    [drill] a drill
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
    Nothing was changed. { COMMAND("unlock") } { $project } opens it again; a backup is possible all the same.
error-lock-no-reason = Say why, so that whoever is refused knows: { COMMAND("lock") } { $project } { $example }
error-lock-reason = The reason must be one line of plain text, at most { $most } characters; this one has { $count }.
error-lock-which = Which project? For example: { COMMAND("lock") } { $project } { $example }. I know: { $known }
error-unlock-which = Which project? For example: { COMMAND("unlock") } { $project }. Locked: { $known }
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
error-migrations-none = Nothing to run: release { $label } of { $project } brought nothing that has not run. { $count ->
    [0] It has no migration of which I know that it ran.
    [one] { $count } migration of it has run.
   *[other] { $count } migrations of it have run.
}
error-migrations-no-release = No release of { $project } was deployed by me yet, so I do not know its migrations. Deploy first: { COMMAND("deploy") } { $project }
error-migrations-no-manifest = The record of release { $release } is gone from the host, so I do not know its migrations. Deploy anew.
error-migration-record = The records of migrations on the host cannot be read: { $path }. Look at them there; nothing was run.
error-migration-changed = Somebody else did something about { $script } meanwhile. It was not run; ask again with /migrate.
error-migration-no-container = The service { $service } does not run, so no migration could begin.
error-migration-failed = { $script } ended with status { $status }.
error-migration-unknown = The host lost { $script } while it ran, as after a restart. Nobody knows how far it came.
error-migration-late = { $script } took too long, and I stopped waiting for it. It may still be at work in its container.
error-no-release = I do not know this release, or the host no longer keeps it. { COMMAND("rollback") } shows those that can come back.
error-release-serves = That release of { $project } is the one that serves.
error-images-gone = The images of these services are no longer on the host: { $services }. Deploy the commit instead.
error-other-images = After the rollback other images than those of the release ran: { $services }. Did somebody move their names meanwhile?
error-no-backup = I do not know this backup. { COMMAND("restore") } shows those that I know.
error-drill-no-backup = There is no backup of { $project } yet, so there is nothing to drill. Make one with { COMMAND("backup") }.
error-drill-content = After loading, the table { $table } has as many rows as the backup, but they are not the same (SHA-256 { $expected }… expected, { $found }… found). The live database was not touched.
error-dump-changed = The dump { $file } on the host is not the one that was proven, so it was not used. Choose another with /restore.
error-dump-gone = The dump { $file } is no longer on the host. The database was not touched. Choose another with /restore.
error-dump-disk = The dump did not fit on the host's disk: { $path }. What was written of it was removed, the database was not touched. Free some space there, then try again.
error-dump-unreadable = The dump does not read back whole, so it was thrown away. The database was not touched. Try again; the log says what was met.
error-dump-damaged = The file { $file } is not what was dumped and proven a moment ago: the host's disk may be failing. It is not used as a backup. Check the disk, then try again.
error-fetch-disk = The dump could not be written here, where the bot runs: { $path }. The dump on the host is good. Free some space, then try again.
error-bring-disk = The copy could not be written here, where the bot runs: { $path }. The database was not touched. Free some space, then try again.
error-copy-changed = Our own copy { $file } is not the dump that was proven, or cannot be read, so it was not used. Choose another with /restore.
error-restore-name-taken = There is a database { $name } already, which this restore did not make. Ask for the restore again: it gets another name.
error-restore-load = The dump could not be loaded (status { $status }). The live database was not touched.
error-scratch-ended = The scratch container of image { $image } ended before its database answered, and its log is gone with it. The live database was not touched. To see why, start that image on the host with: docker run --rm --network none -e POSTGRES_PASSWORD=unused { $image }. Where it cannot run by itself, set drill_in = "cluster".
error-scratch-gone = The scratch container { $name } is gone: it ended, or somebody removed it. The live database was not touched. Drill again.
error-scratch-not-ready = The database of the scratch container did not answer within { $seconds } s. The live database was not touched. Drill again when the host has less to do.
error-scratch-stays = Docker does not remove the scratch container { $name }. The live database was not touched. On the host: docker stop { $name }, then drill again.
error-restore-differs = After loading, the table { $table } has { $found } rows; the backup has { $expected }. The live database was not touched.
error-sqlite-place = { $file } does not lie in a volume or folder that can be worked on. Correct the compose file or `file` in opsgate.toml, then try again.
error-restore-sessions = Sessions on { $database } stayed or kept coming back, so the swap found no free moment. Stop what is connected to it, a superuser's sessions too (only a superuser may end those), then try again.
error-restore-names = The databases beside { $live } are not named as I left them, so I stopped rather than guess. See my log.
error-fetch-differs = The copy of the dump differs from the one on the host, so it was thrown away. The dump on the host is good. Try again.
error-offsite = The backup is made and proven, but it was not copied to: { $places }.
error-storage = The storage { $place } did not do what was asked. The log has its answer.
error-storage-away = The storage { $place } does not answer. Is it up, and can this machine reach it?
error-storage-refused = The storage { $place } does not accept my keys. Check the credentials in opsgate.toml, and what they may do.
error-storage-denied = I may not write to { $place }. Give the user the right to that folder.
error-storage-missing = The file is not in { $place } any more.
error-storage-differs = What lies in { $place } is not what I sent, so it does not count. Try again.
error-storage-bucket = The bucket { $bucket } does not exist at { $place }. Create it, or correct the name in opsgate.toml.
error-storage-full = { $place } is full. Free some space there, or raise its quota.
error-storage-clock = { $place } refuses me because the clocks differ. Set this machine's clock: timedatectl set-ntp true
error-storage-keys = The file with the keys for { $place } cannot be used any more. opsgate check says what is wrong.
error-storage-host-key = The host of { $place } shows another key than the pinned one. Nothing was sent. Find out why before you pin the new one.
error-files = The SFTP server of { $host } did not do what was asked. The log has its answer.
error-files-full = The disk of { $host } is full.
error-files-denied = I may not do that with files on { $host }.
error-files-missing = The file is not on { $host }.
error-files-differ = { $file } came back differently from how I sent it, so it was thrown away.
error-encrypt = The copy of the dump could not be encrypted. Is the disk of the bot's machine full? The dump on the host is good.
error-decrypt = { $file } cannot be decrypted: it is damaged, or the key is not one of those that it was encrypted to.
error-identity = { $file } holds no private key of age that I can read. Name the file that age-keygen wrote.
error-import-no-database = The database of { $project } must be running: it reads the dump. Start the stack, then try again.
error-import-encrypted = { $file } is encrypted. Name your private key: --identity FILE
error-import-file = { $file } cannot be read or copied: { $why }
error-import-room = { $file } holds more than fits on this machine's disk. Free some space, then try again.
error-import-gzip = { $file } is damaged: gzip cannot unpack all of it.
error-import-unknown = { $file } is no dump that I know. For PostgreSQL I take what pg_dump writes: plain SQL, also gzipped, and -Fc; for SQLite, a database file, also gzipped.
error-import-archive = This archive cannot be read whole, so it cannot be restored: { $why }
error-import-cut = { $file } is not whole: it does not end with “PostgreSQL database dump complete”. Make the dump anew.
error-import-line = Line { $line } of { $file } is refused: { $why ->
    [command] psql would obey a command there, and such commands can run programs.
    [data] it is no row of data as pg_dump writes it.
    [copy] COPY is accepted only with its rows in the file itself.
    [server] { $words } is about the whole server or ends the transaction, not about one database.
    [login] { $words } would change who loads it, or how its letters are read.
    [quote] a backslash before a quote can be read in two ways.
    [long] it is longer than 8 MB.
   *[other] it can be read in two ways.
} Nothing was imported. pg_dump -Fc avoids all of this.
error-send-private = A backup is sent to a private chat only. Write to me there.
error-send-plain = A backup leaves only encrypted, and there is no key to encrypt to. Put a public key into encrypt_to of { $project } in opsgate.toml.
error-send-large = The backup has { SIZE($size) }, more than Telegram takes from a bot. It lies on the host: { $file }
error-drift-many = Too much differs on the server to keep it file by file ({ $count } files in { $project }). Bring the changes into the source, or confirm to replace them: the safety copy keeps what is there now until the next deploy.
error-difference-private = Source code is not for a group. Open our private chat and ask for the plan there.
error-drift-changing = { $path } is being changed on the server right now. Try again in a moment.
error-edited-since = Edited on the server after the plan was made: { $files }{ $more ->
    [0] .
   *[other] {" "}and { $more } more.
} No file was replaced, and the old containers keep serving. Ask for a new plan: it names what was edited.
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
finding-dumps-disk-low = Only { $free } MB are free for dumps at { $path }, { $needed } MB are needed
    .why = The next dump takes about as much as the last one; twice that must be free, or it breaks half way.
    .mend = Free some space there; see /backups for what can go.
finding-local-disk-low = Only { $free } MB are free where the bot runs, { $needed } MB are needed
    .why = A copy of the dump comes here; twice the last one must be free.
    .mend = Free some space on the bot's machine, or take "local" out of the project's copies.
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
finding-restore-extensions = The role { $role } may not create extensions of this backup, and the superuser of the service cannot be used: { $names }
    .why = They are not trusted: PostgreSQL lets only a superuser create them, so loading the backup would fail.
    .mend = Let the superuser of the service in over the container's socket. A drill alone can also use drill_in = "container".
finding-restore-worker = { $role } may not do all of this, so the superuser of the service does it: { $worker }.
finding-restore-disk = Only { $free } MB are free at { $path }, { $needed } MB are needed
    .why = The safety copy and the new database must both fit.
    .mend = Free some space, for example with: docker image prune
finding-restore-drill-failed = This backup did not come through its last drill
    .why = Restored beside the live database, it was not what it should be. Only proven backups are put into place.
    .mend = Choose another backup. If you mended its file, drill it again with the button below.
finding-drill-rights = The role { $role } may not create databases, and the superuser of the service cannot be used
    .why = A drill loads the backup into a database of its own.
    .mend = As a superuser: ALTER ROLE { $role } CREATEDB, and make it the owner of its database.
finding-drill-worker = { $role } may not do all of this, so the superuser of the service does it: { $worker }.
finding-drill-disk = Only { $free } MB are free at { $path }, { $needed } MB are needed
    .why = The scratch database must fit beside the live one, which goes on growing meanwhile.
    .mend = Free some space, for example with: docker image prune
finding-dump-missing = The dump is neither on the host nor here any more: { $file }
    .why = There is nothing to load.
    .mend = Choose another backup.
finding-dump-encrypted = The dump is no longer on the host, and the copies elsewhere are encrypted: { $places }
    .why = I never hold the private key.{ $known ->
        [1] {" "}Wanted is that of { $keys }.
       *[other] {""}
    }
    .mend = Take one of them to the bot's machine, and there, with your key: opsgate backups import FILE --project { $project } --identity KEY
finding-dump-sent-back = The dump lies only where the bot runs: it goes back to the host first
    .why = { $file } is whole; it is checked again on the host before it is used.
finding-dump-brought = The dump lies only in { $place }: it is brought from there first
    .why = It comes to the bot's machine, is compared with its record, goes on to the host and is checked there again.
finding-dump-replaced = The host's copy of the dump is damaged: the one in { $place } is brought in its place
    .why = It comes to the bot's machine, is compared with its record, goes on to the host and is checked there again. The damaged one stays beside it as { $file }.damaged-…
    .mend = Have the host's disk looked at. Remove the damaged file when nobody needs it.
finding-dump-elsewhere = The dump is neither on the host nor here any more. By its record it lies in { $places }
    .why = opsgate.toml names no such place, so I cannot bring it.
    .mend = Name the place there again. Or take the file to the bot's machine, and there: opsgate backups import FILE --project { $project }
finding-dump-damaged = The host's copy of the dump is damaged: my own copy is sent back in its place
    .why = { $copy } is whole, and is checked again on the host. The damaged one stays beside it as { $file }.damaged-…
    .mend = Have the host's disk looked at. Remove the damaged file when nobody needs it.
finding-dump-changed-elsewhere = The dump on the host is not the one that was proven: { $file }
    .why = Its size or SHA-256 differs from its record. Other copies are known: { $places }.
    .mend = Take one of them to the bot's machine, then there: opsgate backups import FILE --project { $project } (with --identity KEY where it is encrypted{ $known ->
        [1] {""}: the key of { $keys }
       *[other] {""}
    }).
finding-dump-changed = The dump is not the one that was proven: { $file }
    .why = Its size or SHA-256 differs from its record, so nobody knows what is in it.
    .mend = Choose another backup.
finding-restore-older-server = The server is PostgreSQL { $version }, the dump was made by { $dumped }
    .why = An older server may not read it.
    .mend = Choose an older backup, or bring the newer server back first.
finding-restore-server = PostgreSQL { $version }; the dump was made by { $dumped }.
finding-restore-sqlite = SQLite { $version }; the dump was made by { $dumped }.
finding-restore-other-engine = This backup was made by { $dumped }, but the project's database is { $engine }
    .why = What one engine dumped, another cannot load.
    .mend = Choose another backup, or set the database of that time in opsgate.toml.
finding-sqlite-place = { $file } does not lie in a volume of { $service }
    .why = What lies in the container itself, in a mounted single file or in memory is gone with the container, or cannot be replaced.
    .mend = Mount a volume or a folder, writable, where the file's folder is; or correct `file` in opsgate.toml.
finding-sqlite-python = The image of { $service } has no python3, which reads and copies the SQLite file
    .why = { $why }
    .mend = Set `tools_image` of the database to an image that has it, such as python:3-slim, and docker pull it on the host.
finding-sqlite-tools = The container that works on the SQLite file cannot be started
    .why = { $why }
    .mend = { $image ->
        [none] See what docker says. Another image can be set as `tools_image` of the database.
       *[other] Get it on the host: docker pull { $image }
    }
finding-sqlite-missing = { $service } has no file { $file } yet
    .why = There is nothing to back up or to replace.
    .mend = Correct `file` in opsgate.toml, or start the service once so that it makes its database.
finding-sqlite-closed = The user of { $service } may not read and write { $file } and its folder
    .why = { $why }
    .mend = Give it the file and its folder, then ask again.
finding-sqlite-damaged = { $file } is not a whole SQLite database
    .why = { $why }
    .mend = Nothing is changed without a proven backup. The commands to put an older one into its place by hand: opsgate manual.
finding-sqlite-rights = The user { $user } of { $service } may not put another file into the place of { $file }
    .why = A backup is loaded into a file beside the live one, with the same owner, and takes its place.
    .mend = Make that user the owner of the file and of its folder, then ask again.
finding-restore-settings = Settings of the database itself may not all come back: { $names }
    .why = A dump does not hold them. They are copied, but some of them only a superuser may set.
    .mend = Look at them after the restore, and set again what is missing.
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
    .why = { $known ->
        [1] These ran: { $ran }. The database may not fit the older code, and a rollback does not touch it.
       *[other] Whether it ran is not known. If it did, the database may not fit the older code. A rollback does not touch the database.
    }
    .mend = { $backup ->
        [0] If the older code needs it, restore a backup of that time afterwards: /restore
       *[other] If the older code needs it, restore the matching backup afterwards: the verdict has the button.
    }
finding-rollback-migrations-none = { $count ->
    [one] A migration came after that release, and it has not run.
   *[other] { $count } migrations came after that release, and none of them has run.
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
finding-version-unreadable = { $fault ->
    [missing] { $file } is missing
    [json] { $file } cannot be read as JSON
   *[version] { $file } has no expo.version that is text
}: the app's version cannot be compared with the deployed { $deployed }
    .why = If its version is not higher, Telegram goes on serving the app that it keeps for { $deployed }, and the app crashes.
    .mend = { $fault ->
        [missing] Put { $file } back
        [json] Correct { $file } (plain JSON: no comments, no comma after the last value)
       *[version] Correct { $file }
    }, set expo.version to "{ $next }" or higher, commit it if the source is a repository, and ask again.
finding-migrations-new = { $count ->
    [one] A migration comes with this release: { $scripts }
   *[other] { $count } migrations come with this release: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}
    .why = The new code may need what it does in the database.
    .mend = { $mode ->
        [after-build] It runs in this deploy, after a proven backup. By hand it would be:
        [never] It is not run by me (migrate = "never"). After the deploy, on the host:
        [held] It waits until an earlier one that did not end well is decided about: /migrate. By hand it would be:
        [by-hand] I cannot run it, as said here too. After the deploy, on the host:
       *[other] After the deploy a button of the verdict runs it. By hand it would be:
    }
        { $commands }
finding-migrations-changed = { $count ->
    [one] A migration that was deployed before has changed: { $scripts }
   *[other] Migrations that were deployed before have changed: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}. What has run does not run again by itself; whether it should, its author knows. { $mode ->
    [never] By hand:
   *[other] /migrate lists it apart. By hand:
}
    { $commands }
finding-migrations-first = { $count ->
    [one] A migration script is part of this release: { $scripts }
   *[other] Migration scripts are part of this release: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}. { $mode ->
    [after-build] It runs in this deploy. By hand it would be:
    [never] It is not run by me (migrate = "never"). By hand:
    [held] It waits until an earlier one that did not end well is decided about: /migrate. By hand it would be:
    [by-hand] I cannot run it, as said here too. By hand:
   *[other] After the deploy a button of the verdict runs it. By hand it would be:
}
    { $commands }
finding-migrations-unsure = { $count ->
    [one] A migration script is part of this release: { $scripts }
   *[other] Migration scripts are part of this release: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}. Whether it is new is not known, so it does not run by itself. { $mode ->
    [never] By hand:
   *[other] /migrate asks you about it. By hand:
}
    { $commands }
finding-migrations-are-failed = { $count ->
    [one] A migration was begun and did not end well: { $scripts }
   *[other] Migrations were begun and did not end well: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}
    .why = Those after it may rest on it, and whether it may run again only a person can know.
    .mend = If it may run again (mended and deployed, or the database restored), tap “Run again”. If its work is done, tap “Have run”.
finding-migrations-are-unknown = { $count ->
    [one] Nobody knows whether this script ran in the present database: { $scripts }
   *[other] Nobody knows whether these { $count } scripts ran in the present database: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}
    .why = So it is with what is older than my records, or when a restore brought the database of an earlier time.
    .mend = Decide with the buttons: run too, or note as run. Until then no plan touches it.
finding-migrations-are-changed = { $count ->
    [one] A script that ran has other contents now: { $scripts }
   *[other] { $count } scripts that ran have other contents now: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}. Whether to run it again its author knows; this plan leaves it alone.
finding-migrations-nothing-new = Nothing is known to be new
    .why = I run by myself only what came with a release that I deployed.
    .mend = Decide about the scripts named here with the buttons.
finding-migrations-odd = { $count ->
    [one] A script has a name that I do not put into a command: { $scripts }
   *[other] { $count } scripts have names that I do not put into a command: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
}
    .why = Only letters, digits, dots, dashes and underscores are safe there.
    .mend = Rename it, or run it by hand on the host.
finding-migrate-no-database = The project names no database, so no migration runs
    .why = Before a migration comes a proven backup; without one nothing is changed.
    .mend = Add [projects.….database] to opsgate.toml and restart.
finding-migrate-database-down = The database service “{ $service }” does not run
    .why = Without it there is neither a backup nor a migration.
    .mend = Start it: { $command }
finding-migrate-backend-down = The service “{ $service }” does not run
    .why = Migrations run inside its container.
    .mend = Start it, or deploy again.
finding-migrations-held-back = { $count ->
    [one] A new migration is not run by this deploy
   *[other] { $count } new migrations are not run by this deploy
}
    .why = An earlier one did not end well: { $failed }
    .mend = After the deploy decide about it: /migrate { $project }
finding-migrations-no-service = { $count ->
    [one] A new migration is not run by this deploy
   *[other] { $count } new migrations are not run by this deploy
}
    .why = No service is built from backend/, and none is called “{ $service }”: I do not know where to run it.
    .mend = Run it by hand after the deploy.
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
finding-in-the-way = On the server, something else stands where this release has files: { $files }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
    .why = A file in place of a folder, a folder in place of a file, a link, or a file that I may not read. It is not what the deployed release put there, so I remove nothing of it, and the swap would stop.
    .mend = Move it away on the server, or give the release's file another name in the source. Then ask for the plan again.
finding-drift-unknown = I could not compare the files on the server with the deployed release.
    .why = What was edited there since would be replaced without being named here. The safety copy keeps it until the next deploy.
    .mend = Ask for the plan again, or confirm if nobody edits files on the server.
finding-drift-stays = Dropped by the release but edited on the server, so left there: { $files }{ $more ->
        [0] .
       *[other] {" "}and { $more } more.
    }
finding-drift-back = Deleted on the server, comes back: { $files }{ $more ->
        [0] .
       *[other] {" "}and { $more } more.
    }
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
terminal-nobody-types = Nothing was changed: for this the project's name must be typed, and there is no terminal here to type it at.
terminal-backups = Which backup of { $project }? Type its id behind the project:
terminal-other-plan = Nothing was changed: this is not the plan that you confirm. Read it; to run it: { $command }
terminal-bot = The bot carries it out; if another terminal is at work, I do when that one has ended. I show how it goes.
terminal-here = No bot is running, so this process carries it out. Ctrl-C asks it to stop.
terminal-again = A second Ctrl-C leaves it to itself.
terminal-detached = I look no longer. { $operation } goes on with the bot, or with the next command that is typed here; all admins will be told how it ended.
terminal-overtaken = The server changed { $count } times between question and start, so nothing was run. Find out who is changing it, then run this command again.
terminal-unfinished = First what was left unfinished: { $title }
terminal-releases = Which release of { $project }? Type its id or its name behind the project:

## /env

env-title = Env file of { $project }
env-changed = last changed { DURATION($age) } ago
env-no-keys = There is no key in it.
env-empty = (empty)
env-public = public: built into the app
env-given = given { $count } times, the last one counts
env-lines-unreadable = ⛔ Lines { $lines } cannot be read by Compose. Mend them on the server.
env-how-set = /env { $project } set KEY: I ask for the value and remove your answer from the chat
env-how-unset = /env { $project } unset KEY: remove a key
env-how-undo = /env { $project } undo: bring the previous file back
env-ask = Answer with the new value of { $key } for { $project }, within two minutes.
    I remove your message from the chat at once and never show or log the value. Any command calls it off.
env-removed = { $known ->
    [0] I removed your message from the chat: it may have held a value.
   *[other] I removed your message with the value of { $key } from the chat.
}
env-not-removed = { $known ->
    [0] ⚠️ Telegram did not let me remove your message. If it held a secret, delete it yourself and replace that secret: it stood in the chat.
   *[other] ⚠️ Telegram did not let me remove your message. Delete it yourself, and replace the value of { $key } if it is a secret: it stood in the chat.
}
env-undoes = The file from before the edit { $operation } comes back.
env-adds = New:
env-changes = Changed:
env-removes = Removed:
env-readers = Read by: { $services }
env-promise = The images are built with the new values first, while the old containers serve; then the file is replaced in one move and everything is brought up anew.
env-promise-role = The password of the database role { $role } changes with it, right before the containers.
env-promise-first = Nothing is deployed yet, so only the file is replaced.
env-keeps = The present file is kept: /env { $project } undo brings it back.
meaning-env-done = { $first ->
    [0] The new env file is in force: { $names }. The previous one is kept, /env { $project } undo brings it back.
   *[other] The new env file is in place for the first deploy: { $names }.
}
meaning-env-untouched = The env file and the running containers were not touched.
meaning-env-names-moved = The env file and the running containers were not touched, but something that was prepared is left: image names may belong to the new build. Ask for the edit again, or deploy, before anybody recreates containers by hand.
meaning-env-back = { $first ->
    [0] The old env file and the old images are back, and serve.
   *[other] The old env file is back.
}
meaning-env-needs-human = The env file, the images or the role's password may not belong together. Look now: /status, then the log. The file from before lies in { $project }_opsgate/env on the host. Nothing more is done by itself.
error-env-usage = Say /env { $project } set KEY, /env { $project } unset KEY or /env { $project } undo; /env { $project } alone shows the keys.
error-env-which = Which project? For example: /env { $project }. I know: { $known }
error-env-key = That is no name of a variable: letters, digits and _ only, not beginning with a digit.
error-env-steers = { $key } steers Compose itself: with another value it could start a second stack with empty volumes. It is not changed from a chat.
error-env-group = Values are not typed in a group: others would read them. Write /env { $project } set { $key } to me in our private chat.
error-env-late = That came too late, so the value of { $key } was not taken. Ask again: /env { $project } set { $key }
error-env-gone = What was typed is no longer kept. Ask again: /env set KEY
error-env-line = { $key } shares its line with something else, or stands where it cannot be changed safely. Put it on a line of its own on the server, then try again.
error-env-no-key = There is no { $key } in the env file. /env shows what there is.
error-env-none = No env file is configured for { $project }. Set env_file in opsgate.toml.
error-env-missing = The env file { $file } is not on the host. Create it there first.
error-env-compose = The deployed { $file } cannot be read as a Compose file (line { $line }). Deploy a good one first.
error-env-no-previous = There is no previous env file of { $project } that could come back.
error-env-unseen = The value of { $key } holds a character that cannot be seen ({ $character }), such as a line break or one that was pasted along. Type it without.
error-env-same = Nothing would change: the env file of { $project } says that already.
error-env-lost = { $file } is not on the host any more, or the key that I need is not in it.
error-env-changed = { $file } was changed meanwhile, so I stopped before touching it. Ask again.
error-env-role = The database did not take the new password of the role { $role } (status { $status }).
finding-env-password = { $key } may hold letters and digits only
    .why = Characters such as @ # : / break the connection URL that is made of it, and the application no longer starts.
    .mend = Choose another one, longer if need be, of letters and digits.
finding-env-public = { $key } is public: it is built into the app that everybody downloads
    .why = Whoever opens the app can read it.
    .mend = Put nothing secret there.
finding-env-clever = The value of { $key } holds typographic quotes, dashes or blanks
    .why = Phones put them in by themselves in place of plain ones.
    .mend = If you meant the plain ones, cancel and type them again.
finding-env-quotes = The value of { $key } begins and ends with a quote
    .why = What you type is taken as it is: these quotes become part of the value.
    .mend = If they were only meant as a wrapping, cancel and type the value without them.
finding-env-quoted = { $key } holds characters that Compose would read otherwise ($, #, quotes, backslashes or blanks): it is written in quotes, so that exactly what you typed is read back.
finding-env-unread = No service reads { $key }
    .why = The deployed Compose file does not name it, so nothing will change but the file.
    .mend = Check the spelling.
finding-env-twice = { $key } stands { $count } times in the file. The last one counts, and is the one that changes.
finding-env-twice-removed = { $key } stands { $count } times in the file. All of them go.
finding-env-role = The database role { $role } gets the new password too; it is sent as the hash that PostgreSQL stores, never in clear.
finding-env-role-already = The database role { $role } has this password already: only the file changes.
finding-env-role-removed = { $key } cannot be removed while there is a database
    .why = The application could not log in as { $role } any more.
    .mend = Set another value instead: /env set { $key }
finding-env-role-unknown = The database “{ $service }” does not run, so the password of { $role } cannot be changed with the file
    .why = PostgreSQL reads { $key } only when its volume is made: with another value in the file alone, the application could not log in.
    .mend = Start the database and ask again. By hand: docker compose exec { $service } psql -U { $role } -c '\password', edit the file, then /deploy.
finding-env-role-rights = I may not read what the server stores of the password of { $role }
    .why = Only a superuser may; without it I could not tell whether the change can be taken back.
    .mend = By hand: docker compose exec { $service } psql -U { $role } -c '\password', edit the file, then /deploy.
finding-env-role-differs = The { $key } in the file is not the password of { $role } now
    .why = So I could not bring the old password back if the application did not become healthy.
    .mend = By hand: docker compose exec { $service } psql -U { $role } -c '\password', with the password that the file has or shall have; then ask again.
finding-env-elsewhere = The old { $key } stands in other keys too: { $names }
    .why = Whoever reads those would use the old password, and be refused.
    .mend = Change them too, at once after this one; if the application does not become healthy, this edit takes itself back.
