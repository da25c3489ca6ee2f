// Small helpers: elements, formats, the states of panels. Text only ever goes in as text.

import { send, Problem } from "./api.js";

export const byId = (id) => document.getElementById(id);
export const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

const RANKS = ["user", "manager", "admin"];
export const role = document.documentElement.dataset.role;
export const may = (needed) => RANKS.indexOf(role) >= RANKS.indexOf(needed);
const zone = document.documentElement.dataset.zone || "UTC";

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith("aria") && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export const badge = (text, kind = "") => el("span", { class: `badge ${kind}` }, text);

/** A button that is there for everybody and works for whoever may. */
export function action(label, needed, run, properties = {}) {
  const allowed = may(needed);
  const button = el("button", { type: "button", class: "small", disabled: !allowed, ...properties }, label);
  if (!allowed) button.title = `needs the role ${needed}`;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await run(button);
    } catch (error) {
      notify(messageOf(error), "bad");
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

export const messageOf = (error) => (error instanceof Problem ? error.message : `something went wrong: ${error.message}`);

export function notify(text, kind = "") {
  const shown = el("p", { class: `notice ${kind}` }, text);
  byId("notices").replaceChildren(shown);
  setTimeout(() => shown.remove(), kind === "bad" ? 12000 : 6000);
}

/** Put a panel into a state: loading, ready, empty or error; the note says why there is nothing to see. */
export function setState(panel, state, note = "") {
  if (panel.dataset.state !== state) panel.dataset.state = state;
  panel.setAttribute("aria-busy", state === "loading" ? "true" : "false");
  const shown = part(panel, "note");
  if (shown && shown.textContent !== note) shown.textContent = note;
}

export function setLive(state, text) {
  const shown = byId("live");
  if (!shown) return;
  shown.dataset.state = state;
  const label = part(shown, "text");
  if (label.textContent !== text) label.textContent = text;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Replace the rows of a table, keeping focus on the button that had it. */
export function fill(table, rows) {
  const active = document.activeElement;
  const kept = active && table.contains(active) ? active.dataset.key : null;
  table.tBodies[0].replaceChildren(...rows);
  if (kept) table.querySelector(`[data-key="${CSS.escape(kept)}"]`)?.focus();
}

const whole = new Intl.NumberFormat("en");
const one = new Intl.NumberFormat("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
export const count = (value) => (value == null ? "–" : whole.format(value));
export const decimal = (value) => (value == null ? "–" : one.format(value));
export const percent = (share) => (share == null ? "–" : `${one.format(share * 100)} %`);
export const minutes = (value) => {
  if (value == null) return "–";
  return value >= 600 ? `${one.format(value / 60)} h` : `${one.format(value)} min`;
};

const dayTime = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit",
});
const clockTime = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const moment = (text) => (text ? dayTime.format(new Date(text)) : "–");
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
  const seconds = (Date.now() - new Date(text).getTime()) / 1000;
  return seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`;
}

/** A time that reads as its age, with the moment itself on it. */
export const ageNode = (text) => (text ? el("time", { datetime: text, title: moment(text) }, age(text)) : el("span", {}, "never"));

/** Run something now and every so many seconds while the page is seen. */
export function every(seconds, work) {
  let timer = null;
  const run = async () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") await work();
    timer = setTimeout(run, seconds * 1000);
  };
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && run());
  run();
  return run;
}

byId("log-out")?.addEventListener("click", async () => {
  try {
    await send("POST", "/auth/logout");
  } finally {
    location.assign("/login");
  }
});
