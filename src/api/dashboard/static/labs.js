import { asked, isName, tidy } from "./address.js";
import { follow, get, query, send } from "./api.js";
import {
  action, ageNode, attempt, badge, byId, choices, count, duration, el, every, fill, moment, named, notify, part, setFresh, setState,
} from "./ui.js";

const API = "/api/v1";
const workers = byId("workers");
const labs = byId("labs");
const past = byId("history");
const filters = byId("lab-filters");
const STATES = { STARTED: "good", BOOTED: "good", STOPPED: "", QUEUED: "info", DEFINED_ON_CORE: "" };
const REACHES = { reachable: "good", unauthorised: "bad", unreachable: "bad", not_ready: "warn" };
const LAB = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[A-Za-z0-9_-]{1,64}$/;
const KNOWN = { q: ["search", isName(200)], state: ["state", isName(64)], region: ["region", isName(64)], lab: ["lab", (text) => text === "" || LAB.test(text)] };
const MOST_HISTORY = 50;
const states = new Set(Object.keys(STATES));
let regions = [];
let listed = [];
let shown = null;
let absent = null;

const pathOf = (worker) => `${API}/workers/region/${encodeURIComponent(worker.region)}/workers/${worker.worker_id}`;
const stateName = (state) => state.toLowerCase().replaceAll("_", " ");

async function refresh(worker, tell) {
  tell("0 of 1");
  const started = send("POST", `${pathOf(worker)}/labs/refresh`, undefined, { headers: { Prefer: "respond-async" } });
  const { headers } = await started.catch((problem) => {
    if (problem.status === 429) problem.message = `${worker.name} was refreshed a moment ago; again in ${duration(problem.document.retry_after_seconds || 1)}.`;
    throw problem;
  });
  await new Promise((resolve, reject) => {
    const end = follow(`${headers.get("location")}/stream`, {
      progress: (event) => {
        const run = JSON.parse(event.data);
        tell(`${run.parts_done} of ${run.parts_total || 1}`);
        if (!run.ended_at) return;
        end();
        const told = Object.entries(run.counts).filter(([, value]) => value).map(([name, value]) => `${name.replace("labs_", "")} ${value}`);
        notify(`${worker.name}: ${run.outcome}${told.length ? ` (${told.join(", ")})` : ""}`, run.outcome === "failed" ? "bad" : "good");
        resolve();
      },
    }, (state, problem) => state === "error" && reject(problem));
  });
  look();
}

async function showWorkers() {
  const { items } = await get(`${API}/workers?limit=200`);
  fill(workers.querySelector("table"), items.map((worker) => el("tr", {},
    el("th", { scope: "row", title: worker.endpoint_url }, named(worker.name)),
    el("td", { class: "name" }, named(worker.region)),
    el("td", { title: worker.reachability_reason }, worker.active ? badge(worker.reachability.replaceAll("_", " "), REACHES[worker.reachability] || "") : badge("inactive")),
    el("td", { class: "num" }, count(worker.labs_held)),
    el("td", {}, worker.stale_since ? badge(`stale since ${moment(worker.stale_since)}`, "warn") : ageNode(worker.last_synced_at)),
    el("td", {}, worker.next_refresh_at ? ageNode(worker.next_refresh_at, "until") : "–"),
    el("td", { class: "act" }, action("Refresh", "manager", (tell) => refresh(worker, tell), { "aria-label": `Refresh ${worker.name}`, "data-key": worker.worker_id })),
  )));
  regions = [...new Set(items.map((worker) => worker.region))].sort();
  choices(filters.elements.region, regions, asked("region"));
  setState(workers, items.length ? "ready" : "empty", "No worker is registered: labkeeper workers add adds one.");
}

async function showLabs() {
  const page = await get(`${API}/labs${query({ q: asked("q"), state: asked("state"), region: asked("region"), limit: 200 })}`);
  listed = page.items;
  for (const lab of listed) states.add(lab.state);
  choices(filters.elements.state, [...states], asked("state"), stateName);
  fill(labs.querySelector("table"), listed.map((lab) => el("tr", { "aria-current": lab.record_id === shown ? "true" : null },
    el("th", { scope: "row", class: "cut" }, el("button", { type: "button", class: "link", "data-key": lab.record_id, title: lab.title || lab.id, onclick: () => choose(lab.record_id) }, named(lab.title || lab.id))),
    el("td", { class: "name" }, named(lab.worker_name)),
    el("td", {}, badge(stateName(lab.state), STATES[lab.state] || "")),
    el("td", { class: "name" }, named(lab.owner_username || lab.owner || "–")),
    el("td", { class: "num" }, count(lab.node_count)),
    el("td", {}, ageNode(lab.last_synced)),
  )));
  part(labs, "hint").textContent = page.next_cursor ? "the first 200" : count(listed.length);
  setState(labs, listed.length ? "ready" : "empty", "No lab fits.");
}

