import { asked, isName, tidy } from "./address.js";
import { channelsChanged, showChannels, showMessages } from "./alert_channels.js";
import { nameOptions, rulesNamed, rulesSeen, showRules } from "./alert_rules.js";
import { said, valued } from "./alert_words.js";
import { follow, get, query, send } from "./api.js";
import { pager } from "./pager.js";
import { showLimits } from "./sla_limits.js";
import {
  action, ageNode, attempt, badge, byId, choices, count, duration, el, every, fill, messageOf, moment, named, notify, part, setFresh,
  setLive, setState, setText,
} from "./ui.js";

const API = "/api/v1";
const PAGE = 50;
const MOST_TOLD = 50; // an overview tells of so many alerts and no more
const STATES = ["standing", "open", "acknowledged", "resolved"];
const REASONS = { cleared: "good again", rule_changed: "its rule was changed", rule_inactive: "its rule was switched off", rule_removed: "its rule was removed" };
const KNOWN = { state: ["state", (text) => text === "" || STATES.includes(text)], rule: ["rule", isName(64)], after: ["page", isName(2000)] };
const filters = byId("alert-filters");
const standing = byId("standing");
const past = byId("past");
const others = [[byId("rules"), showRules], [byId("limits"), showLimits], [byId("channels"), showChannels], [byId("messages"), showMessages]];
const names = new Map();
let told = null;
let streaming = false;
let fine = false;
let trouble = null;

function heading(alert, severity = alert.severity) {
  names.set(alert.rule_id, alert.rule_name);
  return el("th", { scope: "row", class: "wrap" }, badge(severity.toLowerCase(), severity === "HIGH" ? "bad" : "warn"), " ", named(alert.rule_name), said(alert));
}

const noted = (alert) => (alert.note ? el("small", { class: "interval" }, named(alert.note)) : null);

function standingRow(alert) {
  const seen = alert.acknowledged_by
    ? el("span", { class: "help", tabindex: "-1", title: `seen by ${alert.acknowledged_by}, ${moment(alert.acknowledged_at)}`, "data-after": alert.alert_id }, "seen by ", named(alert.acknowledged_by))
    : action("Acknowledge", "manager", () => send("POST", `${API}/alerts/${alert.alert_id}/acknowledge`, {}), { "aria-label": `Acknowledge ${alert.rule_name}`, "data-key": alert.alert_id });
  return el("tr", {}, heading(alert),
    el("td", { class: "num" }, valued(alert.metric, alert.value)), el("td", { class: "num" }, valued(alert.metric, alert.worst_value)),
    el("td", {}, ageNode(alert.raised_at)), el("td", {}, ageNode(alert.updated_at)), el("td", { class: "num" }, count(alert.messages)),
    el("td", { class: "act" }, seen, noted(alert)));
}

function pastRow(alert) {
  const seen = alert.acknowledged_by ? [named(alert.acknowledged_by), el("small", { class: "interval" }, moment(alert.acknowledged_at))] : ["nobody"];
  return el("tr", {}, heading(alert, alert.worst_severity),
    el("td", { class: "num" }, valued(alert.metric, alert.worst_value)), el("td", {}, moment(alert.raised_at)),
    el("td", {}, moment(alert.resolved_at), el("small", { class: "interval" }, REASONS[alert.resolved_reason] ?? alert.resolved_reason)),
    el("td", { class: "num" }, duration((new Date(alert.resolved_at) - new Date(alert.raised_at)) / 1000)),
    el("td", { class: "name" }, ...seen, noted(alert)), el("td", { class: "num" }, count(alert.messages)));
}

/** The alerts that stand, as the stream told them last; only where it cannot tell all the API is asked. */
async function showStanding() {
  if (!told) return;
  const [state, rule] = [asked("state"), asked("rule")];
  const status = ["open", "acknowledged"].includes(state) ? state : "";
  let items = told.filter((alert) => (!rule || alert.rule_id === rule) && (!status || alert.status === status));
  if (told.length >= MOST_TOLD) ({ items } = await get(`${API}/alerts${query({ standing: status ? "" : "true", status, rule_id: rule, limit: 200 })}`));
  fill(standing.querySelector("table"), items.map(standingRow));
  setText(part(standing, "hint"), items.length ? count(items.length) : "");
  setState(standing, items.length ? "ready" : "empty", told.length ? "No alert that stands fits." : "No alert stands.");
}

