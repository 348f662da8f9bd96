### Всё, что читает человек, по-русски. Сообщения и значения те же, что в en.ftl.
### Свои функции: SIZE($bytes), DURATION($seconds), STEP($name), KIND($name).

## Единицы

unit-bytes = { $n } Б
unit-kb = { $n } КБ
unit-mb = { $n } МБ
unit-gb = { $n } ГБ
unit-tb = { $n } ТБ
unit-days = { $n } д
unit-hours = { $n } ч
unit-minutes = { $n } мин
unit-seconds = { $n } с
ago = { DURATION($age) } назад

## Слова

kind-deploy = деплой
kind-backup = бэкап
kind-restore = восстановление
kind-rollback = возврат к релизу
kind-undo = возврат
kind-drop = удаление
kind-env = правка env
kind-migrate = миграция
kind-drill = проверка бэкапа
operation-title = { $kind ->
    [deploy] Деплой { $project }
    [backup] Бэкап { $project }
    [restore] Восстановление базы { $project }
    [rollback] Возврат { $project } к прежнему релизу
    [undo] Возврат базы { $project } до восстановления
    [drop] Удаление старой базы { $project }
    [migrate] Миграции { $project }
    [drill] Проверка бэкапа { $project } восстановлением
    [env] Правка env-файла { $project }
   *[other] { $kind } { $project }
}
state-proposed = ждёт подтверждения
state-waiting = ждёт очереди
state-queued = сейчас начнётся
state-running = идёт
state-ended = завершено
state-succeeded = выполнено
state-failed = не удалось
state-rolled-back = откат выполнен
state-needs-human = нужен человек
state-dismissed = отменено
state-expired = срок вышел

step-lock = Занять проект
step-mark-first = Отметить первый деплой
step-start-database = Запустить базу
step-backup = Бэкап базы
step-fetch = Скачать копию дампа
step-offsite = Копировать дамп в другие хранилища
step-send-dump = Вернуть нашу копию дампа на сервер
step-prune = Убрать старые бэкапы
step-upload = Загрузить релиз
step-config = Проверить файл Compose
step-keep-images = Сохранить нынешние образы
step-build = Сборка
step-safety-copy = Страховочная копия файлов
step-swap = Заменить файлы
step-stage-env = Подготовка нового env-файла
step-swap-env = Замена env-файла
step-role-password = Смена пароля роли
step-restore-env = Возврат старого env-файла
step-role-password-back = Возврат старого пароля
step-forget-env = Уборка подготовленного
step-up = Запустить новые контейнеры
step-health = Проверка здоровья
step-record = Записать релиз
step-unlock = Освободить проект
step-verify-dump = Сверить дамп с записью о нём
step-verify-release = Проверить сохранённые файлы и образы
step-bring-images = Вернуть образам их имена
step-create-database = Создать новую базу
step-load = Загрузить дамп
step-compare = Пересчитать строки
step-swap-database = Поменять базы местами
step-drop-database = Удалить старую базу
step-swap-database-back = Поменять базы обратно
step-drop-restored = Удалить новую базу
step-create-scratch = Создать пробную базу
step-drop-scratch = Удалить пробную базу
step-record-drill = Записать результат
step-health-again = Проверка здоровья
step-stop-new = Остановить новые контейнеры
step-restore-files = Вернуть старые файлы
step-restore-images = Вернуть старые образы
step-end-build = Остановка сборки
step-end-dump = Уборка незаконченного дампа
step-up-previous = Запустить старые контейнеры
step-health-previous = Проверка старого релиза
step-migrate = Выполнить миграции
step-note-migrations = Отметить выполненное
step-record-previous = Записать старый релиз

## Кнопки

button-confirm = { $kind ->
    [deploy] Подтвердить деплой
    [backup] Подтвердить бэкап
    [restore] Подтвердить восстановление
    [rollback] Подтвердить возврат
    [undo] Подтвердить возврат
    [drop] Подтвердить удаление
    [migrate] Подтвердить миграцию
    [drill] Подтвердить проверку
    [env] Подтвердить правку
   *[other] Подтвердить
}
button-bump = Поднять { $version } → { $to }
button-queue = В очередь после текущей
button-queue-replace = Заменить ту, что в очереди
button-dismiss = Отмена
button-cancel = Отменить
button-cancel-one = Отменить: { KIND($kind) } { $project }
button-manual = Как сделать вручную
button-details = Подробности
button-log = Журнал
button-send-backup = Прислать файл
button-refresh = Обновить
button-newer = ‹ Новее
button-older = Старее ›
button-undo = Вернуть как было
button-drop = Удалить старую базу
button-drill = Сначала проверить этот бэкап
button-backup-before = Восстановить бэкап до миграций
button-migrate = { $count ->
    [one] Выполнить { $count } миграцию
    [few] Выполнить { $count } миграции
   *[other] Выполнить { $count } миграций
}
button-migrate-too = { $which ->
    [failed] Повторить: { $count }
   *[other] Выполнить также: { $count }
}
button-migrate-note = { $which ->
    [changed] Повторять не нужно
   *[other] Уже выполнено
}
button-retention = Что будет убрано
button-restore-one = Восстановить один из них
button-backups = К списку бэкапов
button-matching-backup = Восстановить бэкап того времени
button-menu-status = 📊 Состояние
button-menu-ops = 📋 Операции
button-menu-deploy = 🚀 Деплой
button-menu-rollback = ⏪ Прежний релиз
button-menu-backup = 💾 Бэкап
button-menu-restore = ♻️ Восстановить
button-language = Speak English
other-language = en

## Команды

help-title = Я Opsgate
help-intro = Я меняю сервер только после того, как вы увидели план и нажали «Подтвердить». О сбоях сообщаю сам.
help-status = что работает и насколько хорошо
help-deploy = [проект] [ref]: новый релиз
help-rollback = [проект]: прежний релиз, без сборки
help-backup = [проект]: дамп базы, проверенный чтением
help-migrate = [проект]: выполнить скрипты для базы, пришедшие с релизом
help-backups = [проект]: все бэкапы и что из них лишнее
help-restore = [проект]: вернуть базу из бэкапа, с возможностью отмены
help-env = [проект] set KEY: env-файл сервера, значения скрыты
help-drill = [проект]: проверить последний бэкап пробным восстановлением
help-pack = [проект] [ref]: исходники как deploy.zip, для деплоя вручную
help-ops = текущие и недавние операции, бэкапы
help-cancel = остановить то, что идёт
help-lock = [проект] <причина>: запретить изменения
help-unlock = [проект]: снова разрешить изменения
help-whoami = ваш id в Telegram
help-help = эта страница
help-projects = Проекты: { $names }
help-gate = План можно подтвердить в течение 15 минут, один раз; это может сделать любой админ в этом чате.
hint-unknown = Такой команды я не знаю. /help покажет, что я умею.
hint-button = Эта кнопка больше не работает. /help покажет, что я умею.
whoami-name = Вы
whoami-id = Ваш id в Telegram:
whoami-chat = Этот чат:
whoami-admin = Вы в списке админов.
choose-project = { $kind ->
    [deploy] Какой проект деплоить?
    [backup] Какую базу сохранить?
    [restore] Какую базу восстановить?
    [drill] Последний бэкап какого проекта проверить?
    [rollback] Какой проект вернуть к прежнему релизу?
    [migrate] Миграции какого проекта выполнить?
   *[other] Какой проект?
}
choose-to-cancel = Идёт несколько операций. Какую остановить?
looking = Смотрю на { $host } …
nothing-to-cancel = Сейчас ничего не идёт.
no-log = У этой операции пока нет журнала.
log-too-big = Журнал занимает { SIZE($size) }, Telegram столько не примет. Он лежит рядом с ботом, в logs/{ $operation }.
stale-command = Этой команде уже { DURATION($age) }, поэтому я ничего не сделал. Отправьте её ещё раз, если она нужна.
stale-tap = Нажатие дошло слишком поздно, поэтому я ничего не сделал. Отправьте команду ещё раз, если она нужна.
stale-message = Сообщение слишком старое, его кнопки не работают. Отправьте команду ещё раз.
sent-again = (отправлено повторно: первое сообщение могло не дойти)
cut-note = … (сокращено)

## План

card-where = на { $host }
card-now = Сейчас:
card-now-unknown = Сейчас: работает, но развёрнуто не мной
card-first = Сейчас: пусто. Это первый деплой.
card-commit = Коммит
card-size = { $files ->
    [one] { $files } файл, отправить { SIZE($size) }
    [few] { $files } файла, отправить { SIZE($size) }
   *[other] { $files } файлов, отправить { SIZE($size) }
}
card-carried = { $files ->
    [one] { $files } файл
    [few] { $files } файла
   *[other] { $files } файлов
}, { $carried ->
    [0] изменённых нет
   *[other] изменено { $carried }
}, отправить { SIZE($size) }
drift-none = На сервере больше нет отличий от выложенного релиза.
button-difference = Разница
button-keep = Оставить файлы сервера
card-dirty = В исходниках есть незакоммиченные изменения. Они тоже уедут.
card-commits = { $count ->
    [one] С тех пор { $count } коммит
    [few] С тех пор { $count } коммита
   *[other] С тех пор { $count } коммитов
}
card-more-commits = … и ещё { $count }
card-frontend = Frontend
card-changed = Изменённые файлы: { $areas }
card-area-top = корень
card-area-others = прочие { $count }
card-env = Переменные с тех пор: { $changes }
card-env-added = новые { $names }
card-env-changed = изменены { $names }
card-env-removed = убраны { $names }
card-env-others = ещё { $count }
card-env-unknown = Менялись ли переменные, неизвестно: у развёрнутого релиза они не записаны.
card-with-cache = 🔨 Сборка с кэшем: { $services }
card-not-built = Без сборки, готовые образы: { $services }
card-time = ⏱ Примерно { DURATION($seconds) }, { $runs ->
    [1] как прошлый деплой
    [one] как последний { $runs } деплой
    [few] как последние { $runs } деплоя
   *[other] как последние { $runs } деплоев
}
card-longest = Дольше всего: { $steps }
card-longest-step = { STEP($step) } { DURATION($seconds) }
card-disk = Диск: около { SIZE($needed) } на файлы и дамп, плюс новые образы; свободно { SIZE($free) }
card-no-cache = 🔨 { $service } собирается без кэша: { $reasons }
rebuild-frontend-files = { $count ->
    [one] в mobile/ изменён { $count } файл
    [few] в mobile/ изменено { $count } файла
   *[other] в mobile/ изменено { $count } файлов
}
rebuild-frontend-env = изменилось: { $names }
rebuild-env-unknown = неизвестно, с какими EXPO_PUBLIC_* был собран прошлый релиз
rebuild-backend-inputs = данные и скрипты: { $count ->
    [one] изменён { $count } файл
    [few] изменено { $count } файла
   *[other] изменено { $count } файлов
}
rebuild-unknown = неизвестно, что развёрнуто сейчас
card-rolling = 🔁 { $service }: сначала второй экземпляр; старый остановится, когда новый докажет, что здоров (rolling)
card-not-rolling-rolling = 🔁 { $service } пересоздаётся: просили rolling, но { $reason }
card-not-rolling-auto = 🔁 { $service } пересоздаётся: { $reason }
strategy-database = это база данных
strategy-data = он хранит данные в { $volumes }, как база данных: два сразу испортили бы их
strategy-extends = он расширяет другой сервис, и известно о нём не всё
strategy-name = имя контейнера задано жёстко
strategy-port = он занимает порт хоста ({ $port })
strategy-tied = его контейнер может быть только один ({ $key })
strategy-joins = он делит сеть, процессы или тома с другим контейнером
strategy-joined = другой сервис делит с ним сеть, процессы или тома
strategy-instances = число его экземпляров: { $count }
strategy-anonymous = у него безымянный том, которого второй экземпляр не увидит
strategy-shared = оба экземпляра писали бы в { $volumes }
strategy-unchecked = у него нет healthcheck
strategy-new = он ещё не запущен
strategy-several = сейчас у него контейнеров: { $count }
strategy-one-shot = при каждом запуске стека { $service } выполняется снова, поэтому всё запускается за один раз
strategy-down = сейчас он не здоров
card-backup = 💾 Сначала бэкап базы, проверенный чтением; до него ничего не меняется.
card-no-backup = 💾 Базы ещё нет, бэкап делать не с чего.
card-start-database = База остановлена. Для бэкапа она будет запущена.
card-type-name = { $who }, для подтверждения введите
until = до
card-risk = { $risk ->
    [low] Риск: низкий
    [medium] Риск: средний
   *[high] Риск: высокий
}
card-steps = Шаги
card-valid-until = Подтвердить можно до
card-blocked = Запустить нельзя. Исправьте отмеченное ⛔ и попросите снова.
card-blocked-migrations = В таком виде запустить нельзя. Решите кнопками или исправьте отмеченное ⛔ и попросите снова.
card-blocked-bump = В таком виде запустить нельзя. Поднимите версию кнопкой или исправьте отмеченное ⛔ и попросите снова.
card-bump = { $way ->
    [file] Кнопка запишет { $to } в mobile/app.json папки исходников и покажет новый план. Сама она ничего не развёртывает.
    [checkout] Кнопка запишет { $to } в mobile/app.json папки исходников и покажет новый план. Она ничего не коммитит и не развёртывает: закоммитьте сами.
    [push] Кнопка закоммитит { $to } в { $branch }, отправит в репозиторий и покажет новый план. Сама она ничего не развёртывает.
    [commands] Сам я ничего не отправляю. Выполните в рабочей копии репозитория:
    [no_branch] { $branch } — не ветка, поднять на ней версию нельзя. Поднимите её в ветке и разверните эту ветку.
   *[other] Это строка { $line } файла mobile/app.json в папке исходников.
}
card-expired = Никто не подтвердил вовремя. Ничего не изменено.
card-confirmed = Подтверждение: { $who }
offer-replaced = Вместо этого плана составлен новый. Ничего не выполнено.
card-ahead = ⏳ Сейчас идёт { KIND($kind) }, подтверждение: { $who }. Эту операцию можно запустить после его успешного завершения.
card-ahead-waiting = 🕓 В очереди уже { KIND($kind) }, подтверждение: { $who }. Место в очереди одно: ваша операция его займёт.
card-waiting = В очередь поставил(а) { $who }. Начнётся само, когда текущая операция завершится успешно; если нет, спрошу ещё раз.
card-dismissed = Отмена: { $who }. Ничего не изменено.

