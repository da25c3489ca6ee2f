import { isName, tidy } from "./address.js";
import { METRICS } from "./alert_words.js";
import { follow, query, send } from "./api.js";
import { draw, label, plain, series, timeAxis, tone } from "./charts.js";
import { hoursFor } from "./promises.js";
import {
  action, age, ageNode, badge, brief, byId, choices, clock, count, decimal, duration, el, fill, messageOf, minutes, moment, named, part,
  percent, setLabel, setLive, setState, setText, zone,
} from "./ui.js";

const API = "/api/v1";
const QUIET_SECONDS = 20;
const UNFINISHED_MILLISECONDS = 700;
const MOST_ASSAYS = 12;
const MOST_MACHINES = 30;
const MOST_CODES = 12;
const NAMES = ["window", "from", "to", "assay", "machine_id"];
const filters = byId("filters");
const panels = ["throughput", "tat", "errors", "ageing", "breaches", "alerts"].map(byId);
const tiles = ["completed", "tat", "sla", "errors", "open", "late"].map((name) => byId(`kpi-${name}`));

let end = null;
let newest = null;
let heard = 0;
let unfinished = null;
let counted = null;

const isMoment = (text) => /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text) && !Number.isNaN(Date.parse(text));
const KNOWN = {
  window: ["time", (text) => text === "" || text === "all" || /^(P0*[1-9]\d{0,2}D|PT0*[1-9]\d{0,3}H)$/.test(text)],
  from: ["beginning", isMoment], to: ["end", isMoment], assay: ["assay", isName(20)], machine_id: ["machine", isName(10)],
};

function wanted() {
  const given = new URLSearchParams(location.search);
  const found = Object.fromEntries(NAMES.filter((name) => given.has(name)).map((name) => [name, given.get(name)]));
  if (!("window" in found) && !("from" in found) && !("to" in found)) found.window = "PT24H";
  if (found.window === "all") delete found.window;
  return found;
}

/** Whether a beginning or an end is asked for: what is of now needs to be told from what is of then. */
function isRange() {
  const { from, to } = wanted();
  return Boolean(from || to);
}

/** The time that is asked for, in words. */
function timeTold({ from, to }) {
  if (!isRange()) return from ? `since ${moment(from)} · ` : "";
  if (!to) return `from ${moment(from)} on · `;
  return from ? `from ${moment(from)} to ${moment(to)} · ` : `before ${moment(to)} · `;
}

function remember() {
  const chosen = Object.fromEntries(new FormData(filters));
  if (!chosen.window) chosen.window = "all";
  if (chosen.window === "PT24H") delete chosen.window;
  if (chosen.window === "custom") Object.assign(chosen, { window: "", from: wanted().from, to: wanted().to });
  history.pushState(null, "", location.pathname + query(chosen));
}

function showFilters(names) {
  const asked = wanted();
  const time = filters.elements.window;
  const value = asked.window ?? (asked.from || asked.to ? "custom" : "");
  if (value && ![...time.options].some((option) => option.value === value)) {
    time.append(el("option", { value }, value === "custom" ? "as in the address" : value));
  }
  time.value = value;
  choices(filters.elements.assay, names.assays, asked.assay || "");
  choices(filters.elements.machine_id, names.machines, asked.machine_id || "");
}

function spark(svg, values) {
  const points = values.slice(-72);
  const most = Math.max(...points, 0);
  const drawn = points.length > 1 && most > 0;
  const at = points.map((value, index) => [(index / (points.length - 1)) * 120, 26 - (value / most) * 22]);
  const line = drawn ? `M${at.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` : "";
  const shapes = drawn ? [["area", `${line}L120 28L0 28Z`], ["", line]] : [];
  svg.replaceChildren(...shapes.map(([name, path]) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("d", path);
    if (name) shape.setAttribute("class", name);
    return shape;
  }));
}

function tile(name, value, more, values, bad = false) {
  const node = byId(`kpi-${name}`);
  node.dataset.state = "ready";
  node.classList.toggle("is-bad", bad);
  setText(part(node, "value"), value);
  setText(part(node, "more"), more || "\u00a0");
  spark(part(node, "spark"), values);
}

