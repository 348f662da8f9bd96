// What the tour says, by language, scene and step: what to do, in `say`; what was seen, in `seen`.

const EN = {
  title: "Tour",
  intro: "Five short stories, played in this chat. Nothing here is real but Opsgate.",
  start: "Start",
  doIt: "Do it for me",
  doing: "Doing it …",
  watching: "Watching the chat …",
  preparing: "Putting the practice server in order …",
  leave: "Leave the tour",
  again: "Play it again",
  all: "All stories",
  next: (title) => `Next: ${title}`,
  step: (n, of) => `Step ${n} of ${of}`,
  youAre: (name) => `you are ${name}`,
  seenBefore: "seen",
  whatItDid: "What Opsgate did for you",
  stuck: "That did not work. Try the step again, or play the story from the beginning.",
  scenes: {
    deploy: {
      title: "Deploy",
      about: "A command, a plan, one tap, a new release.",
      steps: {
        ask: "You are Anna, an admin. Write /deploy.",
        confirm: "This is the plan: what is new, what is backed up first, how risky it is. Nothing has changed yet. Tap Confirm.",
        watch: "One message now follows the work. The old release serves while the new one is built.",
      },
      end: [
        "It backed up the database and read the dump back before it touched anything.",
        "It swapped the release only when the new one was built, and watched it until it was healthy.",
      ],
    },
    breaks: {
      title: "A release that breaks",
      about: "It builds, it starts, it does not work.",
      steps: {
        break: "A colleague commits a release that builds well but refuses to work.",
        ask: "Nobody knows yet. Anna writes /deploy.",
        confirm: "The plan looks harmless: the fault shows only when it runs. Tap Confirm.",
        watch: "The health check does not pass, so the old release is on its way back. This takes a moment.",
        other: "Boris had no part in this. Look into his chat: he was told as well, in his own language.",
      },
      end: [
        "It brought the old files and images back without a rebuild, and checked that they serve.",
        "It told every admin why, with the last lines that the failing service wrote.",
      ],
    },
    line: {
      title: "Lost connection",
      about: "The line to the server is cut in the middle of a build.",
      steps: {
        ask: "Anna writes /deploy on a train.",
        cut: "Tap Confirm. As soon as “Build” begins, the line is cut: “SSH drops now” under Bad days.",
        lost: "Opsgate cannot see the server any more. The build goes on there, by itself.",
        watch: "It says that the line is lost, and tries again. Then it asks the server what became of the build.",
      },
      end: [
        "The work ran on the server itself, so the lost line broke nothing and nothing ran twice.",
        "When the line was back it picked up where it was, and said how it ended, once.",
      ],
    },
    restore: {
      title: "Restore a backup",
      about: "The database goes back, and can come forward again.",
      steps: {
        backup: "There must be a backup to go back to. Write /backup, then tap Confirm.",
        list: "The dump was read back whole, so it counts. Now write /restore.",
        choose: "These backups are proven. Choose the newest one: a plan comes first.",
        confirm: "The plan says what would be lost, table by table. Tap Confirm.",
        type: "This replaces live data, so a tap is not enough. Type the project's name: fitnessapp.",
        watch: "First a fresh backup. Then the dump is loaded beside the live database, and counted.",
      },
      end: [
        "It loaded the backup beside the live database and counted its rows before the two changed places.",
        "It kept the database that was replaced: Undo, under its last message, brings it back.",
      ],
    },
    tap: {
      title: "Someone else's tap",
      about: "A stranger in the group tries the buttons.",
      steps: {
        stranger: "You are Mallory, in the admins' group by mistake, and on no list. Write /deploy, and wait for an answer.",
        ask: "Silence: to a stranger Opsgate does not even say no. Now Anna writes /deploy in the same group.",
        mallory: "The plan is there for all to see. Let Mallory tap Confirm.",
        confirm: "Her tap did nothing: the plan still waits. Boris is an admin too. Let him tap Confirm.",
        watch: "His tap counted, and the card names him. A second tap would only be told who was first.",
      },
      end: [
        "It listened to the people on its list and to nobody else, by number and not by name.",
        "It let exactly one tap start the work, and wrote down whose.",
      ],
    },
  },
};