## Возврат к релизу

rollback-choose = Какой релиз { $project } вернуть? Сначала я покажу план.
rollback-older = { $count ->
    [one] и ещё { $count } более старый; в терминале: opsgate rollback { $project }
    [few] и ещё { $count } более старых; в терминале: opsgate rollback { $project }
   *[many] и ещё { $count } более старых; в терминале: opsgate rollback { $project }
}
rollback-none = Прежних релизов { $project } нет, возвращаться не к чему. Я храню каждый релиз, который здесь был здоров, пока его не вытеснят новые; пока есть разве что нынешний. Чтобы вернуть что-то более старое, разверните его заново: { COMMAND("deploy") } { $project }
rollback-served = проработал { DURATION($time) }
rollback-came = Развёрнут
rollback-files = Файлы: изменится { $changed }, добавится { $added }, уйдёт { $removed }
rollback-files-unknown = Сколько файлов изменится, неизвестно.
rollback-images = Те самые образы, что работали
rollback-gone = { $count ->
    [one] Уйдёт { $count } коммит
    [few] Уйдут { $count } коммита
   *[other] Уйдут { $count } коммитов
}
rollback-come = { $count ->
    [one] Вернётся { $count } коммит
    [few] Вернутся { $count } коммита
   *[other] Вернутся { $count } коммитов
}
rollback-commits-unknown = Какие коммиты уйдут, неизвестно.
rollback-promise = ⏪ Вернутся его файлы и эти образы. Сборки не будет.
rollback-stops = Эти сервисы в него не входят и остановятся, их тома останутся: { $names }
rollback-migrations = База останется такой, какая она сейчас. Если с тех пор прошла миграция, старый код может к ней не подойти.
rollback-matching-backup = Бэкап того времени, его можно восстановить потом, если понадобится:
rollback-no-matching-backup = Бэкапа того времени, когда работал этот релиз, я не знаю.
meaning-returned = Снова работает релиз { $label }, с теми самыми образами. Сборки не было.

## Миграции

migrate-scripts = { $count ->
    [1] Выполнится этот скрипт
    [one] Выполнится { $count } скрипт, в таком порядке
    [few] Выполнятся { $count } скрипта, в таком порядке
   *[other] Выполнятся { $count } скриптов, в таком порядке
}
migrate-noted = { $count ->
    [1] Этот скрипт будет отмечен как выполненный
   *[other] Эти скрипты ({ $count }) будут отмечены как выполненные
}
migrate-in-deploy = { $count ->
    [1] Эта миграция выполнится при деплое
   *[other] Эти миграции ({ $count }) выполнятся при деплое, в таком порядке
}
migrate-promise = 🧱 Они выполняются по очереди в контейнере { $service }. Первая неудача останавливает остальные. Само ничего не отменяется и не повторяется.
migrate-deploy-promise = 🧱 Они выполняются в новом контейнере { $service } до проверки здоровья. Если одна не удастся, релиз вернётся назад; база — нет.
migrate-note-promise = 🧱 Ничего не запускается. Я только отмечу, что они выполнены, и больше не спрошу.
migrate-done = ✓ Выполнено: { $names }
migrate-failed = ✗ Не удалось: { $names }
migrate-unknown = ❓ Начато, но конца никто не видел: { $names }
migrate-not-begun = ○ Не выполнялось: { $names }
migrate-held = { $count ->
    [1] ○ Новая миграция ждёт
   *[other] ○ Новые миграции ({ $count }) ждут
}: более ранняя не закончилась благополучно: { $failed }. Решите, что с ней делать: /migrate { $project }
migrate-stays = То, что сделали миграции, осталось в базе. Можно восстановить бэкап, сделанный перед ними.
migrate-cancelling = { $who }: просьба остановить. Идущий скрипт сначала закончит: прерванный на середине навредил бы больше.
meaning-migrated = Они выполнены, стек здоров.
meaning-migrate-noted = Отмечено. Ничего не запускалось.
meaning-migrate-nothing = Ни одна миграция не выполнялась. База не изменена.
meaning-migrate-failed = То, что скрипт успел до неудачи, может быть в базе, если он работает не в одной транзакции. Сам он не повторится. Исправьте его и разверните, потом /migrate; или восстановите бэкап, сделанный перед ним.
meaning-migrate-stopped = Выполненное осталось в базе. Остальное ждёт команды /migrate.
meaning-migrate-unknown = Сначала посмотрите в базу: скрипт мог сделать всё, часть или ничего. Сам он не повторится. Потом /migrate даст выполнить его или отметить; или восстановите бэкап, сделанный перед ним.
meaning-migrate-unwell = Все они выполнены, но здоров ли стек с такой базой, неизвестно. Посмотрите /status; можно восстановить бэкап, сделанный перед ними.

## Восстановление

restore-choose = Какой бэкап { $project } вернуть? Сначала покажу план.
restore-page = { $first }–{ $last } из { $count }, сначала новые.
restore-no-backups = Бэкапов { $project } ещё нет. Сделайте первый: { COMMAND("backup") }.
restore-of = К бэкапу от
restore-rows = Строк в таблицах, сейчас → тогда
restore-rows-equal = { $tables ->
    [one] Разницы нет: в { $tables } таблице столько же строк, сколько тогда.
   *[other] Разницы нет: во всех { $tables } таблицах столько же строк, сколько тогда.
}
restore-rows-more = … и ещё { $count }
restore-rows-same = { $count ->
    [one] Ещё в { $count } таблице строк столько же.
   *[other] Ещё в { $count } таблицах строк столько же.
}
restore-rows-then-unknown = Что в бэкапе, неизвестно: он сделан, когда я ещё не считал строки.
restore-rows-now-unknown = Сосчитать то, что есть сейчас, за отведённое время не удалось.
restore-rows-now = { $rows ->
    [one] Сейчас: { $rows } строка
    [few] Сейчас: { $rows } строки
   *[other] Сейчас: { $rows } строк
} { $tables ->
    [one] в { $tables } таблице
   *[other] в { $tables } таблицах
}
restore-rows-then = { $rows ->
    [one] Тогда: { $rows } строка
    [few] Тогда: { $rows } строки
   *[other] Тогда: { $rows } строк
} { $tables ->
    [one] в { $tables } таблице
   *[other] в { $tables } таблицах
}
restore-promise = Рабочая база вернётся к тому моменту: записанного после него в ней не будет.
    💾 Сначала свежий бэкап того, что есть сейчас. Затем дамп загружается в новую базу рядом, строки пересчитываются, и базы меняются местами.
    { $engine ->
        [sqlite] Сервисы, которые работают с файлом, на этот момент останавливаются и затем запускаются снова.
       *[other] Открытые сеансы в этот момент обрываются. Сервисы, которые не оправятся сами, будут перезапущены.
    }
undo-promise = Рабочей снова станет база, которая была до восстановления: записанного после него в ней не будет.
    Две базы снова меняются местами; новый бэкап не делается, потому что обе остаются.
    { $engine ->
        [sqlite] Сервисы, которые работают с файлом, на этот момент останавливаются и затем запускаются снова.
       *[other] Открытые сеансы в этот момент обрываются. Сервисы, которые не оправятся сами, будут перезапущены.
    }
drop-promise = Вернуть её будет нельзя. Рабочая база не затрагивается.
restore-keeps = Нынешняя база останется под именем
undo-of = Отменяет
typed-ask = { $kind ->
    [drop] Вернуть это будет нельзя. Для подтверждения ответьте именем проекта: { $project }
   *[other] Рабочая база будет заменена. Для подтверждения ответьте именем проекта: { $project }
}
    У вас 2 минуты. Передумали: /cancel.
typed-wrong = Имя не то, поэтому ничего не сделано. Введите { $project } или отмените через /cancel.
restore-aside = Повреждённая копия на сервере теперь называется
restore-compared = { $rows ->
    [one] Пересчитано: { $rows } строка
    [few] Пересчитано: { $rows } строки
   *[other] Пересчитано: { $rows } строк
} { $tables ->
    [one] в { $tables } таблице, как в бэкапе
   *[other] в { $tables } таблицах, как в бэкапе
}
restore-counted = { $rows ->
    [one] Пересчитано: { $rows } строка
    [few] Пересчитано: { $rows } строки
   *[other] Пересчитано: { $rows } строк
} { $tables ->
    [one] в { $tables } таблице
   *[other] в { $tables } таблицах
}. Сверить было не с чем: сколько строк должно быть, этот SQL не говорит.
restore-kept = Заменённая база осталась под именем
restore-restarted = Сами не оправились и перезапущены: { $names }
restore-records-unwritten = ⚠ Записи о миграциях на сервере обновить не удалось, и они могут не соответствовать этой базе. Проверьте, есть ли там место, и будьте внимательны, прежде чем запускать что-либо через /migrate { $project }.
meaning-restore-done = Теперь работает база из бэкапа.
meaning-restore-failed = Рабочая база не изменена.
meaning-restore-back = Снова работает база, которая была до этого.
meaning-restore-needs-human = Вернуть всё в порядок не удалось. Посмотрите сейчас: /status, журнал по кнопке, какие базы есть (psql -l; для SQLite — файлы в её папке). Сам я больше ничего не делаю.
meaning-undo-back = Снова работает восстановленная база, как до этого возврата.
meaning-undo-done = Снова работает база, которая была до восстановления.
meaning-drop-done = Старой базы больше нет.
drill-of = Бэкап от
drill-promise = Дамп загружается в пробную базу рядом с рабочей, сверяется с записью о нём таблица за таблицей, и пробная база удаляется.
    Рабочая база не затрагивается, ничего не перезапускается.
