import { get, send, follow, query } from "./api.js";
import {
  action, ageNode, badge, byId, clock, count, el, every, fill, messageOf, moment, notify, part, setLive, setState,
} from "./ui.js";

const API = "/api/v1";
const workers = byId("workers");
const labs = byId("labs");
const history = byId("history");
const filters = byId("lab-filters");
const STATES = { STARTED: "good", BOOTED: "good", STOPPED: "", QUEUED: "info", DEFINED_ON_CORE: "" };
const REACHES = { reachable: "good", unauthorised: "bad", unreachable: "bad", not_ready: "warn" };
let shown = null;

const pathOf = (worker) => `${API}/workers/region/${encodeURIComponent(worker.region)}/workers/${worker.worker_id}`;

async function refresh(worker, button) {
  const { headers } = await send("POST", `${pathOf(worker)}/labs/refresh`, undefined, { headers: { Prefer: "respond-async" } });
  await new Promise((resolve) => {
    const end = follow(`${headers.get("location")}/stream`, {
      progress: (event) => {
        const run = JSON.parse(event.data);
        button.textContent = run.ended_at ? "Refresh" : `${run.parts_done}/${run.parts_total || 1}`;
        if (!run.ended_at) return;
        end();
        const told = Object.entries(run.counts).filter(([, value]) => value).map(([name, value]) => `${name.replace("labs_", "")} ${value}`);
        notify(`${worker.name}: ${run.outcome}${told.length ? ` (${told.join(", ")})` : ""}`, run.outcome === "failed" ? "bad" : "good");
        resolve();
      },
    }, (state) => state === "error" && resolve());
  });
  await look();
}

async function showWorkers() {
  const { items } = await get(`${API}/workers?limit=200`);
  fill(workers.querySelector("table"), items.map((worker) => el("tr", {},
    el("th", { scope: "row", title: worker.endpoint_url }, worker.name),
    el("td", {}, worker.region),
    el("td", { title: worker.reachability_reason }, worker.active ? badge(worker.reachability, REACHES[worker.reachability] || "") : badge("inactive")),
    el("td", { class: "num" }, count(worker.labs_held)),
    el("td", {}, worker.stale_since ? badge(`stale since ${moment(worker.stale_since)}`, "warn") : ageNode(worker.last_synced_at)),
    el("td", {}, worker.next_refresh_at ? ageNode(worker.next_refresh_at) : "–"),
    el("td", { class: "act" }, action("Refresh", "manager", (button) => refresh(worker, button), { "aria-label": `Refresh ${worker.name}`, "data-key": worker.worker_id })),
  )));
  const regions = [...new Set(items.map((worker) => worker.region))].sort();
  const choice = filters.elements.region;
  if (choice.options.length !== regions.length + 1) {
    const chosen = new URLSearchParams(location.search).get("region") || choice.value;
    choice.replaceChildren(el("option", { value: "" }, "any"), ...regions.map((name) => el("option", { value: name }, name)));
    choice.value = regions.includes(chosen) ? chosen : "";
  }
  setState(workers, items.length ? "ready" : "empty", "No worker is registered: labkeeper workers add adds one.");
}

async function showLabs() {
  const wanted = Object.fromEntries(new FormData(filters));
  const page = await get(`${API}/labs${query({ ...wanted, limit: 200 })}`);
  fill(labs.querySelector("table"), page.items.map((lab) => el("tr", { "aria-current": lab.record_id === shown ? "true" : null },
    el("th", { scope: "row", class: "cut" }, el("button", { type: "button", class: "link", "data-key": lab.record_id, onclick: () => showHistory(lab) }, lab.title || lab.id)),
    el("td", {}, lab.worker_name),
    el("td", {}, badge(lab.state.toLowerCase().replaceAll("_", " "), STATES[lab.state] || "")),
    el("td", {}, lab.owner_username || lab.owner || "–"),
    el("td", { class: "num" }, count(lab.node_count)),
    el("td", {}, ageNode(lab.last_synced)),
  )));
  part(labs, "hint").textContent = page.next_cursor ? "the first 200" : `${page.items.length}`;
  setState(labs, page.items.length ? "ready" : "empty", "No lab fits.");
}

async function showHistory(lab) {
  shown = lab.record_id;
  for (const row of labs.querySelectorAll("tbody tr")) {
    const isShown = row.querySelector("button").dataset.key === shown;
    row.toggleAttribute("aria-current", isShown);
    if (isShown) row.setAttribute("aria-current", "true");
  }
  part(history, "hint").textContent = lab.title || lab.id;
  setState(history, "loading");
  try {
    const { items } = await get(`${API}/labs/${encodeURIComponent(lab.record_id)}/history?limit=50`);
    part(history, "timeline").replaceChildren(...items.map(entry));
    setState(history, items.length ? "ready" : "empty", "Nothing has happened to it.");
  } catch (error) {
    setState(history, "error", messageOf(error));
  }
}

function entry(one) {
  const name = one.type.replace(/^labs\.lab-(record-)?/, "").replace(/\.v\d+$/, "").replaceAll("-", " ");
  const change = one.new_state && one.previous_state !== one.new_state ? `${one.previous_state || "–"} → ${one.new_state}` : "";
  const fields = Object.keys(one.changed_fields || {}).filter((field) => field !== "state").join(", ");
  return el("li", {}, el("b", {}, name), " ", change ? badge(change, "info") : null, fields ? el("p", { class: "help" }, fields) : null,
    el("p", {}, el("time", { datetime: one.at }, moment(one.at)), one.by ? el("span", { class: "help" }, ` by ${one.by}`) : null));
}

async function attempt(panel, show) {
  try {
    await show();
    return true;
  } catch (error) {
    setState(panel, "error", messageOf(error));
    return false;
  }
}

let streaming = "stale";
async function look() {
  const fine = (await Promise.all([attempt(workers, showWorkers), attempt(labs, showLabs)])).every(Boolean);
  setLive(fine ? streaming : "error", fine ? `${streaming === "ready" ? "live" : "as of"} · ${clock(new Date())}` : "not all can be shown");
}

for (const [name, value] of new URLSearchParams(location.search)) if (filters.elements[name]) filters.elements[name].value = value;
let typing = null;
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    window.history.replaceState(null, "", location.pathname + query(Object.fromEntries(new FormData(filters))));
    look();
  }, 200);
});
setState(history, "empty", "Choose a lab to see what happened to it.");
every(15, look);

let waiting = null;
const soon = () => {
  if (waiting) return;
  waiting = setTimeout(() => {
    waiting = null;
    look();
  }, 500);
};
const kinds = ["lab-record-created", "lab-state-changed", "lab-record-updated", "lab-record-removed", "lab-record-restored"];
follow(`${API}/events/stream?type=labs.*`, Object.fromEntries(kinds.map((name) => [`labs.${name}.v1`, soon])), (state) => {
  streaming = state === "ready" ? "ready" : "stale";
});