const RU = {
  title: "Экскурсия",
  intro: "Пять коротких историй прямо в этом чате. Настоящий здесь только Opsgate.",
  start: "Начать",
  doIt: "Сделать за меня",
  doing: "Делаю …",
  watching: "Смотрю в чат …",
  preparing: "Привожу учебный сервер в порядок …",
  leave: "Закрыть экскурсию",
  again: "Ещё раз",
  all: "Все истории",
  next: (title) => `Дальше: ${title}`,
  step: (n, of) => `Шаг ${n} из ${of}`,
  youAre: (name) => `вы ${name}`,
  seenBefore: "пройдено",
  whatItDid: "Что Opsgate сделал за вас",
  stuck: "Не вышло. Повторите шаг или начните историю сначала.",
  scenes: {
    deploy: {
      title: "Деплой",
      about: "Команда, план, одно нажатие, новый релиз.",
      steps: {
        ask: "Вы Борис, админ. Напишите /deploy.",
        confirm: "Это план: что нового, что сначала сохраняется, велик ли риск. Пока ничего не изменилось. Нажмите «Подтвердить».",
        watch: "За работой следит одно сообщение. Пока новый релиз собирается, работает старый.",
      },
      end: [
        "Сохранил базу и прочитал дамп обратно раньше, чем что-либо тронул.",
        "Заменил релиз, только когда новый собрался, и следил за ним, пока тот не стал здоров.",
      ],
    },
    breaks: {
      title: "Релиз, который ломается",
      about: "Собирается, запускается, не работает.",
      steps: {
        break: "Коллега коммитит релиз, который хорошо собирается, но отказывается работать.",
        ask: "Этого пока никто не знает. Борис пишет /deploy.",
        confirm: "План выглядит безобидно: ошибка видна только на ходу. Нажмите «Подтвердить».",
        watch: "Проверка здоровья не проходит, и старый релиз возвращается. Это займёт немного времени.",
        other: "Анна в этом не участвовала. Загляните в её чат: ей тоже сказали, и на её языке.",
      },
      end: [
        "Вернул старые файлы и образы без новой сборки и проверил, что они работают.",
        "Сказал каждому админу, в чём дело, с последними строками сломавшегося сервиса.",
      ],
    },
    line: {
      title: "Потерянная связь",
      about: "Связь с сервером рвётся посреди сборки.",
      steps: {
        ask: "Борис в поезде пишет /deploy.",
        cut: "Нажмите «Подтвердить». Как только начнётся «Сборка», связь оборвётся: «SSH обрывается сейчас» в плохих днях.",
        lost: "Opsgate больше не видит сервер. Сборка там идёт сама.",
        watch: "Он говорит, что связь потеряна, и пробует снова. Потом спросит у сервера, что стало со сборкой.",
      },
      end: [
        "Работа шла на самом сервере, поэтому обрыв ничего не сломал и ничего не запустилось дважды.",
        "Когда связь вернулась, он продолжил с того же места и один раз сказал, чем всё кончилось.",
      ],
    },
    restore: {
      title: "Вернуть бэкап",
      about: "База возвращается назад, но может и обратно.",
      steps: {
        backup: "Сначала нужен бэкап, к которому возвращаться. Напишите /backup и нажмите «Подтвердить».",
        list: "Дамп прочитан обратно целиком, поэтому он засчитан. Теперь напишите /restore.",
        choose: "Эти бэкапы проверены. Выберите самый новый: сначала будет план.",
        confirm: "План говорит, что пропадёт, таблица за таблицей. Нажмите «Подтвердить».",
        type: "Это заменит живые данные, и нажатия мало. Напишите имя проекта: fitnessapp.",
        watch: "Сначала свежий бэкап. Потом дамп загружается рядом с живой базой, и строки пересчитываются.",
      },
      end: [
        "Загрузил бэкап рядом с живой базой и пересчитал строки, прежде чем поменять их местами.",
        "Сохранил прежнюю базу: кнопка «Вернуть как было» под последним сообщением возвращает её.",
      ],
    },
    tap: {
      title: "Чужое нажатие",
      about: "Посторонний в группе пробует кнопки.",
      steps: {
        stranger: "Вы Мэллори: в группу админов попали по ошибке, в списке вас нет. Напишите /deploy и подождите ответа.",
        ask: "Тишина: постороннему Opsgate не говорит даже «нет». Теперь /deploy в той же группе пишет Борис.",
        mallory: "План видят все. Пусть Мэллори нажмёт «Подтвердить».",
        confirm: "Её нажатие ничего не сделало: план всё ещё ждёт. Анна тоже админ. Пусть нажмёт она.",
        watch: "Нажатие Анны засчитано, и в карточке стоит её имя. Второму нажавшему только скажут, кто был первым.",
      },
      end: [
        "Слушал людей из своего списка и больше никого, по номеру, а не по имени.",
        "Ровно одно нажатие запустило работу, и записано, чьё оно.",
      ],
    },
  },
};

export const TOUR_TEXTS = { en: EN, ru: RU };