drill-promise-container = Дамп загружается в отдельный пробный контейнер: PostgreSQL из образа работающей базы, без сети. Он сверяется с записью о нём таблица за таблицей, и контейнер удаляется вместе с данными.
    Рабочую базу только спрашивают, как она хранит текст и какие в ней роли; ничего не перезапускается.
drill-uncompared = Сколько строк должно быть, этот SQL не говорит: он загрузится, но сверить его будет не с чем.
drill-container = Имя пробного контейнера:
drill-scratch = Имя пробной базы:
drill-compared = { $rows ->
    [one] Восстановлено и сверено: { $rows } строка
    [few] Восстановлено и сверено: { $rows } строки
   *[other] Восстановлено и сверено: { $rows } строк
} { $tables ->
    [one] в { $tables } таблице, расхождений нет
   *[other] в { $tables } таблицах, расхождений нет
}, за { DURATION($seconds) }
drill-loaded = { $rows ->
    [one] Восстановлено: { $rows } строка
    [few] Восстановлено: { $rows } строки
   *[other] Восстановлено: { $rows } строк
} { $tables ->
    [one] в { $tables } таблице
   *[other] в { $tables } таблицах
}, за { DURATION($seconds) }. Сверить было не с чем: сколько строк должно быть, этот SQL не говорит.
drill-mark-none = восстановлением не проверен
drill-mark-good = ✓ проверен { DURATION($age) } назад
drill-mark-loaded = ✓ загружен для проверки { DURATION($age) } назад, не сверен
drill-mark-bad = ✗ не прошёл проверку { DURATION($age) } назад
drill-mark-rotted = ✗ не прошёл проверку { DURATION($age) } назад: копия на сервере повреждена
drill-mark-renewed = на сервер возвращена моя копия, с тех пор не проверен
meaning-drill-done = Этот бэкап восстанавливается. Пробной базы больше нет, рабочая не затронута.
meaning-drill-failed = Пробной базы больше нет, рабочая не затронута.
meaning-drill-left = Рабочая база не затронута. Пробная могла остаться: её удалит следующая проверка.
meaning-drill-done-container = Этот бэкап восстанавливается: проверено в пробном контейнере, которого больше нет. Рабочая база не затронута.
meaning-drill-failed-container = Пробного контейнера больше нет, рабочая база не затронута.
meaning-drill-left-container = Рабочая база не затронута. Пробный контейнер мог остаться: его удалит следующая проверка.
meaning-drop-failed = Старая база могла остаться. Рабочая не затронута.

## Бэкапы

backups-choose = Чьи бэкапы показать?
backups-title = Бэкапы { $project }
backups-none = У { $project } ещё нет бэкапов. Сделайте первый: { COMMAND("backup") }. С расписанием в opsgate.toml они делаются сами.
backups-total = { $place }: { $count }, { $count ->
    [one] размер { SIZE($size) }
   *[other] вместе { SIZE($size) }
}
backups-next = Следующий бэкап по расписанию:
backups-older = { $count ->
    [one] и ещё { $count } более старый
    [few] и ещё { $count } более старых
   *[many] и ещё { $count } более старых
}
place-host = на сервере
place-local = здесь
backup-scheduled = по расписанию
backup-manual = вручную
backup-imported = загружен извне
backup-ahead = ⚠ дата из будущего: чьи-то часы ошибались
copy-encrypted = зашифрована
copies-sealed-to = 🔐 { $places }: { $count ->
    [1] открывается закрытым ключом для { $keys }
   *[other] открывается любым из закрытых ключей для { $keys }
}
import-looking = Проверяю дамп базой данных на { $host }
import-done = Проверено и внесено в каталог: { COMMAND("restore") } { $project } предложит этот дамп.
send-caption = Зашифровано age. Откройте своим закрытым ключом: age --decrypt --identity КЛЮЧ
backup-before = перед изменением: { KIND($kind) }
retention-title = { $project }: что уберёт следующий бэкап
retention-promise = Старые убираются только после того, как новый проверен и скопирован. Самый новый исправный не убирается никогда.
retention-goes = { $count ->
    [one] уйдёт { $count }, освободится { SIZE($size) }
    [few] уйдут { $count }, освободится { SIZE($size) }
   *[many] уйдут { $count }, освободится { SIZE($size) }
}
retention-nothing = ничего не уйдёт
retention-more = … и ещё { $count }
kept-last = среди последних
kept-daily = за свой день
kept-weekly = за свою неделю
kept-monthly = за свой месяц
kept-yearly = за свой год
kept-proven = самый новый из проверенных восстановлением
kept-newest = самый новый исправный
kept-nothing-better = неисправен, но более нового исправного нет
kept-release = нужен сохранённому релизу
kept-verdict = сделан перед последним изменением
kept-in-use = нужен операции
kept-imported = сделан вручную
kept-ahead = с датой из будущего, чужого места не занимает
backup-pruned = { $removed ->
    [one] Убран { $removed } старый бэкап, { $place }: { SIZE($bytes) }
    [few] Убраны { $removed } старых бэкапа, { $place }: { SIZE($bytes) }
   *[many] Убрано { $removed } старых бэкапов, { $place }: { SIZE($bytes) }
}
backup-not-pruned = Старые бэкапы удалось убрать не везде ({ $places }). Следующий бэкап попробует снова.

## Запрет и очередь

lock-done = 🔒 { $project }: изменения запрещены: { $reason }
    До { COMMAND("unlock") } { $project } я откажусь от всего, что меняет проект. Бэкапы возможны.
lock-held = 🔒 { $project }: запрет уже стоит ({ $who }, { DURATION($age) } назад): { $reason }
    Ничего не изменено. { COMMAND("unlock") } { $project } снимет запрет.
lock-running = Сейчас идёт { KIND($kind) }, запрет его не остановит. Остановить: /cancel.
lock-waiting = В очереди { KIND($kind) }. Пока стоит запрет, он не начнётся.
unlock-done = 🔓 { $project }: запрет снят.
unlock-none = На { $project } запрета нет.
queue-replaced = { $project }: { $who } ставит в очередь другую операцию, прежняя ({ KIND($kind) }) не запускалась.
queue-before-failed = Предыдущая операция ({ KIND($kind) }) не завершилась успешно, поэтому эта не запущена. Ниже новый план.

## Ход

progress-back = Откат
progress-cancelling = { $who }: просьба остановить …
progress-lost = связь потеряна, пробую снова; сервер продолжает работу
progress-of = { $done } из { $total }
progress-rate = { SIZE($rate) }/с
progress-left = осталось { DURATION($left) }

## Итог

verdict-succeeded = { $project }, { KIND($kind) }: выполнено
verdict-failed = { $project }, { KIND($kind) }: не удалось
verdict-rolled-back = { $kind ->
    [rollback] { $project }: сам возврат пришлось откатить, откат выполнен
   *[other] { $project }, { KIND($kind) }: откат выполнен
}
verdict-freed = { $removed ->
    [0] Освобождено:
    [one] Освобождено: { $removed } старый релиз ({ SIZE($bytes) } файлов)
    [few] Освобождено: { $removed } старых релиза ({ SIZE($bytes) } файлов)
   *[other] Освобождено: { $removed } старых релизов ({ SIZE($bytes) } файлов)
}{ $images ->
    [0] { "" }
    [one] { " " }{ $images } образ
    [few] { " " }{ $images } образа
   *[other] { " " }{ $images } образов
}
verdict-needs-human = { $project }, { KIND($kind) }: нужен человек
verdict-rollback-reason = Откат тоже не удался: { $reason }
verdict-foot = Заняло { DURATION($duration) }, подтверждение: { $who }
verdict-cancelled = Остановка: { $who }
meaning-deployed = Работает релиз { $label }.
meaning-untouched = Работающие контейнеры не тронуты.
meaning-names-moved = Работающие контейнеры не тронуты, но имена образов могут указывать на новую сборку. Повторите деплой, прежде чем пересоздавать контейнеры вручную.
meaning-old-serves = Снова работает старый релиз { $label }.
meaning-old-serves-unnamed = Снова работает то, что было раньше.
meaning-first-stopped = Раньше здесь ничего не было, поэтому новые контейнеры остановлены. Тома сохранены.
meaning-needs-human = Сервер мог остаться между двумя релизами. Посмотрите сейчас: /status, затем журнал по кнопке. Сам я больше ничего не делаю.
meaning-backup-failed = Нового бэкапа нет. База не изменена.
meaning-dump-left = Ничего не изменено. Начатый дамп, возможно, ещё идёт или остался на сервере; один из следующих бэкапов уберёт то, что от него осталось.
meaning-backup-not-offsite = Сам бэкап цел и есть в списке. Следующий донесёт и недостающие копии.
backup-made = { $places ->
    [both] Бэкап: { SIZE($size) }, проверен чтением, на сервере и здесь
   *[host] Бэкап: { SIZE($size) }, проверен чтением, на сервере
}
backup-offsite = В других хранилищах: { $places }

## Состояние

status-on-host = на { $host }
status-unreachable-admins = Мои сообщения не доходят: { $names }
status-read-at = Прочитано в
status-no-containers = Контейнеров нет.
status-no-release = Релиз: моих ещё не было
status-release = Релиз
status-load = Нагрузка { $load } на { $cpus ->
    [one] { $cpus } ядро
    [few] { $cpus } ядра
   *[other] { $cpus } ядер
}
status-memory = Память: занято { $percent } %, свободно { SIZE($free) } из { SIZE($total) }
status-disk = Диск: занято { $percent } %, свободно { SIZE($free) } из { SIZE($total) }
status-locked = 🔒 { $holder }
status-no-backup = Бэкапов ещё нет
status-backup = Последний бэкап: { DURATION($age) } назад, { SIZE($size) }
status-drilled = прежний бэкап: { $mark }
status-running = { KIND($kind) } идёт { DURATION($age) }
status-waiting = { KIND($kind) } ждёт очереди, подтверждение: { $who }
status-frozen = Изменения запрещены { DURATION($age) } назад, кто запретил: { $who }. Причина: { $reason }
container-state = { $state ->
    [running] работает
    [exited] завершился с кодом { $status }
    [created] не запущен
    [restarting] перезапускается
    [paused] на паузе
    [dead] мёртв
   *[other] { $state }
}
container-health = { $health ->
    [healthy] здоров
    [unhealthy] нездоров
    [starting] ещё не здоров
   *[other] { $health }
}
container-up = { DURATION($age) }
container-restarts = { $count ->
    [one] { $count } перезапуск
    [few] { $count } перезапуска
   *[other] { $count } перезапусков
}
container-image = образу { DURATION($age) }

## Операции

ops-title = Операции
ops-none = Операций ещё не было.
ops-backups = Бэкапы
ops-backup = { $places ->
    [both] { $project }, { DURATION($age) } назад, { SIZE($size) }, на сервере и здесь
   *[host] { $project }, { DURATION($age) } назад, { SIZE($size) }, на сервере
}
ops-asked = Просьба: { $who }
ops-release = Релиз:
ops-before = До этого:

