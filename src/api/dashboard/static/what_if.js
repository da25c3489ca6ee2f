import { unknownNames } from "./address.js";
import { follow, get, query, send } from "./api.js";
import { draw, series, tone } from "./charts.js";
import { ageNode, attempt, badge, byId, count, decimal, el, every, fill, hide, messageOf, minutes, moment, named, notify, part, percent, setFresh, setState, setText, zone } from "./ui.js";

const API = "/api/v1/what-if";
const STATES = { queued: "", running: "info", completed: "good", failed: "bad", cancelled: "warn", interrupted: "warn" };
const ENDED = ["completed", "failed", "cancelled", "interrupted"];
const POLICIES = { fifo: "first come", priority: "quickest first", batch: "batches" };
const FIGURES = [
  ["tat_p50", "P50, min", decimal], ["tat_p90", "P90, min", decimal], ["tat_p99", "P99, min", decimal],
  ["wait_mean", "Waiting, min", decimal], ["throughput", "Results an hour", decimal], ["queue_length", "Waiting specimens", decimal],
  ["utilisation_mean", "Machines busy, %", (share) => decimal(share * 100)],
];
const form = byId("scenario-form");
const [scenario, projection, linear, observed, simulations] = ["scenario", "projection", "linear", "observed", "simulations"].map(byId);
const table = (panel) => panel.querySelector("table");
const change = (value) => (value ? `${value > 0 ? "+" : "−"}${Math.abs(value)} %` : "as now");
let end = null;
let chosen = null;
let pictured = null;

const numbers = () => Object.fromEntries(["extra_machines", "failures", "growth"].map((name) => [name, Number(form.elements[name].value)]));

function told() {
  const now = numbers();
  for (const [name, text] of [["extra_machines", String(now.extra_machines)], ["failures", change(now.failures)], ["growth", change(now.growth)]]) {
    setText(form.querySelector(`output[for=${name}]`), text);
    form.elements[name].setAttribute("aria-valuetext", text);
  }
  byId("batch-size").hidden = form.elements.policy.value !== "batch";
}

let linearAsked = 0;
async function showLinear() {
  const now = numbers();
  const mine = (linearAsked += 1);
  const { body } = await send("POST", `${API}/linear`, { extra_machines: now.extra_machines, reduced_failure_rate: Math.max(0, -now.failures) });
  if (mine !== linearAsked) return;
  fill(table(linear), [
    el("tr", {}, el("th", { scope: "row" }, "Turn-around P90"), el("td", { class: "num" }, minutes(body.current_tat_p90)), el("td", { class: "num" }, minutes(body.projected_tat_p90)), el("td", { class: "num" }, `${decimal(body.improvement_tat)} %`)),
    el("tr", {}, el("th", { scope: "row" }, "Completed today"), el("td", { class: "num" }, count(body.current_throughput)), el("td", { class: "num" }, count(Math.round(body.projected_throughput))), el("td", { class: "num" }, `${decimal(body.improvement_throughput)} %`)),
    el("tr", {}, el("th", { scope: "row" }, "Machines"), el("td", { class: "num" }, count(body.machines)), el("td", { class: "num" }, count(body.machines + body.extra_machines)), el("td", {}, "")),
  ]);
  setState(linear, "ready");
}

const within = (estimate, format) => el("td", { class: "num" }, format(estimate.mean), estimate.low == null ? null : el("small", { class: "interval" }, `${format(estimate.low)} – ${format(estimate.high)}`));

function signed(value, format) {
  const size = format(Math.abs(value));
  return size === format(0) ? size : `${value > 0 ? "+" : "−"}${size}`;
}

/** A horizon as the API spells it (P1DT22H) as people do. */
function lasting(text) {
  const [, years, days, hours, rest] = /^P(?:(\d+)Y)?(?:(\d+)D)?(?:T(?:(\d+)H)?(.*))?$/.exec(text) || [];
  const whole = Number(years || 0) * 365 + Number(days || 0);
  return [whole ? `${whole} d` : "", hours ? `${hours} h` : "", rest ? rest.toLowerCase().replace("m", " min ").trim() : ""].filter(Boolean).join(" ") || text;
}

function policyOf({ kind, assays, size }) {
  if (kind === "batch") return `batches of ${size}`;
  return kind === "priority" && assays.length ? `${assays.join(", ")} first` : POLICIES[kind];
}