const pages = pager(past, (cursor) => {
  go({ after: cursor });
  past.querySelector(".panel-body").scrollTop = 0;
});

async function showPast() {
  const after = asked("after");
  const rule = asked("rule");
  const { items, next_cursor: next } = await get(`${API}/alerts${query({ standing: "false", rule_id: rule, limit: PAGE, cursor: after })}`).catch((error) => {
    if (after && error.status >= 400 && error.status < 500) {
      notify("The address asks for a page that cannot be. That part was left out.");
      go({ after: null }, "replaceState");
    }
    throw error;
  });
  if (after !== asked("after") || rule !== asked("rule")) return;
  fill(past.querySelector("table"), items.map(pastRow));
  pages(after, next);
  setText(part(past, "hint"), after ? "an older page" : next ? `the last ${PAGE}` : count(items.length));
  setState(past, items.length ? "ready" : "empty", rule ? "No alert of this rule has ended yet." : "No alert has ended yet.");
}

function showFilters() {
  const state = asked("state");
  filters.elements.state.value = state;
  const known = new Map([...names, ...rulesNamed()]);
  choices(filters.elements.rule, [...known.keys()], asked("rule"), (id) => known.get(id) ?? id);
  for (const option of [...filters.elements.rule.options].slice(1)) setText(option, known.get(option.value) ?? option.value);
  standing.hidden = state === "resolved";
  past.hidden = ["standing", "open", "acknowledged"].includes(state);
}

/** Go to another view of the page; what is given changes in the address. */
function go(changes, how = "pushState") {
  const wanted = { state: asked("state"), rule: asked("rule"), after: asked("after"), ...changes };
  history[how](null, "", location.pathname + query(wanted));
  shown();
}

function shown() {
  showFilters();
  attempt(standing, showStanding);
  attempt(past, showPast);
}

async function lookNow() {
  const known = others.filter(([panel]) => panel);
  const found = await Promise.all([attempt(past, showPast), ...known.map(([panel, show]) => attempt(panel, show))]);
  fine = found.every(Boolean);
  if (trouble) setLive("error", trouble);
  else setFresh(fine, streaming);
}

/** Ask for what has changed with the alerts, and for no more: everybody who looks at this page does so now. */
function askFor(before) {
  const versions = new Map(told.map((alert) => [alert.alert_id, alert.version]));
  if (before.length === told.length && before.every((alert) => versions.get(alert.alert_id) === alert.version)) return;
  attempt(byId("rules"), showRules);
  if (before.some((alert) => !versions.has(alert.alert_id))) attempt(past, showPast);
}

function heard() {
  if (!streaming || trouble) standing.removeAttribute("data-stale");
  [streaming, trouble] = [true, null];
  if (fine) setFresh(true, true);
}

function unheard(text) {
  streaming = false;
  if (told) standing.dataset.stale = "true";
  else setState(standing, "error", text);
}

filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("change", () => go({ ...Object.fromEntries(new FormData(filters)), after: null }));
addEventListener("popstate", () => {
  tidy(KNOWN);
  shown();
});
tidy(KNOWN);
showFilters();
rulesSeen(showFilters);
channelsChanged(() => look());
const look = every(15, lookNow);

// The question of the overview as it opens: its answer is computed once for all who look at either page.
follow(`${API}/overview/stream?window=PT24H`, {
  overview: (event) => {
    const now = JSON.parse(event.data);
    const before = told;
    told = now.alerts;
    nameOptions(now);
    attempt(standing, showStanding);
    heard();
    if (before) askFor(before);
  },
  tick: heard,
  glance: heard,
  trouble: (event) => {
    trouble = JSON.parse(event.data).detail;
    unheard(trouble);
    setLive("error", trouble);
  },
}, (state, problem) => {
  if (state === "stale") {
    unheard("the server cannot be reached");
    setFresh(false);
  }
  if (state === "error") {
    trouble = messageOf(problem);
    unheard(trouble);
    setLive("error", trouble);
  }
});