function showTiles(now) {
  const { tat, throughput, errors, sla, wip } = now;
  const other = isRange();
  const later = datedLater(throughput);
  tile("completed", count(throughput.total), `${count(throughput.today)} today${other ? ", whatever the time" : ""}${later ? ` · ${count(later)} dated in the future` : ""}`, throughput.data.map((point) => point.count));
  tile("tat", tat.total_specimens ? minutes(tat.p90) : "–", tat.total_specimens ? [`P50 ${minutes(tat.p50)}`, `P99 ${minutes(tat.p99)}`].map((text) => text.replaceAll(" ", "\u00a0")).join(" · ") : "nothing completed", now.tat_series.data.map((point) => point.p90));
  tile("sla", sla.total_completed ? percent(sla.breach_rate) : "–", `${count(sla.breach_count)} of ${count(sla.total_completed)}`, now.sla_series.data.map((point) => point.breach_rate), sla.breach_rate > 0.1);
  tile("errors", errors.total_specimens ? percent(errors.overall_error_rate) : "–", `${count(errors.total_errors)} of ${count(errors.total_specimens)}`, now.errors_series.data.map((point) => point.error_rate), errors.overall_error_rate > 0.1);
  const inProcess = wip.by_status.find((group) => group.value === "IN_PROCESS")?.count || 0;
  tile("open", count(wip.total_open), `${count(inProcess)} in process${other ? ", whatever the time" : ""}`, now.errors_series.data.map((point) => point.total_specimens));
  tile("late", count(sla.open_breach_count), sla.open_breaches.length ? `oldest ${age(sla.open_breaches[0].received_at)}` : "none", [], sla.open_breach_count > 0);
}

/** How many results are in the total and in no bucket: buckets end with now where the time chosen has no end. */
const datedLater = (throughput) => throughput.total - throughput.data.reduce((sum, point) => sum + point.count, 0);

const some = (shown, all, what) => (shown < all ? ` · ${count(shown)} of ${count(all)} ${what}` : "");

function showCharts(now) {
  const buckets = now.throughput.data;
  const later = datedLater(now.throughput);
  const notDrawn = later ? ` · ${count(later)} dated later, not drawn` : "";
  if (buckets.length && now.throughput.total) {
    draw(byId("chart-throughput"), () => ({ data: [{ type: "bar", x: buckets.map((point) => point.timestamp.slice(0, 19)), y: buckets.map((point) => point.count), marker: { color: series(1) }, hovertemplate: "%{x|%d %b %H:%M}<br>%{y} completed<extra></extra>" }], layout: { xaxis: timeAxis(now.grain) } }));
    setState(byId("throughput"), "ready");
    const best = buckets.reduce((most, point) => (point.count > most.count ? point : most));
    setLabel(byId("chart-throughput"), `Completed specimens by ${now.grain}: ${count(now.throughput.total)} in all, ${count(best.count)} at most (${best.timestamp.slice(0, now.grain === "hour" ? 16 : 10).replace("T", " ")})${notDrawn}`);
  } else setState(byId("throughput"), "empty", `Nothing was completed in this time${later ? " up to now" : ""}.`);
  setText(part(byId("throughput"), "hint"), `by ${now.grain}, ${zone}${notDrawn}`);

  const assays = now.tat.by_assay.slice(0, MOST_ASSAYS);
  setText(part(byId("tat"), "hint"), `minutes${some(assays.length, now.tat.by_assay.length, "assays")}`);
  if (assays.length) {
    const names = assays.map((one) => plain(one.assay));
    draw(byId("chart-tat"), () => ({
      data: ["p50", "p90", "p99"].map((name, index) => ({ type: "bar", name: name.toUpperCase(), x: names, y: assays.map((one) => one[name]), marker: { color: series(index + 1) }, hovertemplate: `%{x} ${name.toUpperCase()}<br>%{y:.1f} min<extra></extra>` })),
      layout: { barmode: "group", showlegend: true, xaxis: { type: "category", tickmode: "array", tickvals: names, ticktext: assays.map((one) => label(one.assay)) }, margin: { l: 44, r: 8, t: 30, b: 34 } },
    }));
    setState(byId("tat"), "ready");
    setLabel(byId("chart-tat"), `Turn-around in minutes, P50, P90 and P99: ${assays.map((one) => `${one.assay} ${[one.p50, one.p90, one.p99].map(brief).join(", ")}`).join("; ")}`);
  } else setState(byId("tat"), "empty", "No turn-around is known in this time.");

  const ages = now.wip.ageing;
  if (now.wip.total_open) {
    const hours = (bucket) => (bucket.to_hours == null ? `${bucket.from_hours}+` : `${bucket.from_hours}–${bucket.to_hours}`);
    draw(byId("chart-ageing"), () => ({
      data: [{ type: "bar", x: ages.map(hours), y: ages.map((bucket) => bucket.count), marker: { color: ages.map((bucket) => (bucket.from_hours >= now.sla.limits.default_hours ? tone("bad") : series(1))) }, hovertemplate: "%{x} h<br>%{y} open<extra></extra>" }],
      layout: { xaxis: { type: "category" } },
    }));
    setState(byId("ageing"), "ready");
    setLabel(byId("chart-ageing"), `Open specimens by hours since they were received: ${ages.map((bucket) => `${hours(bucket)} h ${bucket.count}`).join(", ")}`);
  } else setState(byId("ageing"), "empty", "Nothing is open.");
  setText(part(byId("ageing"), "hint"), `hours since received · limit ${duration(now.sla.limits.default_hours * 3600)}`);
}

