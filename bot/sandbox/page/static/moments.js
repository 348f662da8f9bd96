// Times, dates and sizes as people read them.

import { language, t } from "./strings.js";

const DAY = 86400;
const STEPS = [
  ["year", 365 * DAY],
  ["month", 30 * DAY],
  ["day", DAY],
  ["hour", 3600],
  ["minute", 60],
];

function format(at, options) {
  return new Intl.DateTimeFormat(language(), { hourCycle: "h23", ...options }).format(new Date(at * 1000));
}

export function clock(at) {
  return format(at, { hour: "2-digit", minute: "2-digit" });
}

export function whole(at) {
  return format(at, { dateStyle: "long", timeStyle: "long" });
}

export function dayKey(at) {
  return new Date(at * 1000).toDateString();
}

export function dayName(at) {
  const now = Date.now() / 1000;
  if (dayKey(at) === dayKey(now)) return t("today");
  if (dayKey(at) === dayKey(now - DAY)) return t("yesterday");
  const sameYear = new Date(at * 1000).getFullYear() === new Date().getFullYear();
  return format(at, { day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) });
}

// For the list of chats: the time today, else the day.
export function brief(at) {
  return dayKey(at) === dayKey(Date.now() / 1000) ? clock(at) : format(at, { day: "numeric", month: "short" });
}

// A `date_time` entity: "r" is relative; else w weekday, d/D short or long date, t/T short or long time.
export function written(at, wanted) {
  if (/^r$/i.test(wanted)) return relative(at);
  const options = {};
  if (/w/i.test(wanted)) options.weekday = "long";
  if (wanted.includes("D")) Object.assign(options, { day: "numeric", month: "long", year: "numeric" });
  else if (wanted.includes("d")) Object.assign(options, { day: "2-digit", month: "2-digit", year: "numeric" });
  if (/t/i.test(wanted)) Object.assign(options, { hour: "2-digit", minute: "2-digit" });
  if (wanted.includes("T")) options.second = "2-digit";
  return format(at, options);
}

export function relative(at) {
  const left = at - Date.now() / 1000;
  const [unit, seconds] = STEPS.find(([, length]) => Math.abs(left) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(Math.round(left / seconds), unit);
}

export function size(bytes) {
  const units = t("sizes");
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1024)));
  const amount = bytes / 1024 ** step;
  const digits = step === 0 || amount >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(amount)} ${units[step]}`;
}
