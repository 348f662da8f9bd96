// The five guided scenarios. A scene puts its world in order, then each step says when it is done and, where there
// is something to do, does it as a person would. `seen` may be true by the person's own doing: nobody must use `act`.

import { STRANGER, YES, endedWith, isAsking, isBuilding, isCard, isLineLost, isProgress, isVerdict, sends } from "./tour-world.js";

const OK = "✅";
const BACK = "↩";
const BACKUP = "r:";
const UNDO = "b:";
const SILENT_FOR = 3000;
const LINE_DOWN_FOR = 6;

const own = (world) => world.hero;
const group = (world) => world.group;

const asked = (chatOf) => ({
  name: "ask",
  act: (world) => world.say(world.hero, chatOf(world), "/deploy"),
  seen: (world) => world.newest(chatOf(world), (message) => isCard(message) || isProgress(message)),
});
const confirmed = (whoOf, chatOf) => ({
  name: "confirm",
  act: (world) => world.confirm(whoOf(world), chatOf(world)),
  seen: (world) => world.newest(chatOf(world), (message) => isProgress(message) || isVerdict(message)),
});
const ended = (mark, chatOf) => ({
  name: "watch",
  seen: (world) => world.newest(chatOf(world), endedWith(mark)),
});

export const SCENES = [
  {
    name: "deploy",
    commits: "new-release",
    steps: [asked(own), confirmed(own, own), ended(OK, own)],
  },
  {
    name: "breaks",
    steps: [
      {
        name: "break",
        act: (world) => world.begin("never-healthy"),
        seen: (world) => world.began("never-healthy"),
      },
      asked(own),
      confirmed(own, own),
      ended(BACK, own),
      {
        name: "other",
        act: ({ app, other }) => app.openAs(other, other),
        seen: async (world) => world.isOpen(world.other, world.other) && world.newest(world.other, endedWith(BACK)),
      },
    ],
  },
  {
    name: "line",
    commits: "slow-build",
    steps: [
      asked(own),
      {
        name: "cut",
        act: cutInTheBuild,
        seen: (world) => world.began("ssh-drops", "host-unreachable"),
      },
      {
        name: "lost",
        seen: (world) => world.newest(world.hero, (message) => isLineLost(message) || isVerdict(message)),
      },
      ended(OK, own),
    ],
  },
  {
    name: "restore",
    steps: [
      {
        name: "backup",
        act: (world) => world.confirm(world.hero, world.hero, "/backup"),
        seen: (world) => world.newest(world.hero, endedWith(OK)),
      },
      {
        name: "list",
        act: (world) => world.say(world.hero, world.hero, "/restore"),
        seen: (world) => world.newest(world.hero, (message) => sends(message, BACKUP) || isCard(message)),
      },
      {
        name: "choose",
        act: (world) => world.tapNewest(world.hero, world.hero, BACKUP),
        seen: (world) => world.newest(world.hero, (message) => isCard(message) || isAsking(message)),
      },
      {
        name: "confirm",
        act: (world) => world.tapNewest(world.hero, world.hero, YES),
        seen: (world) => world.newest(world.hero, (message) => isAsking(message) || isProgress(message) || sends(message, UNDO)),
      },
      {
        name: "type",
        act: (world) => world.say(world.hero, world.hero, "fitnessapp"),
        seen: (world) => world.newest(world.hero, (message) => isProgress(message) || sends(message, UNDO)),
      },
      {
        name: "watch",
        seen: (world) => world.newest(world.hero, (message) => endedWith(OK)(message) && sends(message, UNDO)),
      },
    ],
  },
  {
    name: "tap",
    commits: "new-release",
    opens: (world) => [STRANGER, world.group],
    steps: [
      {
        name: "stranger",
        act: (world) => world.say(STRANGER, world.group, "/deploy"),
        seen: async (world) => {
          if (!(await world.wrote(STRANGER, world.group, "/"))) return false;
          await world.pause(SILENT_FOR);
          return !(await world.newest(world.group, () => true));
        },
      },
      asked(group),
      {
        name: "mallory",
        act: async (world) => world.tap(STRANGER, await world.card(world.hero, world.group, "/deploy"), YES),
        seen: async (world) => {
          if (!world.tapped(STRANGER, world.group)) return false;
          await world.pause(SILENT_FOR);
          return true;
        },
      },
      confirmed((world) => world.other, group),
      ended(OK, group),
    ],
  },
];

// For a while no new connection is let in, too: a line that is back at once would not be missed.
async function cutInTheBuild(world) {
  const { hero } = world;
  if (!(await world.newest(hero, isProgress))) await world.confirm(hero, hero);
  await world.until(() => world.newest(hero, (message) => isProgress(message) && isBuilding(message)), 60);
  await world.begin("ssh-drops", { refuse_seconds: LINE_DOWN_FOR });
}