function showHeat(now) {
  const panel = byId("errors");
  const cells = now.errors.by_machine_and_code;
  if (!cells.length) return setState(panel, "empty", "No specimen failed in this time.");
  const nameOf = (cell) => cell.error_code ?? "unknown";
  const [machines, codes] = [(cell) => cell.machine_id, nameOf].map((of) => [...new Set(cells.map(of))].sort());
  const [rows, columns] = [machines.slice(0, MOST_MACHINES), codes.slice(0, MOST_CODES)];
  const found = new Map(cells.map((cell) => [`${cell.machine_id}\n${nameOf(cell)}`, cell.count]));
  const rates = new Map(now.errors.by_machine.map((group) => [group.value, group.rate_within]));
  const most = Math.max(...cells.map((cell) => cell.count));
  const table = panel.querySelector("table");
  table.tHead.replaceChildren(el("tr", {}, el("th", { scope: "col" }, "Machine"), ...columns.map((code) => el("th", { scope: "col", class: "wrap" }, named(code))), el("th", { scope: "col", title: "failed specimens of all of the machine's" }, "Share")));
  fill(table, rows.map((machine) => el("tr", {}, el("th", { scope: "row" }, named(machine)), ...columns.map((code) => {
    const value = found.get(`${machine}\n${code}`) || 0;
    const cell = el("td", {}, count(value));
    cell.style.setProperty("--share", value / most);
    return cell;
  }), el("td", {}, percent(rates.get(machine))))));
  setState(panel, "ready");
  setText(part(panel, "hint"), `${count(now.errors.total_errors)} failed${some(rows.length, machines.length, "machines")}${some(columns.length, codes.length, "codes")}`);
}

function showBreaches(now) {
  const panel = byId("breaches");
  const specimen = (id) => el("th", { scope: "row" }, el("a", { href: `/specimens${query({ specimen: id })}`, "data-key": `specimen-${id}` }, named(id)));
  const open = now.sla.open_breaches.map((one) => el("tr", {},
    specimen(one.specimen_id), el("td", { class: "name" }, named(one.assay)), el("td", { class: "name" }, named(one.machine_id)),
    el("td", {}, badge(one.status === "RECEIVED" ? "received" : "in process", "warn")), el("td", {}, ageNode(one.received_at)),
    el("td", { class: "num" }, ageNode(one.due_at, "over"))));
  const done = now.sla.sample_breaches.map((one) => el("tr", {},
    specimen(one.specimen_id), el("td", { class: "name" }, named(one.assay)), el("td", { class: "name" }, named(one.machine_id)), el("td", {}, badge("completed")),
    el("td", {}, moment(one.received_at)), el("td", { class: "num" }, duration((one.turnaround_time_minutes - hoursFor(now.sla.limits, one.assay) * 60) * 60))));
  fill(panel.querySelector("table"), [...open, ...done]);
  const { assay, machine_id } = wanted();
  panel.querySelector(".panel-head a").href = `/specimens${query({ past_limit: true, assay, machine_id })}`;
  setText(part(panel, "hint"), `${count(now.sla.open_breach_count)} open now · ${count(now.sla.breach_count)} completed late`);
  setState(panel, open.length + done.length ? "ready" : "empty", "Every promise is kept.");
}