## Нажатия

tap-confirmed = Подтверждено. Начинаю.
tap-queued = В очереди. Начнётся, когда текущая операция завершится успешно.
tap-nothing-runs = Сейчас ничего не выполняется, ждать нечего. На карточке теперь кнопка подтверждения.
tap-dismissed = Отменено. Ничего не изменено.
tap-unknown = Здесь это больше не действует.
tap-blocked = Этот план запускать нельзя.
tap-expired = Поздно: срок плана вышел. Попросите новый.
tap-handled = Уже решено: { $who }.
tap-replaced = Готово. Сейчас придёт новый план.
tap-replacing = { $who } уже это делает. Новый план составляется.
tap-asked = Имя сейчас вводит { $who }. Когда время выйдет, сможете и вы.
tap-cancelling = Останавливаю …
tap-cancel-late = Останавливать поздно: всё закончилось, или это уже сделал другой.

## Оповещения

notice-connection-lost = ⚠️ { $project }: нет связи с { $host } на шаге «{ STEP($step) }». То, что там началось, продолжается; я пробую снова. VPN включён?
notice-docker-away = ⚠️ { $project }: на { $host } не отвечает Docker, шаг «{ STEP($step) }». Я пробую снова. Его служба запущена?
notice-admin-unreachable = ⚠️ Мои сообщения не доходят до { $name } (id { $id }): бот заблокирован или ни разу не запущен. О сбоях этот админ не узнает.
notice-unlocked = 🔓 { $who } снимает запрет с { $project } (запрет: { $owner }, { $reason })
notice-schedule-late = ⏰ { $project }: операция по расписанию ({ KIND($job) }), срок { $due }, начинается сейчас.{ $passed ->
    [0] { "" }
    [one] { " " }За это время прошёл ещё { $passed } срок; эта операция заменяет и его.
    [few] { " " }За это время прошло ещё { $passed } срока; эта операция заменяет и их.
   *[many] { " " }За это время прошло ещё { $passed } сроков; эта операция заменяет и их.
}
notice-schedule-trouble = ⚠️ { $project }: операция по расписанию ({ KIND($job) }), срок { $due }, не может начаться.{ $next ->
    [none] { "" }
   *[other] { " " }Я пробую снова; следующий срок { $next }.
}
notice-conflict = 🆘 Кто-то ещё опрашивает Telegram с моим токеном, поэтому я остановился. Найдите второй экземпляр или отзовите токен у @BotFather, затем запустите меня снова.

## Ошибки

error-internal = Во мне что-то сломалось. Подробности в моём журнале. Сам я больше ничего не делаю.
error-bad-input = Не понял. /help покажет, что я умею.
error-busy = { $project } занят: { $who } запускает { $kind ->
    [deploy] деплой
    [backup] бэкап
    [restore] восстановление
    [drill] проверку бэкапа
    [rollback] возврат к релизу
   *[other] операцию
}. Смотрите /ops или остановите через /cancel.
error-busy-now = { $project } уже занят: { $who } запускает { $kind ->
    [deploy] деплой
    [backup] бэкап
    [restore] восстановление
    [drill] проверку бэкапа
    [rollback] возврат к релизу
   *[other] операцию
}. На карточке теперь можно поставить этот план в очередь.
error-waiting-already = Тем временем { $who } ставит в очередь { $kind ->
    [deploy] деплой
    [backup] бэкап
    [rollback] возврат к релизу
   *[other] операцию
} { $project }. На карточке теперь можно заменить его.
error-frozen = 🔒 { $project }: изменения запрещены ({ $who }, { DURATION($age) } назад): { $reason }
    Ничего не изменено. { COMMAND("unlock") } { $project } снимет запрет; бэкап возможен и сейчас.
error-lock-no-reason = Укажите причину, чтобы её увидел тот, кому откажут: { COMMAND("lock") } { $project } { $example }
error-lock-reason = Причина должна быть одной строкой обычного текста, не длиннее { $most } символов; здесь { $count }.
error-lock-which = Какой проект? Например: { COMMAND("lock") } { $project } { $example }. Я знаю: { $known }
error-unlock-which = Какой проект? Например: { COMMAND("unlock") } { $project }. Запрет стоит на: { $known }
error-nothing-locked = Ни на одном проекте запрета нет.
error-source = Исходники не удалось упаковать. Причина в моём журнале.
error-superseded = С тех пор как план составлен, сервер изменился, поэтому ничего не запущено. Ниже новый план.
error-step-failed = Шаг не удался. Причина в журнале.
error-cancelled = Остановлено по просьбе.
error-host = Сервер не сделал того, о чём его просили. Подробности в журнале.
error-host-answer = Сервер ответил то, чего я не понимаю. Подробности в журнале.
error-unreachable = { $host } не отвечает. VPN включён? Сама машина включена?
error-timed-out = { $host } не ответил вовремя. VPN включён?
error-auth-refused = { $host } не принимает мой ключ SSH для { $user }. Добавьте открытый ключ в ~/.ssh/authorized_keys на сервере.
error-host-key-changed = 🆘 Ключ сервера { $host } не тот, что закреплён. Я остановился: это может быть другая машина или атака. Если вы её переустановили, замените строку в known_hosts.
error-command-failed = Команда «{ $command }» завершилась с кодом { $status }: { $tail }
error-fenced = Проект занял другой запуск, поэтому этот остановлен. Смотрите /ops.
error-lock-held = С проектом уже { DURATION($age) } работает другой Opsgate ({ $owner }): { $operation }. Дождитесь его или остановите там.
error-no-project = Проекта «{ $project }» нет. Я знаю: { $known }
error-no-operation = Такой операции я не знаю.
error-no-database = Для { $project } в opsgate.toml не указана база.
error-database-not-running = Сервис базы «{ $service }» не работает. Запустите его и попробуйте снова.
error-database-not-ready = Сервис базы «{ $service }» не ответил за { $seconds } с. Посмотрите его журнал.
error-migrations-none = Выполнять нечего: в релизе { $label } проекта { $project } нет ничего нового. { $count ->
    [0] О выполненных миграциях мне ничего не известно.
    [one] Выполнена { $count } его миграция.
    [few] Выполнены { $count } его миграции.
   *[other] Выполнено { $count } его миграций.
}
error-migrations-no-release = Я ещё не развёртывал { $project } и не знаю его миграций. Сначала деплой: { COMMAND("deploy") } { $project }
error-migrations-no-manifest = Записи о релизе { $release } на сервере больше нет, его миграции мне неизвестны. Разверните заново.
error-migration-record = Записи о миграциях на сервере не читаются: { $path }. Посмотрите их там; ничего не запускалось.
error-migration-changed = С { $script } тем временем что-то сделал кто-то другой. Скрипт не запускался; попросите снова: /migrate.
error-migration-no-container = Сервис { $service } не запущен, поэтому ни одна миграция не началась.
error-migration-failed = { $script } завершился со статусом { $status }.
error-migration-unknown = Сервер потерял { $script } во время работы, как после перезагрузки. Сколько он успел, никто не знает.
error-migration-late = { $script } работал слишком долго, и я перестал ждать. Возможно, он ещё работает в своём контейнере.
error-no-release = Такого релиза я не знаю, или на сервере его больше нет. { COMMAND("rollback") } покажет те, что можно вернуть.
error-release-serves = Этот релиз { $project } и так работает.
error-images-gone = Образов этих сервисов на сервере больше нет: { $services }. Разверните этот коммит заново.
error-other-images = После возврата заработали не те образы: { $services }. Не переставил ли кто-то тем временем их имена?
error-no-backup = Такого бэкапа я не знаю. Известные мне покажет { COMMAND("restore") }.
error-drill-no-backup = Бэкапов { $project } ещё нет, проверять нечего. Сделайте первый: { COMMAND("backup") }.
error-drill-content = После загрузки в таблице { $table } столько же строк, сколько в бэкапе, но строки другие (SHA-256: должен быть { $expected }…, получился { $found }…). Рабочая база не тронута.
error-dump-changed = Дамп { $file } на сервере не тот, что был проверен, поэтому я его не взял. Выберите другой: /restore.
error-dump-gone = Дампа { $file } на сервере больше нет. База не тронута. Выберите другой: /restore.
error-dump-disk = Дамп не поместился на диск сервера: { $path }. Недописанное удалено, база не тронута. Освободите там место и попробуйте снова.
error-dump-unreadable = Дамп не читается целиком, поэтому выброшен. База не тронута. Попробуйте снова; что встретилось, видно в логе.
error-dump-damaged = Файл { $file } уже не тот, что был только что снят и проверен: возможно, на сервере сбоит диск. Бэкапом он не считается. Проверьте диск и попробуйте снова.
error-fetch-disk = Дамп не удалось записать здесь, где работает бот: { $path }. Дамп на сервере в порядке. Освободите место и попробуйте снова.
error-bring-disk = Копию не удалось записать здесь, где работает бот: { $path }. База не тронута. Освободите место и попробуйте снова.
error-copy-changed = Наша копия { $file } уже не тот дамп, что был проверен, или не читается, поэтому я её не взял. Выберите другой бэкап: /restore.
error-restore-name-taken = База { $name } уже есть, и сделало её не это восстановление. Попросите восстановление снова: имя будет другим.
error-restore-load = Дамп не загрузился (код { $status }). Рабочая база не тронута.
error-scratch-ended = Пробный контейнер из образа { $image } завершился раньше, чем ответила база, и его журнал пропал вместе с ним. Рабочая база не тронута. Чтобы увидеть причину, запустите образ на сервере: docker run --rm --network none -e POSTGRES_PASSWORD=unused { $image }. Если сам по себе он не работает, задайте drill_in = "cluster".
error-scratch-gone = Пробного контейнера { $name } нет: он завершился или его удалили. Рабочая база не тронута. Повторите проверку.
error-scratch-not-ready = База в пробном контейнере не ответила за { $seconds } с. Рабочая база не тронута. Повторите проверку, когда сервер будет менее занят.
error-scratch-stays = Docker не удаляет пробный контейнер { $name }. Рабочая база не тронута. На сервере: docker stop { $name }, затем повторите проверку.
error-restore-differs = После загрузки в таблице { $table } строк: { $found }, а в бэкапе: { $expected }. Рабочая база не тронута.
error-sqlite-place = { $file } лежит не в томе или папке, с которыми можно работать. Исправьте файл Compose или `file` в opsgate.toml и повторите.
error-restore-sessions = Сеансы базы { $database } не закрывались или открывались снова, и поменять базы местами не удалось. Остановите то, что к ней подключено, в том числе сеансы суперпользователей (завершить их может только суперпользователь), и попробуйте снова.
error-restore-names = Базы рядом с { $live } названы не так, как я их оставил. Я остановился, чтобы не гадать. Смотрите мой журнал.
error-fetch-differs = Копия дампа отличается от дампа на сервере, поэтому выброшена. Дамп на сервере в порядке. Попробуйте снова.
error-offsite = Бэкап сделан и проверен, но не скопирован сюда: { $places }.
error-storage = Хранилище { $place } не выполнило запрос. Его ответ записан в журнале.
error-storage-away = Хранилище { $place } не отвечает. Работает ли оно и доступно ли с этой машины?
error-storage-refused = Хранилище { $place } не принимает мои ключи. Проверьте credentials в opsgate.toml и права этих ключей.
error-storage-denied = Мне нельзя писать в { $place }. Дайте пользователю права на эту папку.
error-storage-missing = Файла в { $place } больше нет.
error-storage-differs = В { $place } лежит не то, что я отправил, поэтому эта копия не в счёт. Попробуйте ещё раз.
error-storage-bucket = В { $place } нет бакета { $bucket }. Создайте его или исправьте имя в opsgate.toml.
error-storage-full = В { $place } нет места. Освободите его или увеличьте квоту.
error-storage-clock = { $place } отказывает, потому что часы расходятся. Настройте часы этой машины: timedatectl set-ntp true
error-storage-keys = Файл с ключами для { $place } больше не годится. Что с ним не так, покажет opsgate check.
error-storage-host-key = Сервер { $place } показывает не тот ключ, который закреплён. Ничего не отправлено. Выясните причину, прежде чем закреплять новый.
error-files = SFTP-сервер { $host } не выполнил запрос. Его ответ записан в журнале.
error-files-full = На диске { $host } нет места.
error-files-denied = Мне нельзя делать это с файлами на { $host }.
error-files-missing = На { $host } нет такого файла.
error-files-differ = { $file } вернулся не таким, каким я его отправил, и выброшен.
error-encrypt = Не удалось зашифровать копию дампа. Не кончилось ли место на машине бота? Дамп на сервере в порядке.
error-decrypt = { $file } не расшифровать: файл повреждён или зашифрован для других ключей.
error-identity = В { $file } нет закрытого ключа age, который я могу прочитать. Укажите файл, созданный age-keygen.
error-import-no-database = База данных проекта { $project } должна работать: дамп читает она. Запустите стек и повторите.
error-import-encrypted = { $file } зашифрован. Укажите закрытый ключ: --identity ФАЙЛ
error-import-file = { $file } не удалось прочитать или скопировать: { $why }
error-import-room = Содержимое { $file } не помещается на диск этой машины. Освободите место и повторите.
error-import-gzip = { $file } повреждён: gzip не может распаковать его целиком.
error-import-unknown = { $file } — не дамп из тех, что я знаю. Для PostgreSQL подойдёт то, что пишет pg_dump: обычный SQL, в том числе сжатый gzip, и -Fc; для SQLite — файл базы, в том числе сжатый gzip.
error-import-archive = Архив не читается целиком, значит восстановить его нельзя: { $why }
error-import-cut = { $file } неполон: в конце нет строки «PostgreSQL database dump complete». Сделайте дамп заново.
error-import-line = Строка { $line } в { $file } отклонена: { $why ->
    [command] psql выполнил бы там команду, а такие команды могут запускать программы.
    [data] это не строка данных в том виде, в каком их пишет pg_dump.
    [copy] COPY допустим, только если его строки есть в самом файле.
    [server] { $words } касается всего сервера или завершает транзакцию, а не относится к одной базе.
    [login] { $words } изменит, от чьего имени идёт загрузка или как читаются буквы.
    [quote] обратную косую черту перед кавычкой можно прочитать двояко.
    [long] она длиннее 8 МБ.
   *[other] её можно прочитать двояко.
} Ничего не импортировано. С pg_dump -Fc таких вопросов нет.
error-send-private = Бэкап я отправляю только в личный чат. Напишите мне туда.
error-send-plain = Бэкап покидает сервер только зашифрованным, а ключа для шифрования нет. Впишите открытый ключ в encrypt_to проекта { $project } в opsgate.toml.
error-send-large = Бэкап занимает { SIZE($size) } — больше, чем Telegram принимает от бота. Он лежит на сервере: { $file }
error-drift-many = На сервере слишком много отличий, чтобы оставлять их по одному файлу ({ $count } в { $project }). Внесите правки в исходники или подтвердите замену: нынешние файлы останутся в страховочной копии до следующего деплоя.
error-difference-private = Исходный код не для группы. Откройте наш личный чат и запросите план там.
error-drift-changing = { $path } прямо сейчас меняется на сервере. Попробуйте чуть позже.
error-edited-since = Уже после составления плана на сервере изменено: { $files }{ $more ->
    [0] .
   *[other] {" "}и ещё { $more }.
} Ни один файл не заменён, старые контейнеры продолжают работать. Попросите новый план: он назовёт эти правки.
error-base-changed = Релиз на сервере, на который опирается этот, успел измениться. Ничего не тронуто. Отправьте /deploy ещё раз: тогда передастся всё.
error-pack-gone = Упакованных исходников больше нет на моём диске. Попросите новый план.
error-build-failed = Сборка не удалась (код { $status }). Старые контейнеры продолжают работать.
error-up-failed = Контейнеры не удалось запустить (код { $status }).
error-job-interrupted = Шаг «{ STEP($step) }» прервался на сервере (перезагрузка?), его итог неизвестен.
error-step-timeout = Шаг «{ STEP($step) }» шёл слишком долго и остановлен.
error-project-gone = { $project } больше нет в opsgate.toml, поэтому это не запущено.
error-not-admin = Подтвердивший больше не админ, поэтому я не стал продолжать с { $project }.
error-several-stacks = На сервере к { $project } относятся несколько стеков Compose: { $names }. Укажите нужный в opsgate.toml как compose_project.
error-no-stack-name = Не могу понять имя проекта Compose для { $project }. Укажите compose_project в opsgate.toml.
error-host-tools = На сервере нет нужных мне программ: { $tools }. Установите их там.
error-host-key-unknown = Ключ сервера { $host } ещё не закреплён. Сверьте отпечаток на самой машине, затем выполните: { $command }
    Жду его в { $file }.
