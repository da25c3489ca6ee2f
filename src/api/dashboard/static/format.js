// Numbers, times and ages as people read them, in the time zone of the laboratory.

import { el } from "./elements.js";

export const zone = document.documentElement.dataset.zone || "UTC";
const YEAR_SECONDS = 300 * 86400;

const whole = new Intl.NumberFormat("en");
const one = new Intl.NumberFormat("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const short = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
export const count = (value) => (value == null ? "–" : whole.format(value));
export const decimal = (value) => (value == null ? "–" : one.format(value));
export const brief = (value) => (value == null ? "–" : short.format(value));
export const percent = (share) => (share == null ? "–" : `${one.format(share * 100)} %`);
export const minutes = (value) => {
  if (value == null) return "–";
  return value >= 600 ? `${one.format(value / 60)} h` : `${one.format(value)} min`;
};

const parts = { timeZone: zone, day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" };
const dayTime = new Intl.DateTimeFormat("en-GB", parts);
const yearTime = new Intl.DateTimeFormat("en-GB", { ...parts, year: "numeric" });
const clockTime = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const secondsSince = (text) => (Date.now() - new Date(text).getTime()) / 1000;

/** A moment; with its year where that is not plain. */
export const moment = (text) => {
  if (!text) return "–";
  return (Math.abs(secondsSince(text)) > YEAR_SECONDS ? yearTime : dayTime).format(new Date(text));
};
export const clock = (date) => clockTime.format(date);

export function duration(seconds) {
  const size = Math.abs(seconds);
  if (size < 90) return `${Math.round(seconds)} s`;
  if (size < 5400) return `${Math.round(seconds / 60)} min`;
  if (size < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

export function age(text) {
  if (!text) return "never";
  const seconds = secondsSince(text);
  return seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`;
}

/** When something is to come, which may be any moment now. */
export const until = (text) => (secondsSince(text) < 0 ? age(text) : "due");

const AGES = { age, until, over: (text) => duration(secondsSince(text)) };

/** A time that reads as its age (or what `kind` makes of it), with the moment itself on it; it grows older by itself. */
export function ageNode(text, kind = "age") {
  if (!text) return el("span", {}, "never");
  return el("time", { datetime: text, title: `${moment(text)} ${zone}`, "data-age": kind }, AGES[kind](text));
}

setInterval(() => {
  if (document.visibilityState !== "visible") return;
  for (const node of document.querySelectorAll("time[data-age]")) {
    const now = AGES[node.dataset.age](node.dateTime);
    if (node.textContent !== now) node.textContent = now;
  }
}, 5000);