const changeOf = (run) => [change(Math.round((run.failure_rate_factor - 1) * 100)), change(Math.round(run.arrival_growth * 100))];

function scenarioOf(run) {
  const [failures, growth] = changeOf(run);
  return `${run.extra_machines ? `+${run.extra_machines}` : "no extra"} machines · failures ${failures} · arrivals ${growth} · ${policyOf(run.policy)} · ${lasting(run.horizon)}${run.begins ? ` from ${moment(run.begins)}` : ""} · ${run.replications} replications · seed ${run.seed}`;
}

/** Say whose figures are to be seen: the scenario beside them may be another one by now. */
function showWhose() {
  if (!pictured) return;
  const other = chosen && chosen !== pictured.id;
  byId("result-of").replaceChildren(other ? "These figures are of another simulation: " : "Result of: ", el("b", {}, scenarioOf(pictured)), ", ", ageNode(pictured.created_at));
  for (const row of table(simulations).tBodies[0].rows) {
    if (row.dataset.run === pictured.id) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function showResult(run) {
  pictured = run;
  showWhose();
  const { baseline, scenario: projected, difference } = run.result;
  const quantiles = ["tat_p50", "tat_p90", "tat_p99"];
  const bars = (outcome, name, colour) => ({
    type: "bar", name, x: ["P50", "P90", "P99"], y: quantiles.map((key) => outcome[key].mean), marker: { color: colour },
    error_y: { type: "data", symmetric: false, array: quantiles.map((key) => (outcome[key].high ?? outcome[key].mean) - outcome[key].mean), arrayminus: quantiles.map((key) => outcome[key].mean - (outcome[key].low ?? outcome[key].mean)), color: tone("muted"), thickness: 1.4, width: 4 },
    hovertemplate: `${name} %{x}<br>%{y:.1f} min<extra></extra>`,
  });
  draw(byId("chart-projection"), () => ({ data: [bars(baseline, "current", tone("muted")), bars(projected, "projected", series(1))], layout: { barmode: "group", showlegend: true, margin: { l: 48, r: 8, t: 30, b: 30 }, yaxis: { title: { text: "minutes" } }, xaxis: { type: "category" } } }));
  fill(table(projection), FIGURES.map(([key, name, format]) => {
    const gap = difference[key];
    const sure = gap?.low != null && (gap.low > 0 || gap.high < 0);
    const better = gap && (key === "throughput" ? gap.mean > 0 : gap.mean < 0);
    return el("tr", {}, el("th", { scope: "row" }, name), within(baseline[key], format), within(projected[key], format),
      el("td", { class: "num" }, gap ? badge(signed(gap.mean, format), sure ? (better ? "good" : "warn") : "") : ""));
  }));
  setText(part(projection, "hint"), "95 % intervals");
  setState(projection, "ready");
  const busy = (outcome, id) => (outcome.utilisation[id] ? percent(outcome.utilisation[id].mean) : "–");
  const known = run.observed.machines.map((one) => el("tr", {}, el("th", { scope: "row" }, named(one.machine_id)), el("td", { class: "num" }, count(one.specimens)), el("td", { class: "num" }, count(one.slots)), el("td", { class: "num" }, decimal(one.service_mean)), el("td", { class: "num" }, percent(one.failure_probability)), el("td", { class: "num" }, busy(baseline, one.machine_id)), el("td", { class: "num" }, busy(projected, one.machine_id))));
  const names = new Set(run.observed.machines.map((one) => one.machine_id));
  const extra = Object.keys(projected.utilisation).filter((id) => !names.has(id)).map((id) => el("tr", {}, el("th", { scope: "row" }, id), ...Array.from({ length: 5 }, () => el("td", { class: "num" }, "–")), el("td", { class: "num" }, busy(projected, id))));
  fill(table(observed), [...known, ...extra]);
  setText(part(observed, "hint"), `${count(run.observed.specimens)} specimens · service times ${run.service_times}`);
  setState(observed, "ready");
}

async function shown(run) {
  if (run.id !== chosen) return;
  const over = ENDED.includes(run.state);
  byId("sim-progress").value = over ? 1 : run.progress;
  byId("simulate").disabled = !over;
  hide(byId("cancel"), over, byId("simulate"));
  setText(byId("sim-told"), over ? run.state : `${run.replications_done} of ${run.replications} over ${lasting(run.horizon)}, ${count(run.specimens)} specimens`);
  if (run.error) setText(byId("sim-error"), run.error);
  showWhose();
  if (!over) return;
  end?.();
  end = null;
  if (run.state === "completed") showResult(await get(`${API}/simulations/${run.id}`));
  look();
}

function watch(id) {
  end?.();
  chosen = id;
  byId("cancel").onclick = () => send("DELETE", `${API}/simulations/${id}`).catch((error) => setText(byId("sim-error"), messageOf(error)));
  end = follow(`${API}/simulations/${id}/events`, { progress: (event) => shown(JSON.parse(event.data)) }, (state, problem) => {
    if (state === "stale") setText(byId("sim-told"), "connection lost, trying again");
    if (state !== "error") return;
    byId("simulate").disabled = false;
    setText(byId("sim-error"), messageOf(problem));
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  setText(byId("sim-error"), "");
  // The button goes out of use while its work is done: whoever pressed it is where that is told.
  if (document.activeElement === byId("simulate")) byId("sim-told").focus({ preventScroll: true });
  byId("simulate").disabled = true;
  const now = numbers();
  const values = form.elements;
  const policy = values.policy.value === "batch" ? { kind: "batch", size: Number(values.size.value) } : values.policy.value;
  const body = { extra_machines: now.extra_machines, failure_rate_factor: 1 + now.failures / 100, arrival_growth: now.growth / 100, policy, replications: Number(values.replications.value) };
  if (values.days.value !== "") body.horizon = `P${Number(values.days.value)}D`;
  if (values.seed.value !== "") body.seed = Number(values.seed.value);
  try {
    const started = await send("POST", `${API}/simulations`, body);
    watch(started.body.id);
  } catch (error) {
    byId("simulate").disabled = false;
    setText(byId("sim-error"), messageOf(error));
  }
});

let waiting = null;
form.addEventListener("input", () => {
  told();
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const now = numbers();
    history.replaceState(null, "", location.pathname + query(Object.fromEntries(Object.entries(now).filter(([, value]) => value))));
    attempt(linear, showLinear);
  }, 150);
});

let first = true;
async function showSimulations() {
  const { items } = await get(`${API}/simulations?limit=20`);
  fill(table(simulations), items.map((run) => el("tr", { "data-run": run.id },
    el("th", { scope: "row" }, el("button", { type: "button", class: "link", "data-key": run.id, onclick: () => watch(run.id) }, ageNode(run.created_at))),
    el("td", { title: run.error || "" }, badge(run.state, STATES[run.state])), el("td", { class: "num" }, run.extra_machines ? `+${run.extra_machines}` : "as now"),
    ...changeOf(run).map((text) => el("td", { class: "num" }, text)), el("td", { class: "name" }, named(policyOf(run.policy))), el("td", { class: "num" }, lasting(run.horizon)), el("td", {}, run.begins ? el("time", { datetime: run.begins, title: zone }, moment(run.begins)) : "a Monday"),
    el("td", { class: "num" }, count(run.replications)), el("td", { class: "num" }, String(run.seed)), el("td", { class: "num" }, count(run.specimens)), el("td", { class: "name" }, named(run.actor)))));
  showWhose();
  setState(simulations, items.length ? "ready" : "empty", "Nothing was simulated yet.");
  const done = items.find((run) => run.state === "completed");
  if (first && !chosen && done) showResult(await get(`${API}/simulations/${done.id}`));
  first = false;
}

const NAMES = ["extra_machines", "failures", "growth"];
const known = [...new URLSearchParams(location.search)].filter(([name]) => NAMES.includes(name));
const unknown = unknownNames(NAMES);
const fits = ([name, value]) => /^-?\d+$/.test(value) && Number(value) >= Number(form.elements[name].min) && Number(value) <= Number(form.elements[name].max);
for (const [name, value] of known.filter(fits)) form.elements[name].value = value;
if (unknown || !known.every(fits)) {
  const told = known.every(fits) ? null : "The address asks for a scenario that cannot be set here. That part was left out.";
  notify([told, unknown].filter(Boolean).join(" "));
  history.replaceState(null, "", location.pathname + query(Object.fromEntries(known.filter(fits))));
}
told();
setState(scenario, "ready");
setState(projection, "empty", "Simulate a scenario to see it against the laboratory as it is.");
setState(observed, "empty", "Shown with a simulation: what it learnt from the specimens.");
const look = every(15, async () => setFresh((await Promise.all([attempt(linear, showLinear), attempt(simulations, showSimulations)])).every(Boolean)));