error-key-unreadable = Не могу прочитать свой ключ SSH для { $host }: { $file }. Он должен существовать, быть доступен мне и не иметь пароля.
error-job-differs = Сервер знает задание { $job } с другим содержимым. Я остановился, чтобы не гадать. Смотрите мой журнал.
error-docker = Docker отклонил запрос (код { $status }). Подробности в моём журнале.
error-docker-refused = Docker на сервере { $project } работает, но мой пользователь не может им пользоваться. Добавьте его там в группу docker.
error-file-unreadable = Не могу прочитать { $file } на сервере. Проверьте владельца и права.
error-release-record = Запись о релизе { $project } на сервере повреждена. Посмотрите «current» и «release.json» в его папке _opsgate.
error-bad-ref = «{ $ref }» не похоже на имя ветки, тега или коммита.
error-no-ref = В репозитории нет ветки, тега или коммита «{ $ref }».
error-ref-for-tree = { $project } разворачивается из локальной папки, ref ему не нужен. Отправьте /deploy { $project }.
error-git = git не смог прочитать репозиторий. Подробности в моём журнале.
error-git-busy = Git-копию { $project } сейчас читает другой процесс Opsgate. Повторите, когда он закончит.
error-git-export = git не смог прочитать файлы этого коммита. Подробности в моём журнале.
error-git-fetch = git не смог получить { $repository }. Он доступен? Моему ключу можно его читать?
error-git-missing = Там, где я работаю, не установлен git.
error-git-submodules = В исходниках есть подмодули, их я не отправляю: { $paths }
error-git-timeout = git не закончил за { $seconds } с. Репозиторий доступен?
error-source-missing = Папки с исходниками нет: { $path }
error-source-too-large = Исходники занимают { SIZE($size) }, больше чем { SIZE($limit) }. Самое крупное: { $largest }. Уберите лишнее через .deployignore.
error-source-unreadable = Не могу прочитать { $path } в исходниках.
error-source-changing = { $path } изменился во время упаковки. Дождитесь, пока в исходники перестанут писать, и попробуйте снова.
error-source-links = В исходниках есть ссылки, их я не отправляю: { $paths }{ $more ->
    [0] { "." }
   *[other] { " " }и ещё { $more }.
} Уберите их через .deployignore.
error-source-names = В исходниках есть имена файлов, которые я не отправляю: { $paths }{ $more ->
    [0] { "." }
   *[other] { " " }и ещё { $more }.
} Переименуйте их или уберите через .deployignore.
error-source-no-compose-file = В исходниках нет { $file }. Верно ли указан compose_file в opsgate.toml и не попал ли файл в игнорируемые?
error-compose-file = { $file } не читается как файл Compose{ $line ->
    [0] { "." }
   *[other] { " " }(строка { $line }).
}
error-bump-changed = { $file } уже не такой, каким был при составлении плана, поэтому я его не трогал. Попросите новый план: /deploy.
error-bump-link = { $file } — не обычный файл, поэтому я его не трогал. Поднимите версию сами и попросите снова.
error-bump-file = Не могу записать { $file }: { $reason }. Поднимите версию сами и попросите снова.
error-bump-settings = Когда составлялся план, исходники { $project } были настроены иначе, поэтому я ничего не сделал. Попросите новый план: /deploy.
error-bump-refused = Репозиторий не принял мой коммит. Ничего не изменено и не развёрнуто. Он ответил:
    { $said }

    Выполните в рабочей копии и снова отправьте /deploy:
    { $commands }
error-another-instance = С этой папкой данных уже работает другой Opsgate (процесс { $pid }).
error-settings = В настройках ошибки.

health-missing = У сервиса «{ $service }» нет контейнера.
health-restarting = Сервис «{ $service }» постоянно перезапускается ({ $count ->
    [one] { $count } раз
    [few] { $count } раза
   *[other] { $count } раз
}).
health-exited = Сервис «{ $service }» завершился с кодом { $status }.
health-not-running = Сервис «{ $service }» не работает (состояние: { $state }).
health-unhealthy = Сервис «{ $service }» нездоров.
health-starting = Сервис «{ $service }» не стал здоровым вовремя.
health-unchecked = У сервиса «{ $service }» больше нет healthcheck: неизвестно, здоров ли он.
health-unknown = Docker так долго не отвечал, что неизвестно, в порядке ли сервисы.
health-probe = { $url } отвечает не 2xx и не 3xx (код { $status }).

## Находки: что замечено, почему это важно, одно действие, которое поможет

finding-docker-missing = Docker на сервере не отвечает
    .why = Стек работает в Docker, без него нет ни деплоя, ни бэкапа.
    .mend = Установите Docker или запустите его: systemctl start docker
finding-compose-missing = Docker Compose v2 не установлен
    .why = Стек описан файлом Compose.
    .mend = Установите на сервере плагин Compose (docker-compose-plugin).
finding-compose-old = Docker Compose { $version } слишком старый
    .why = Мне нужен Compose v2.
    .mend = Установите на сервере плагин Compose (docker-compose-plugin).
finding-disk-low = На { $path } свободно только { $free } МБ, нужно { $needed } МБ
    .why = Должны поместиться релиз, его страховочная копия и новые образы, иначе деплой оборвётся на полпути.
    .mend = Освободите место, например: docker image prune
finding-dumps-disk-low = Для дампов на { $path } свободно только { $free } МБ, нужно { $needed } МБ
    .why = Следующий дамп займёт примерно столько же, сколько прошлый; нужно вдвое больше, иначе он оборвётся на полпути.
    .mend = Освободите там место; что можно убрать, покажет /backups.
finding-local-disk-low = Там, где работает бот, свободно только { $free } МБ, нужно { $needed } МБ
    .why = Сюда приедет копия дампа; свободно должно быть вдвое больше прошлого.
    .mend = Освободите место на машине бота или уберите "local" из copies проекта.
finding-http-client-missing = На сервере нет ни curl, ни wget
    .why = Я запрашиваю { $url } с самого сервера, чтобы увидеть, здоров ли релиз.
    .mend = Установите на сервере curl.
finding-clock-skew = Часы сервера { $direction ->
    [ahead] спешат
   *[behind] отстают
} на { $seconds } с
    .why = Время в журналах неверно; токены и сертификаты могут не приниматься.
    .mend = Включите синхронизацию времени: timedatectl set-ntp true