function showAlerts(now) {
  const panel = byId("alerts");
  fill(panel.querySelector("table"), now.alerts.map((alert) => {
    const [name, format] = METRICS[alert.metric] || [alert.metric, decimal];
    const seen = alert.acknowledged_by
      ? el("span", { class: "help", tabindex: "-1", title: `seen by ${alert.acknowledged_by}, ${moment(alert.acknowledged_at)}`, "data-after": alert.alert_id }, "seen by ", named(alert.acknowledged_by))
      : action("Acknowledge", "manager", () => send("POST", `${API}/alerts/${alert.alert_id}/acknowledge`, {}), { "aria-label": `Acknowledge ${alert.rule_name}`, "data-key": alert.alert_id });
    return el("tr", {},
      el("th", { scope: "row", class: "wrap" }, badge(alert.severity.toLowerCase(), alert.severity === "HIGH" ? "bad" : "warn"), " ", el("a", { href: `/alerts?rule=${encodeURIComponent(alert.rule_id)}`, "data-key": `rule-${alert.alert_id}` }, named(alert.rule_name)), el("small", { class: "interval" }, `${name}, limit ${format(alert.threshold)}`)),
      el("td", { class: "num" }, format(alert.value)),
      el("td", {}, ageNode(alert.raised_at)), el("td", { class: "act" }, seen));
  }));
  setText(part(panel, "hint"), now.alerts.length ? `${now.alerts.length} standing` : "");
  setState(panel, now.alerts.length ? "ready" : "empty", "No alert stands.");
}

let spokenAt = 0;
function speak(now) {
  // Every change is shown; what is read aloud is one sentence, and not each second.
  if (Date.now() - spokenAt < 20000) return;
  spokenAt = Date.now();
  setText(byId("spoken"), `${count(now.throughput.total)} completed, ${count(now.wip.total_open)} open, ${count(now.sla.open_breach_count)} past their limit, ${now.alerts.length} alerts.`);
}

function show(now) {
  clearTimeout(unfinished);
  unfinished = null;
  newest = now;
  showFilters(now);
  setText(byId("what"), `${timeTold(now)}${count(now.specimens)} specimens in all${now.changed_at ? ` · last change ${clock(new Date(now.changed_at))}` : ""}${now.lag ? ` · ${count(now.lag)} behind` : ""}`);
  showTiles(now);
  if (counted?.position > now.position) showCounts();
  showCharts(now);
  showHeat(now);
  showBreaches(now);
  showAlerts(now);
  speak(now);
}

function alive() {
  heard = Date.now();
  document.body.classList.remove("is-stale");
  setLive("ready", `live · ${clock(new Date())}`);
}

function stale(text, state = "stale") {
  if (newest) document.body.classList.add("is-stale");
  setLive(state, newest ? `${text} · ${clock(new Date(newest.at))}` : text);
  if (!newest) for (const panel of panels) setState(panel, "error", text);
}

/** Say that the stream can never be had as it was asked for. */
function refused(problem) {
  stale(messageOf(problem), "error");
  heard = Infinity;
  if (problem.status === 422) for (const panel of panels) setState(panel, "error", messageOf(problem));
}

/** Counts may be newer than the overview that comes after them: nothing goes back and on again. */
function showCounts() {
  setText(part(byId("kpi-completed"), "value"), count(counted.completed));
  setText(part(byId("kpi-open"), "value"), count(counted.open));
}

/** Two counts come before the overview that they belong to: say so where the wait can be noticed. */
function sayUnfinished() {
  for (const name of ["completed", "open"]) setText(part(byId(`kpi-${name}`), "more"), "counting the rest");
}

function connect() {
  end?.();
  counted = null;
  heard = Date.now();
  end = follow(`${API}/overview/stream${query(wanted())}`, {
    overview: (event) => {
      alive();
      show(JSON.parse(event.data));
    },
    tick: alive,
    glance: (event) => {
      alive();
      counted = JSON.parse(event.data);
      showCounts();
      unfinished ||= setTimeout(sayUnfinished, UNFINISHED_MILLISECONDS);
    },
    trouble: (event) => {
      heard = Date.now();
      stale(JSON.parse(event.data).detail, "error");
    },
  }, (state, problem) => {
    if (state === "stale") stale("reconnecting");
    if (state === "error") refused(problem);
  });
}

filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("change", () => {
  remember();
  for (const panel of panels) panel.setAttribute("aria-busy", "true");
  connect();
});
addEventListener("popstate", () => {
  tidy(KNOWN);
  showFilters(newest || { assays: [], machines: [] });
  connect();
});
document.addEventListener("visibilitychange", () => (heard = Date.now()));
setInterval(() => {
  if (document.visibilityState === "visible" && Date.now() - heard > QUIET_SECONDS * 1000) stale("stale");
}, 1000);
tidy(KNOWN);
showFilters({ assays: [], machines: [] });
connect();
