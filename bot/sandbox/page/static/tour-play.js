// One story being played: puts the world in order, then goes from step to step as the chat shows that each is done.

import { DAY_GROUPS } from "./days-texts.js";
import { Stopped, World, endedWith, isProgress } from "./tour-world.js";

const COMMITS = DAY_GROUPS.releases;
const AN_OPERATION_ENDS_WITHIN = 180;

export class Play {
  // `changed` is called whenever there is something new to draw.
  constructor(app, scene, changed) {
    this.world = new World(app);
    this.scene = scene;
    this.changed = changed;
    this.state = "preparing";
    this.index = 0;
    this.acting = false;
    this.failed = false;
  }

  get step() {
    return this.scene.steps[this.index];
  }

  get chats() {
    return [this.world.hero, this.world.other, this.world.group];
  }

  stop() {
    this.world.stop();
  }

  async run() {
    try {
      await this.prepare();
      this.state = "playing";
      for (this.index = 0; this.index < this.scene.steps.length; this.index += 1) {
        this.failed = false;
        this.changed();
        await this.world.until(() => this.step.seen(this.world));
      }
      this.state = "done";
      this.changed();
    } catch (error) {
      this.trouble(error);
    }
  }

  // Does the present step for the person. The step ends when the chat shows it, not when this returns.
  async act() {
    if (this.acting || this.state !== "playing") return;
    const { step } = this;
    this.acting = true;
    this.failed = false;
    this.changed();
    try {
      await step.act(this.world);
    } catch (error) {
      this.trouble(error);
    } finally {
      this.acting = false;
      if (!this.world.stopped) this.changed();
    }
  }

  trouble(error) {
    if (error instanceof Stopped || this.world.stopped) return;
    console.warn("tour", error);
    this.failed = true;
    this.changed();
  }

  // --- the world in order ---

  async prepare() {
    const { world, scene } = this;
    await world.remember();
    await world.ask("days/end");
    await this.quiet();
    if (await this.needsCommit(scene.commits)) await world.begin(scene.commits);
    await world.app.openAs(...(scene.opens?.(world) ?? [world.hero, world.hero]));
    await world.remember();
  }

  // Waits for an operation that somebody began before the tour.
  async quiet() {
    for (const chat of this.chats) {
      await this.world.until(async () => {
        const operations = (await this.world.messages(chat)).filter((one) => isProgress(one));
        return operations.length === 0;
      }, AN_OPERATION_ENDS_WITHIN);
    }
  }

  // Each commit also puts right what an earlier one broke. Before anything happened the source is ahead of the server
  // anyway, with commits that are nicer to look at.
  async needsCommit(name) {
    if (name !== "new-release") return name !== undefined;
    const { events } = await this.world.ask("events");
    if (events.some((event) => event.kind === "day" && COMMITS.includes(event.name))) return true;
    for (const chat of this.chats) {
      if ((await this.world.messages(chat)).some(endedWith("✅"))) return true;
    }
    return false;
  }
}