finding-lock-held = С проектом уже { DURATION($age) } работает другой Opsgate: { $operation } ({ $owner })
    .why = Двое одновременно испортят работу друг друга.
    .mend = Дождитесь его или остановите там.
finding-env-missing = На сервере нет файла { $file }
    .why = Он хранится только на сервере и не входит в релиз. Без него стек не запустится.
    .mend = Создайте его на сервере, доступным только владельцу (chmod 600).
finding-env-unreadable = Строки { $lines } в { $file } не читаются
    .why = Docker Compose откажется от всего файла и процитирует строку там, где секретам не место.
    .mend = Пишите каждую строку как ИМЯ=значение.
finding-password-unsafe = В DB_PASSWORD в { $file } есть не только буквы и цифры
    .why = Символы вроде @ # : / ломают адрес подключения к базе.
    .mend = Задайте пароль из букв и цифр и в файле, и в базе.
finding-no-database = База не указана
    .why = Перед этим деплоем ничего не сохраняется.
    .mend = Если база есть, укажите её в opsgate.toml как database.
finding-database-unknown = В файле Compose { $file } нет сервиса «{ $service }»
    .why = Базу не удалось бы сохранить. Есть сервисы: { $known }
    .mend = Исправьте database.service в opsgate.toml.
finding-first-deploy = Первый деплой: базы ещё нет, бэкап делать не с чего.
finding-database-stopped = Сервис базы «{ $service }» остановлен. Для бэкапа он будет запущен.
finding-database-left = Первое развёртывание не дошло до конца, сервис базы «{ $service }» остановлен. Он будет запущен ради бэкапа.
    .why = В нём уже могут быть данные, поэтому без проверенного бэкапа ничего не меняется.
    .mend = Если он не запускается и данных в нём нет, удалите его контейнер на сервере: { $command }
finding-database-missing = У сервиса базы «{ $service }» нет контейнера
    .why = Здесь уже что-то развёрнуто, и менять это без проверенного бэкапа нельзя.
    .mend = На сервере: { $command }
finding-backup-no-database = База не указана
    .why = Сохранять нечего.
    .mend = Укажите её в opsgate.toml как database.
finding-backup-nothing-deployed = Ещё ничего не развёрнуто
    .why = Базы нет, сохранять нечего.
    .mend = Сначала сделайте деплой.
finding-restore-no-database = База не указана
    .why = Восстанавливать нечего.
    .mend = Укажите её в opsgate.toml как database.
finding-restore-nothing-deployed = Ещё ничего не развёрнуто
    .why = Базы, в которую вернуть бэкап, нет.
    .mend = Сначала сделайте деплой.
finding-restore-database-down = Сервис базы «{ $service }» не работает
    .why = Бэкап загружается рядом с рабочей базой, тем же сервером.
    .mend = На сервере: { $command }
finding-restore-rights = Роль { $role } не может создавать и переименовывать базы, а суперпользователь сервиса недоступен
    .why = Бэкап загружается в новую базу, и та занимает место рабочей.
    .mend = От имени суперпользователя: ALTER ROLE { $role } CREATEDB, и сделайте её владельцем базы.
finding-restore-extensions = Роль { $role } не может создать расширения из этого бэкапа, а суперпользователь сервиса недоступен: { $names }
    .why = Они не отмечены как trusted: создать их в PostgreSQL может только суперпользователь, и загрузка бэкапа не удалась бы.
    .mend = Разрешите суперпользователю сервиса вход через сокет контейнера. Для одной лишь проверки подойдёт и drill_in = "container".
finding-restore-worker = { $role } может не всё, что для этого нужно, поэтому работает суперпользователь сервиса: { $worker }.
finding-restore-disk = На { $path } свободно только { $free } МБ, нужно { $needed } МБ
    .why = Должны поместиться и страховочная копия, и новая база.
    .mend = Освободите место, например: docker image prune
finding-restore-drill-failed = Этот бэкап не прошёл последнюю проверку
    .why = При пробном восстановлении получилось не то, что должно быть. На место рабочей базы ставится только проверенное.
    .mend = Выберите другой бэкап. Если файл исправлен, проверьте его снова кнопкой ниже.
finding-drill-rights = Роль { $role } не может создавать базы, а суперпользователь сервиса недоступен
    .why = Для проверки бэкап загружается в отдельную базу.
    .mend = От имени суперпользователя: ALTER ROLE { $role } CREATEDB, и сделайте её владельцем своей базы.
finding-drill-worker = { $role } может не всё, что для этого нужно, поэтому работает суперпользователь сервиса: { $worker }.
finding-drill-disk = На { $path } свободно только { $free } МБ, нужно { $needed } МБ
    .why = Пробная база должна поместиться рядом с рабочей, а та тем временем растёт.
    .mend = Освободите место, например: docker image prune
finding-dump-missing = Дампа больше нет ни на сервере, ни здесь: { $file }
    .why = Загружать нечего.
    .mend = Выберите другой бэкап.
finding-dump-encrypted = Дампа на сервере больше нет, а остальные копии зашифрованы: { $places }
    .why = Закрытого ключа у меня никогда не бывает.{ $known ->
        [1] {" "}Нужен ключ для { $keys }.
       *[other] {""}
    }
    .mend = Перенесите одну из них на машину бота и там, с вашим ключом, выполните: opsgate backups import ФАЙЛ --project { $project } --identity КЛЮЧ
finding-dump-sent-back = Дамп есть только там, где работает бот: сначала он вернётся на сервер
    .why = { $file } цел; перед восстановлением он будет сверен ещё раз на сервере.
finding-dump-brought = Дамп остался только в { $place }: сначала я заберу его оттуда
    .why = Он придёт на машину бота, будет сверен с записью о нём, отправится на сервер и там будет сверен ещё раз.
finding-dump-replaced = Копия дампа на сервере повреждена: вместо неё я заберу копию из { $place }
    .why = Она придёт на машину бота, будет сверена с записью о ней, отправится на сервер и там будет сверена ещё раз. Повреждённый файл останется рядом под именем { $file }.damaged-…
    .mend = Проверьте диск сервера. Повреждённый файл удалите, когда он никому не нужен.
finding-dump-elsewhere = Дампа больше нет ни на сервере, ни здесь. Судя по записи, он лежит в { $places }
    .why = В opsgate.toml такого места нет, поэтому забрать его я не могу.
    .mend = Верните это место в настройки. Или перенесите файл на машину бота и там выполните: opsgate backups import ФАЙЛ --project { $project }
finding-dump-damaged = Копия дампа на сервере повреждена: вместо неё вернётся моя
    .why = { $copy } цел, на сервере он будет сверен ещё раз. Повреждённый файл останется рядом под именем { $file }.damaged-…
    .mend = Проверьте диск сервера. Повреждённый файл удалите, когда он никому не нужен.
finding-dump-changed-elsewhere = Дамп на сервере не тот, что был проверен: { $file }
    .why = Его размер или SHA-256 не совпадает с записью. Известны другие копии: { $places }.
    .mend = Перенесите одну из них на машину бота и там выполните: opsgate backups import FILE --project { $project } (для зашифрованной ещё --identity KEY{ $known ->
        [1] {""}: ключ для { $keys }
       *[other] {""}
    }).
finding-dump-changed = Дамп не тот, что был проверен: { $file }
    .why = Его размер или SHA-256 не совпадает с записью, и что в нём, неизвестно.
    .mend = Выберите другой бэкап.
finding-restore-older-server = На сервере PostgreSQL { $version }, а дамп сделан в { $dumped }
    .why = Старый сервер может его не прочитать.
    .mend = Выберите бэкап постарше или сначала верните новый сервер.
finding-restore-server = PostgreSQL { $version }; дамп сделан в { $dumped }.
finding-restore-sqlite = SQLite { $version }; дамп сделан в { $dumped }.
finding-restore-other-engine = Этот бэкап сделан в { $dumped }, а база проекта — { $engine }
    .why = Что выгрузила одна СУБД, другая не загрузит.
    .mend = Выберите другой бэкап или верните в opsgate.toml прежнюю базу.
finding-sqlite-place = { $file } лежит не в томе сервиса { $service }
    .why = Что лежит в самом контейнере, в памяти или подключено одним файлом, пропадёт вместе с контейнером или не может быть заменено.
    .mend = Подключите том или папку с правом записи туда, где лежит файл, или исправьте `file` в opsgate.toml.
finding-sqlite-python = В образе сервиса { $service } нет python3, который читает и копирует файл SQLite
    .why = { $why }
    .mend = Укажите в `tools_image` базы образ, где он есть, например python:3-slim, и выполните docker pull на сервере.
finding-sqlite-tools = Контейнер для работы с файлом SQLite не запускается
    .why = { $why }
    .mend = { $image ->
        [none] Посмотрите, что говорит docker. Другой образ можно указать в `tools_image` базы.
       *[other] Загрузите образ на сервер: docker pull { $image }
    }
finding-sqlite-missing = У сервиса { $service } ещё нет файла { $file }
    .why = Нечего сохранять и нечего заменять.
    .mend = Исправьте `file` в opsgate.toml или запустите сервис, чтобы он создал базу.
finding-sqlite-closed = Пользователю сервиса { $service } нельзя читать и менять { $file } и его папку
    .why = { $why }
    .mend = Сделайте файл и папку доступными ему и начните снова.
finding-sqlite-damaged = { $file } — не целая база SQLite
    .why = { $why }
    .mend = Без проверенного бэкапа ничего не меняется. Команды, чтобы вернуть прежнюю базу вручную: opsgate manual.
finding-sqlite-rights = Пользователь { $user } сервиса { $service } не может поставить другой файл на место { $file }
    .why = Бэкап загружается в файл рядом с рабочим, с тем же владельцем, и занимает его место.
    .mend = Сделайте этого пользователя владельцем файла и папки и начните снова.
finding-restore-settings = Настройки самой базы могут вернуться не все: { $names }
    .why = В дампе их нет. Они копируются, но некоторые может задать только суперпользователь.
    .mend = Проверьте их после восстановления и задайте недостающие.
finding-rollback-image-gone = Образов этого релиза на сервере больше нет: { $services }
    .why = Возврат даёт те самые образы, что работали. Без них это была бы новая сборка.
    .mend = Соберите его заново: { $command }
finding-rollback-migrations = { $count ->
    [one] После того релиза появилась { $count } миграция: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
    [few] После того релиза появились { $count } миграции: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
   *[other] После того релиза появилось { $count } миграций: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}
    .why = { $known ->
        [1] Выполнялись: { $ran }. База может не подойти старому коду, а откат её не трогает.
       *[other] Выполнялись ли они, неизвестно. Если да, база может не подойти старому коду. Откат базу не трогает.
    }
    .mend = { $backup ->
        [0] Если старому коду это нужно, восстановите потом бэкап того времени: /restore
       *[other] Если старому коду это нужно, восстановите потом подходящий бэкап: кнопка будет под итогом.
    }
finding-rollback-migrations-none = { $count ->
    [1] После того релиза появилась миграция, но она не выполнялась.
   *[other] После того релиза появились миграции ({ $count }), но ни одна не выполнялась.
}
finding-rollback-renamed = Стек называется «{ $name }», а этот релиз работал как «{ $recorded }»
    .why = Docker Compose запустил бы второй стек рядом с первым.
    .mend = Разверните его коммит заново, тогда он запустится под нынешним именем.
finding-undo-gone = Базы, которая была до этого восстановления, больше нет: { $name }
    .why = Её уже вернули или удалили. Отменять нечего.
    .mend = Выберите бэкап: /restore.
finding-drop-nothing = Старой базы от этой операции уже нет
    .why = Её вернули или удалили.
    .mend = Делать ничего не нужно.
