// Telling of messages that nobody is looking at: browser notifications, and a line within the page.

import { push, toast } from "./overlays.js";
import { t } from "./strings.js";

const WANTED = "opsgate.bell";

export class Bell {
  constructor(changed) {
    this.changed = changed;
    this.wanted = localStorage.getItem(WANTED) === "yes";
  }

  get on() {
    return this.wanted && "Notification" in window && Notification.permission === "granted";
  }

  // Permission is asked for only here, after a click.
  async toggle() {
    if (this.on) this.want(false);
    else if (!("Notification" in window) || (await Notification.requestPermission()) !== "granted") toast(t("bellRefused"));
    else {
      this.want(true);
      toast(t("bellMade"));
    }
  }

  want(wanted) {
    this.wanted = wanted;
    localStorage.setItem(WANTED, wanted ? "yes" : "no");
    this.changed();
  }

  // `about`: { title, text, silent, tag, open }. A message without sound stays without one, and out of the way.
  tell(about) {
    if (!about.silent && document.visibilityState === "visible") push(about);
    if (!this.on) return;
    const note = new Notification(about.title, { body: about.text, tag: about.tag, silent: about.silent, icon: "/page/icon.svg" });
    note.addEventListener("click", () => {
      window.focus();
      note.close();
      about.open();
    });
  }
}