async function showHistory() {
  for (const row of labs.querySelectorAll("tbody tr")) {
    if (row.querySelector("button").dataset.key === shown) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  const wanted = shown;
  let answer;
  try {
    answer = await get(`${API}/labs/${encodeURIComponent(wanted)}/history?limit=${MOST_HISTORY}`);
  } catch (error) {
    if (error.status !== 404) throw error;
    if (wanted !== shown) return;
    absent = wanted;
    part(past, "hint").textContent = "no such lab";
    setState(past, "empty", "The lab that the address asks for is not there. Choose another one.");
    return;
  }
  const { items, next_cursor: more } = answer;
  if (wanted !== shown) return;
  const lab = listed.find((one) => one.record_id === wanted);
  part(past, "hint").replaceChildren(named(lab ? lab.title || lab.id : ""), more ? ` · the last ${MOST_HISTORY}` : "");
  part(past, "timeline").replaceChildren(...items.map(entry));
  setState(past, items.length ? "ready" : "empty", "Nothing has happened to it.");
}

function entry(one) {
  const name = one.type.replace(/^labs\.lab-(record-)?/, "").replace(/\.v\d+$/, "").replaceAll("-", " ");
  const change = one.new_state && one.previous_state !== one.new_state ? `${one.previous_state ? stateName(one.previous_state) : "–"} → ${stateName(one.new_state)}` : "";
  const fields = Object.keys(one.changed_fields || {}).filter((field) => field !== "state").join(", ");
  return el("li", {}, el("b", {}, name), " ", change ? badge(change, "info") : null, fields ? el("p", { class: "help" }, fields) : null,
    el("p", {}, el("time", { datetime: one.at }, moment(one.at)), one.by ? el("span", { class: "help" }, " by ", named(one.by)) : null));
}

/** Show the history of a lab that was chosen just now. */
async function showChosen() {
  if (!shown) {
    part(past, "hint").textContent = "choose a lab";
    setState(past, "empty", "Choose a lab to see what happened to it.");
    return;
  }
  setState(past, "loading");
  await attempt(past, showHistory);
}

function choose(recordId) {
  absent = null;
  shown = recordId;
  remember("pushState");
  showChosen();
}

let streaming = false;
async function lookNow() {
  const first = await attempt(labs, showLabs);
  const others = [attempt(workers, showWorkers)];
  if (shown && shown !== absent && past.dataset.state !== "loading") others.push(attempt(past, showHistory));
  setFresh((await Promise.all(others)).every(Boolean) && first, streaming);
}

function remember(how) {
  const wanted = { ...Object.fromEntries(new FormData(filters)), lab: shown };
  window.history[how](null, "", location.pathname + query(wanted));
}

/** Take filters and the lab from the address. */
function read() {
  tidy(KNOWN);
  filters.elements.q.value = asked("q");
  choices(filters.elements.state, [...states], asked("state"), stateName);
  choices(filters.elements.region, regions, asked("region"));
  shown = asked("lab") || null;
  absent = null;
  showChosen();
}

let typing = null;
filters.addEventListener("submit", (event) => event.preventDefault());
filters.elements.q.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    remember("replaceState");
    look();
  }, 200);
});
for (const select of [filters.elements.state, filters.elements.region]) {
  select.addEventListener("change", () => {
    remember("pushState");
    look();
  });
}
addEventListener("popstate", () => {
  read();
  look();
});
read();
const look = every(15, lookNow);

let waiting = null;
function soon() {
  waiting ??= setTimeout(() => {
    waiting = null;
    look();
  }, 500);
}
const kinds = [
  "lab-record-created", "lab-state-changed", "lab-record-updated", "lab-record-removed", "lab-record-restored",
  "cml-worker-registered", "cml-worker-details-changed", "cml-worker-reachability-changed", "cml-worker-listing-held",
  "cml-worker-held-listing-settled", "cml-worker-labs-dropped", "cml-worker-decommissioned",
];
follow(`${API}/events/stream?type=labs.*`, Object.fromEntries(kinds.map((name) => [`labs.${name}.v1`, soon])), (state) => {
  if (state === "ready" && !streaming) soon();
  streaming = state === "ready";
  // A stream that breaks off is the first to know that the server is gone.
  if (state === "stale") setFresh(false);
});
