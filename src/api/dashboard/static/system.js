import { get, send, follow } from "./api.js";
import {
  action, ageNode, attempt, badge, byId, count, duration, el, every, fill, may, moment, notify, part, setFresh, setState,
} from "./ui.js";

const API = "/api/v1";
const panels = {
  health: byId("health"), jobs: byId("jobs"), subscriptions: byId("subscriptions"), parked: byId("parked"),
  models: byId("read-models"),
};
const table = (panel) => panel.querySelector("table");
const KINDS = { healthy: "good", degraded: "warn", unhealthy: "bad" };
// Work that is recorded like a job's and is started where it says what it is about.
const STARTED_ELSEWHERE = new Set(["read-model-rebuild"]);
const OUTCOMES = { succeeded: "good", completed: "good", running: "info", partial: "warn", failed: "bad" };

function outcome(run) {
  if (!run) return badge("never ran");
  return badge(run.outcome, OUTCOMES[run.outcome] || "");
}

async function showHealth() {
  // An unhealthy installation answers 503, and says why all the same.
  const found = await get("/health/ready").catch((error) => {
    if (error.document?.checks) return error.document;
    throw error;
  });
  const checks = found.checks.map((check) =>
    el("li", {}, badge(check.status, KINDS[check.status]), el("b", {}, check.name), check.reason ? el("span", {}, check.reason) : null));
  part(panels.health, "checks").replaceChildren(...checks);
  part(panels.health, "hint").replaceChildren(badge(found.status, KINDS[found.status]));
  setState(panels.health, checks.length ? "ready" : "empty", "Nothing is checked.");
}

async function showJobs() {
  const { items } = await get(`${API}/jobs`);
  fill(table(panels.jobs), items.map((job) => el("tr", {},
    el("th", { scope: "row", title: job.description }, job.task_id),
    el("td", {}, job.interval_seconds ? duration(job.interval_seconds) : "on demand"),
    el("td", {}, job.running ? badge("running", "info") : job.next_run_at ? ageNode(job.next_run_at, "until") : "–"),
    el("td", {}, job.last_run ? ageNode(job.last_run.started_at) : "–"),
    el("td", { class: "cut", title: job.last_run?.error || "" }, outcome(job.last_run)),
    el("td", { class: "act" }, STARTED_ELSEWHERE.has(job.task_id) ? el("a", { href: "#read-models" }, "Read models") : action("Run now", "manager", (tell) => runJob(job.task_id, tell), { "aria-label": `Run ${job.task_id} now`, "data-key": `run-${job.task_id}` })),
  )));
  setState(panels.jobs, items.length ? "ready" : "empty", "There are no jobs.");
}

async function runJob(id, tell) {
  tell("Starting");
  const { headers } = await send("POST", `${API}/jobs/${id}/run`);
  await new Promise((resolve, reject) => {
    const end = follow(`${headers.get("location")}/stream`, {
      progress: (event) => {
        const run = JSON.parse(event.data);
        tell(run.parts_total ? `${run.parts_done} of ${run.parts_total}` : "Running");
        if (!run.ended_at) return;
        end();
        notify(`${id}: ${run.outcome}`, OUTCOMES[run.outcome] === "bad" ? "bad" : "good");
        resolve();
      },
    }, (state, problem) => state === "error" && reject(problem));
  });
  look();
}

async function showSubscriptions() {
  const { items } = await get(`${API}/subscriptions`);
  fill(table(panels.subscriptions), items.map((one) => el("tr", {},
    el("th", { scope: "row" }, one.name),
    el("td", {}, one.log),
    el("td", { class: "num" }, count(one.position)),
    el("td", { class: "num" }, one.lag ? badge(count(one.lag), one.lag > 1000 ? "warn" : "info") : "0"),
    el("td", { class: "num" }, one.parked ? badge(count(one.parked), "bad") : "0"),
    el("td", { class: "num" }, count(one.waiting)),
    el("td", { class: "cut", title: one.last_error || "" }, one.last_error || "–"),
  )));
  setState(panels.subscriptions, items.length ? "ready" : "empty", "There are no subscriptions.");
  await showParked(items.filter((one) => one.parked));
}

async function showParked(subscriptions) {
  const lists = await Promise.all(subscriptions.map((one) => get(`${API}/subscriptions/${one.name}/parked?limit=50`)));
  const rows = lists.flatMap((list, index) => list.items.map((event) => parkedRow(subscriptions[index].name, event)));
  fill(table(panels.parked), rows);
  setState(panels.parked, rows.length ? "ready" : "empty", "No event is parked.");
}

function parkedRow(name, event) {
  const path = `${API}/subscriptions/${name}/parked/${event.id}`;
  const replay = action("Replay", "admin", async () => {
    const { body } = await send("POST", `${path}/replay`);
    notify(`${event.event_type}: ${body.outcome}`, body.outcome === "replayed" ? "good" : "bad");
    look();
  }, { "aria-label": `Replay ${event.event_type} for ${name}`, "data-key": `replay-${event.id}` });
  const drop = action("Drop", "admin", async () => {
    await send("DELETE", path);
    look();
  }, { "aria-label": `Drop ${event.event_type} for ${name}`, "data-key": `drop-${event.id}` });
  return el("tr", {},
    el("th", { scope: "row" }, name),
    el("td", { class: "name" }, event.event_type),
    el("td", { class: "cut", title: event.error || "" }, event.error || "waits behind another"),
    el("td", { class: "act" }, replay, " ", drop));
}

async function showModels() {
  const { items } = await get(`${API}/read-models`);
  fill(table(panels.models), items.map((model) => el("tr", {},
    el("th", { scope: "row" }, model.name),
    el("td", {}, model.log),
    el("td", { class: "num" }, count(model.documents)),
    el("td", { class: "num" }, count(model.position)),
    el("td", { class: "num" }, model.lag ? badge(count(model.lag), "info") : "0"),
    el("td", {}, model.rebuilding ? badge("rebuilding", "info") : model.rebuilt_at ? moment(model.rebuilt_at) : "–"),
    el("td", { class: "act" }, action("Rebuild", "admin", async () => {
      await send("POST", `${API}/read-models/${model.name}/rebuild`);
      notify(`${model.name} is being rebuilt`, "good");
      look();
    }, { "aria-label": `Rebuild ${model.name}`, "data-key": `rebuild-${model.name}` })),
  )));
  setState(panels.models, items.length ? "ready" : "empty", "There are no read models.");
}

async function lookNow() {
  const asked = [attempt(panels.health, showHealth), attempt(panels.jobs, showJobs)];
  if (may("admin")) asked.push(attempt(panels.subscriptions, showSubscriptions), attempt(panels.models, showModels));
  setFresh((await Promise.all(asked)).every(Boolean));
}

if (!may("admin")) {
  for (const name of ["subscriptions", "parked", "models"]) setState(panels[name], "empty", "Only administrators see this.");
}
const look = every(5, lookNow);