finding-no-health = Ничто не показывает, здоров ли стек
    .why = Без проверки здоровья сломанный релиз выглядит хорошим и не откатывается.
    .mend = Добавьте проекту в opsgate.toml health = [{ "{" } url = "…" { "}" }] или healthcheck в файл Compose.
finding-other-stacks = С { $path } работают другие стеки Compose: { $names }
    .why = У них общие файлы с этим проектом, и файлы могут измениться.
    .mend = Если какой-то остался от старого имени, удалите его контейнеры. Тома сохраните.
finding-stack-renamed = Стек назывался бы «{ $name }», а работающий релиз развёрнут как «{ $recorded }»
    .why = Docker Compose запустил бы рядом второй стек с новыми, пустыми томами.
    .mend = Укажите проекту в opsgate.toml: compose_project = "{ $recorded }".
finding-release-unknown = Записи о релизе { $release } на сервере больше нет
    .why = Неизвестно, какие файлы были его частью, поэтому файлы, которых нет в новом релизе, останутся на месте.
    .mend = Ничего делать не нужно: это развёртывание сделает новую запись.
finding-version-not-bumped = mobile/ изменился, а версия приложения { $version } не выше развёрнутой { $deployed }
    .why = Telegram продолжит отдавать сохранённое у себя приложение { $deployed }, и оно будет падать.
    .mend = Укажите в mobile/app.json "version": "{ $next }", закоммитьте, если исходники в репозитории, и попросите снова.
finding-version-unreadable = { $fault ->
    [missing] { $file } отсутствует
    [json] { $file } не читается как JSON
   *[version] В { $file } нет expo.version, или это не строка
}: версию приложения нельзя сравнить с развёрнутой { $deployed }
    .why = Если версия не выше, Telegram продолжит отдавать сохранённое у себя приложение { $deployed }, и оно будет падать.
    .mend = { $fault ->
        [missing] Верните { $file }
        [json] Исправьте { $file } (обычный JSON: без комментариев и без запятой после последнего значения)
       *[version] Исправьте { $file }
    }, укажите expo.version "{ $next }" или выше, закоммитьте, если исходники в репозитории, и попросите снова.
finding-migrations-new = { $count ->
    [1] С этим релизом приходит миграция: { $scripts }
    [one] С этим релизом приходит { $count } миграция: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
    [few] С этим релизом приходят { $count } миграции: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
   *[other] С этим релизом приходит { $count } миграций: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}
    .why = Новому коду может быть нужно то, что она делает в базе.
    .mend = { $mode ->
        [after-build] Она выполнится при этом деплое, после проверенного бэкапа. Вручную было бы так:
        [never] Сам я её не выполню (migrate = "never"). После деплоя на сервере:
        [held] Она подождёт, пока не решено, что делать с более ранней, которая не закончилась благополучно: /migrate. Вручную было бы так:
        [by-hand] Выполнить её я не могу, почему, сказано здесь же. После деплоя на сервере:
       *[other] После деплоя её выполнит кнопка под итогом. Вручную было бы так:
    }
        { $commands }
finding-migrations-changed = { $count ->
    [1] Изменилась миграция, которая уже была развёрнута: { $scripts }
   *[other] Изменились миграции, которые уже были развёрнуты: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}. Выполненное само не повторяется; нужен ли повтор, знает автор. { $mode ->
    [never] Вручную:
   *[other] /migrate покажет её отдельно. Вручную:
}
    { $commands }
finding-migrations-first = { $count ->
    [1] В релизе есть скрипт миграции: { $scripts }
   *[other] В релизе есть скрипты миграций: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}. { $mode ->
    [after-build] Он выполнится при этом деплое. Вручную было бы так:
    [never] Сам я его не выполню (migrate = "never"). Вручную:
    [held] Он подождёт, пока не решено, что делать с более ранним, который не закончился благополучно: /migrate. Вручную было бы так:
    [by-hand] Выполнить его я не могу, почему, сказано здесь же. Вручную:
   *[other] После деплоя его выполнит кнопка под итогом. Вручную было бы так:
}
    { $commands }
finding-migrations-unsure = { $count ->
    [1] В релизе есть скрипт миграции: { $scripts }
   *[other] В релизе есть скрипты миграций: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}. Новый ли он, неизвестно, поэтому сам он не выполнится. { $mode ->
    [never] Вручную:
   *[other] /migrate спросит о нём. Вручную:
}
    { $commands }
finding-migrations-are-failed = { $count ->
    [1] Миграция началась и не закончилась благополучно: { $scripts }
   *[other] Миграции начались и не закончились благополучно: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}
    .why = Следующие могут на неё опираться, а можно ли её повторить, знает только человек.
    .mend = Если повторить можно (исправлена и развёрнута, или база восстановлена), нажмите «Повторить». Если её работа сделана, нажмите «Уже выполнено».
finding-migrations-are-unknown = { $count ->
    [1] Никто не знает, выполнялся ли этот скрипт в нынешней базе: { $scripts }
   *[other] Никто не знает, выполнялись ли эти скрипты ({ $count }) в нынешней базе: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}
    .why = Так бывает, когда скрипт старше моих записей или база восстановлена из более раннего бэкапа.
    .mend = Решите кнопками: выполнить или отметить «Уже выполнено». До этого план такое не трогает.
finding-migrations-are-changed = { $count ->
    [1] Выполненный скрипт с тех пор изменился: { $scripts }
   *[other] Выполненные скрипты ({ $count }) с тех пор изменились: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}. Нужен ли повтор, знает автор; этот план их не трогает.
finding-migrations-nothing-new = Заведомо новых нет
    .why = Сам я выполняю только то, что пришло с релизом, который развернул я.
    .mend = Решите кнопками, что делать с названными здесь скриптами.
finding-migrations-odd = { $count ->
    [1] Имя скрипта нельзя безопасно подставить в команду: { $scripts }
   *[other] Имена скриптов ({ $count }) нельзя безопасно подставить в команду: { $scripts }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
}
    .why = Безопасны только латинские буквы, цифры, точки, дефисы и подчёркивания.
    .mend = Переименуйте или выполните вручную на сервере.
finding-migrate-no-database = У проекта не указана база, поэтому миграции не выполняются
    .why = Перед миграцией нужен проверенный бэкап; без него ничего не меняется.
    .mend = Добавьте [projects.….database] в opsgate.toml и перезапустите.
finding-migrate-database-down = Сервис базы «{ $service }» не запущен
    .why = Без него не будет ни бэкапа, ни миграции.
    .mend = Запустите его: { $command }
finding-migrate-backend-down = Сервис «{ $service }» не запущен
    .why = Миграции выполняются в его контейнере.
    .mend = Запустите его или разверните заново.
finding-migrations-held-back = { $count ->
    [1] Новая миграция при этом деплое не выполнится
   *[other] Новые миграции ({ $count }) при этом деплое не выполнятся
}
    .why = Более ранняя не закончилась благополучно: { $failed }
    .mend = После деплоя решите, что с ней делать: /migrate { $project }
finding-migrations-no-service = { $count ->
    [1] Новая миграция при этом деплое не выполнится
   *[other] Новые миграции ({ $count }) при этом деплое не выполнятся
}
    .why = Ни один сервис не собирается из backend/, и нет сервиса «{ $service }»: неизвестно, где её выполнять.
    .mend = После деплоя выполните её вручную.
finding-version-unsure = Версия приложения { $version }, а развёрнута { $deployed }
    .why = Неизвестно, изменился ли mobile/. Если да, Telegram продолжит отдавать старое приложение, и оно будет падать.
    .mend = Если изменился, сначала укажите в mobile/app.json "version": "{ $next }".
finding-strategy-unknown = В [strategy] названо то, чего в релизе нет: { $services }
    .why = Сервис с другим именем запускался бы не так, как вы просили.
    .mend = Исправьте [projects.….strategy] в opsgate.toml и перезапустите; есть: { $known }
finding-static-upstream = mobile/nginx.conf узнаёт адрес { $service } один раз, при старте nginx
    .why = После rolling у { $service } другой адрес, поэтому frontend тоже пересоздаётся и на миг перестаёт отвечать.
    .mend = Напишите: resolver 127.0.0.11 valid=1s; set $backend http://{ $service }:<порт>; proxy_pass $backend;
finding-no-spa-fallback = { $file } не отдаёт приложение по неизвестным адресам
    .why = Страница, открытая по своему адресу или обновлённая, получит 404.
    .mend = Добавьте внутри location /: try_files $uri $uri/ /index.html;
finding-data-not-copied = Скриптам backend нужны файлы, которые { $dockerfile } не копирует: { $files }{ $more ->
    [0] {""}
   *[other] {" "}и ещё { $more }
}
    .why = В контейнере их не будет, и скрипт остановится.
    .mend = Добавьте в { $dockerfile }: { $line }
finding-data-by-abspath = Скрипты ищут данные через os.path.abspath(__file__): { $scripts }{ $more ->
    [0] {""}
   *[other] {" "}и ещё { $more }
}
    .why = В Windows это работает, а в контейнере данные могут лежать в другом месте.
    .mend = Используйте Path(__file__).parent, а если файла там нет, Path("/app/<файл>").
finding-route-slash = Frontend вызывает маршруты с неверной косой чертой в конце: { $calls }{ $more ->
    [0] {""}
   *[other] {" "}и ещё { $more }
}
    .why = Flask перенаправит такой вызов или ответит 404, и приложение покажет ошибку сети.
    .mend = Пишите каждый вызов так, как маршрут за стрелкой.
finding-drift = { $count ->
        [one] { $count } файл изменён прямо на сервере: { $files }{ $more ->
            [0] .
           *[other] {" "}и ещё { $more }.
        }
        [few] { $count } файла изменены прямо на сервере: { $files }{ $more ->
            [0] .
           *[other] {" "}и ещё { $more }.
        }
       *[other] { $count } файлов изменено прямо на сервере: { $files }{ $more ->
            [0] .
           *[other] {" "}и ещё { $more }.
        }
    }
    .why = Деплой заменит их файлами релиза. Нынешние останутся в страховочной копии до следующего деплоя.
    .mend = Посмотрите разницу, оставьте файлы сервера или подтвердите замену.
finding-in-the-way = На сервере занято место файлов этого релиза: { $files }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
    .why = Файл на месте папки, папка на месте файла, ссылка или файл, который мне нельзя читать. Выложенный релиз этого не приносил, поэтому я ничего не удалю, и замена файлов остановится.
    .mend = Уберите это на сервере или назовите файл в исходниках иначе. Затем запросите план ещё раз.
finding-drift-unknown = Не удалось сравнить файлы на сервере с выложенным релизом.
    .why = Правки, сделанные там с тех пор, заменятся без предупреждения. Страховочная копия хранит их до следующего деплоя.
    .mend = Запросите план ещё раз или подтвердите, если файлы на сервере никто не правит.
finding-drift-stays = Убрано из релиза, но изменено на сервере и поэтому остаётся там: { $files }{ $more ->
        [0] .
       *[other] {" "}и ещё { $more }.
    }
finding-drift-back = Удалено на сервере, вернётся: { $files }{ $more ->
        [0] .
       *[other] {" "}и ещё { $more }.
    }
finding-drift-kept = Остаются как на сервере: { $files }{ $more ->
        [0] .
       *[other] {" "}и ещё { $more }.
    }
finding-source-dirty = В исходниках есть незакоммиченные изменения. Они тоже уедут.
finding-nothing-new = Нового нет: исходники те же, что в релизе { $release }.

## Вручную и из терминала

manual-title = Деплой { $project } вручную
manual-intro = На случай, если не работает Telegram или я. Вставляйте шаг за шагом и смотрите, что напечатано. Паролей здесь нет: где спросят, введите сами.
manual-here = там, где исходники
manual-host = на сервере
manual-pack = Упакуйте исходники. Строка после # обходится без Opsgate.
manual-copy = Скопируйте на сервер
manual-ssh = Войдите на сервер. Всё дальнейшее выполняется там.
manual-lock = Убедитесь, что я не работаю: здесь ничего не должно напечататься. Если напечаталось, дождитесь конца аренды (lease) и убедитесь, что ничего не собирается.
manual-dump = Сохраните базу. Дальше только после контрольной суммы: без неё ничего не доказано.
manual-safety-copy = Скопируйте развёрнутые файлы, которые заменит deploy.zip. Дальше только после SAFETY COPY MADE.
manual-unzip = Разложите новые файлы. То, чего в новой версии больше нет, останется.
manual-up = Соберите и запустите
manual-look = Проверьте: все контейнеры работают, каждый адрес отвечает 200
manual-back = Обратный путь, только если что-то пошло не так
manual-back-files = Верните файлы, которые заменил deploy.zip, удалите те, что он добавил, и запустите. Всё прочее в папке останется как сейчас: данные, загрузки, файл окружения.
manual-back-database = Только если испорчены данные: впишите имя дампа. Он загружается рядом с базой, затем они меняются именами; готово после THE DUMP SERVES. Старая остаётся как …_before_…, неудачная попытка как …_by_hand_….
pack-made = { $label }: { $files ->
    [one] { $files } файл
    [few] { $files } файла
   *[other] { $files } файлов
}, { SIZE($size) }
pack-written = { $file }: { $label }, { $files ->
    [one] { $files } файл
    [few] { $files } файла
   *[other] { $files } файлов
}, { SIZE($size) }
pack-too-big = Архив занимает { SIZE($size) }, Telegram столько не принимает. На моей машине его запишет: { $command }
error-pack-private = Исходный код не для группы. Попросите меня в личном чате.
error-name-a-project = Какой проект? Я знаю: { $known }
error-zip-exists = { $file } уже есть. Выберите другое имя через -o или замените файл через --force.
error-zip-in-source = { $file } оказался бы внутри исходников и попал бы в следующий релиз. Выберите место снаружи через -o.
error-zip-not-written = Не удалось записать { $file }: { $detail }
terminal-ask = Введите «да», чтобы подтвердить; всё остальное оставит как есть:
terminal-yes = да
terminal-declined = Ничего не изменено.
terminal-nobody = Ничего не изменено: здесь нет терминала, спросить некого. Выполнить именно этот план: { $command }
terminal-nobody-types = Ничего не изменено: здесь нужно ввести имя проекта, а терминала, где это можно сделать, нет.
terminal-backups = Какой бэкап { $project }? Укажите его id после проекта:
terminal-other-plan = Ничего не изменено: подтверждён не этот план. Прочтите его; чтобы выполнить: { $command }
terminal-bot = Выполняет бот; если занят другой терминал, начну я, когда он закончит. Показываю, как идёт дело.
terminal-here = Бот не запущен, поэтому выполняет этот процесс. Ctrl-C попросит остановиться.
terminal-again = Второй Ctrl-C оставит операцию идти самой.
terminal-detached = Больше не слежу. { $operation } продолжит бот или следующая команда отсюда; чем кончилось, узнают все админы.
terminal-overtaken = Между вопросом и началом сервер менялся { $count } раза, поэтому ничего не запущено. Выясните, кто его меняет, и повторите команду.
terminal-unfinished = Сначала то, что осталось незаконченным: { $title }
terminal-releases = Какой релиз { $project }? Введите его id или имя после проекта:

## /env

env-title = Env-файл { $project }
env-changed = последнее изменение { DURATION($age) } назад
env-no-keys = В нём нет ни одного ключа.
env-empty = (пусто)
env-public = публичный: вшивается в приложение
env-given = { $count ->
    [one] записан { $count } раз, действует последний
    [few] записан { $count } раза, действует последний
   *[many] записан { $count } раз, действует последний
}
env-lines-unreadable = ⛔ Compose не может прочитать строки { $lines }. Исправьте их на сервере.
env-how-set = /env { $project } set KEY: спрошу значение и удалю ваш ответ из чата
env-how-unset = /env { $project } unset KEY: убрать ключ
env-how-undo = /env { $project } undo: вернуть предыдущий файл
env-ask = Ответьте новым значением { $key } для { $project } в течение двух минут.
    Ваше сообщение я сразу удалю из чата, значение нигде не покажу и не запишу в лог. Любая команда отменяет вопрос.
env-removed = { $known ->
    [0] Я удалил ваше сообщение из чата: в нём могло быть значение.
   *[other] Я удалил из чата ваше сообщение со значением { $key }.
}
env-not-removed = { $known ->
    [0] ⚠️ Telegram не дал удалить ваше сообщение. Если в нём был секрет, удалите его сами и замените этот секрет: он был виден в чате.
   *[other] ⚠️ Telegram не дал удалить ваше сообщение. Удалите его сами и, если значение { $key } секретное, замените его: оно было видно в чате.
}
env-undoes = Вернётся файл, который был до правки { $operation }.
env-adds = Новые:
env-changes = Изменятся:
env-removes = Убираются:
env-readers = Их читают: { $services }
env-promise = Сначала образы собираются с новыми значениями, пока работают старые контейнеры; затем файл заменяется одним движением, и всё поднимается заново.
env-promise-role = Вместе с ним, перед самими контейнерами, меняется пароль роли { $role } в базе.
env-promise-first = Пока ничего не развёрнуто, поэтому заменяется только файл.
env-keeps = Нынешний файл сохраняется: /env { $project } undo вернёт его.
meaning-env-done = { $first ->
    [0] Новый env-файл действует: { $names }. Предыдущий сохранён, /env { $project } undo вернёт его.
   *[other] Новый env-файл готов к первому деплою: { $names }.
}
meaning-env-untouched = Env-файл и работающие контейнеры не тронуты.
meaning-env-names-moved = Env-файл и работающие контейнеры не тронуты, но убрано не всё подготовленное: имена образов могут указывать на новую сборку. Повторите правку или деплой, прежде чем пересоздавать контейнеры вручную.
meaning-env-back = { $first ->
    [0] Старый env-файл и старые образы вернулись и работают.
   *[other] Старый env-файл вернулся.
}
meaning-env-needs-human = Env-файл, образы и пароль роли могут не подходить друг к другу. Посмотрите сейчас: /status, затем лог. Прежний файл лежит на сервере в { $project }_opsgate/env. Само больше ничего не произойдёт.
error-env-usage = Напишите /env { $project } set KEY, /env { $project } unset KEY или /env { $project } undo; просто /env { $project } покажет ключи.
error-env-which = Какой проект? Например: /env { $project }. Я знаю: { $known }
error-env-key = Это не имя переменной: только латинские буквы, цифры и _, первой не может быть цифра.
error-env-steers = { $key } управляет самим Compose: с другим значением он мог бы запустить второй стек с пустыми томами. Из чата это не меняется.
error-env-group = Значения не вводят в группе: их прочитают другие. Напишите мне /env { $project } set { $key } в личном чате.
error-env-late = Слишком поздно, значение { $key } не принято. Начните снова: /env { $project } set { $key }
error-env-gone = Введённое уже не хранится. Начните снова: /env set KEY
error-env-line = { $key } делит строку с чем-то ещё или стоит там, где его нельзя надёжно изменить. Перенесите ключ на отдельную строку на сервере и повторите.
error-env-no-key = В env-файле нет { $key }. Что есть, покажет /env.
error-env-none = Для { $project } не настроен env-файл. Укажите env_file в opsgate.toml.
error-env-missing = Env-файла { $file } на сервере нет. Сначала создайте его там.
error-env-compose = Развёрнутый { $file } не читается как файл Compose (строка { $line }). Сначала разверните исправный.
error-env-no-previous = Предыдущего env-файла { $project }, который можно вернуть, нет.
error-env-unseen = В значении { $key } есть невидимый символ ({ $character }), например перенос строки или то, что вставилось вместе с текстом. Введите без него.
error-env-same = Ничего не изменится: в env-файле { $project } уже так.
error-env-lost = Файла { $file } на сервере больше нет, или в нём нет нужного ключа.
error-env-changed = { $file } тем временем изменился, поэтому я остановился, не тронув его. Начните снова.
error-env-role = База не приняла новый пароль роли { $role } (статус { $status }).
finding-env-password = { $key } может состоять только из латинских букв и цифр
    .why = Символы вроде @ # : / ломают URL подключения, который из него собирается, и приложение не запустится.
    .mend = Выберите другой, можно длиннее, из букв и цифр.
finding-env-public = { $key } публичный: он вшивается в приложение, которое скачивают все
    .why = Его прочитает любой, кто откроет приложение.
    .mend = Не кладите туда ничего секретного.
finding-env-clever = В значении { $key } есть типографские кавычки, тире или пробелы
    .why = Телефоны сами ставят их вместо обычных.
    .mend = Если имелись в виду обычные, отмените и введите снова.
finding-env-quotes = Значение { $key } начинается и заканчивается кавычкой
    .why = Введённое берётся как есть: эти кавычки станут частью значения.
    .mend = Если они были только обёрткой, отмените и введите значение без них.
finding-env-quoted = В { $key } есть символы, которые Compose прочитал бы иначе ($, #, кавычки, обратная косая черта или пробелы): значение записывается в кавычках, чтобы прочиталось ровно то, что вы ввели.
finding-env-unread = { $key } не читает ни один сервис
    .why = В развёрнутом файле Compose его нет, так что изменится только сам файл.
    .mend = Проверьте, верно ли написано имя.
finding-env-twice = { $key } стоит в файле { $count ->
    [one] { $count } раз
    [few] { $count } раза
   *[many] { $count } раз
}. Действует последний, он и изменится.
finding-env-twice-removed = { $key } стоит в файле { $count ->
    [one] { $count } раз
    [few] { $count } раза
   *[many] { $count } раз
}. Уберутся все.
finding-env-role = Роль { $role } в базе тоже получит новый пароль; он передаётся хешем, который хранит PostgreSQL, и никогда в открытом виде.
finding-env-role-already = У роли { $role } в базе уже этот пароль: меняется только файл.
finding-env-role-removed = { $key } нельзя убрать, пока есть база
    .why = Приложение больше не смогло бы войти как { $role }.
    .mend = Задайте вместо этого другое значение: /env set { $key }
finding-env-role-unknown = База «{ $service }» не запущена, поэтому пароль { $role } нельзя сменить вместе с файлом
    .why = PostgreSQL читает { $key } только при создании тома: с другим значением в одном лишь файле приложение не смогло бы войти.
    .mend = Запустите базу и начните снова. Вручную: docker compose exec { $service } psql -U { $role } -c '\password', правка файла, затем /deploy.
finding-env-role-rights = Мне нельзя прочитать, что сервер хранит о пароле { $role }
    .why = Это может только суперпользователь; без этого неизвестно, можно ли вернуть всё назад.
    .mend = Вручную: docker compose exec { $service } psql -U { $role } -c '\password', правка файла, затем /deploy.
finding-env-role-differs = { $key } в файле сейчас не является паролем { $role }
    .why = Я не смог бы вернуть старый пароль, если приложение не станет здоровым.
    .mend = Вручную: docker compose exec { $service } psql -U { $role } -c '\password' с паролем, который есть или должен быть в файле; затем начните снова.
finding-env-elsewhere = Старый { $key } стоит и в других ключах: { $names }
    .why = Кто читает их, возьмёт старый пароль и получит отказ.
    .mend = Сразу после этого смените и их; если приложение не станет здоровым, правка отменит себя сама.
