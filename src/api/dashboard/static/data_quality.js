import { get, send } from "./api.js";
import { ageNode, attempt, badge, byId, count, el, every, fill, hide, may, messageOf, moment, named, notify, part, refocus, spelt, setFresh, setState, setText } from "./ui.js";

const API = "/api/v1/dq";
const SEVERITIES = { ERROR: "bad", WARNING: "warn", INFO: "info" };
const STATES = { completed: "good", failed: "bad", running: "info", queued: "" };
const [runs, check, violations, rules] = ["runs", "check", "violations", "rules"].map(byId);
const text = byId("rules-text");
const faults = byId("rules-error");
let tag = null;
let stored = null;

const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Show what is broken, then what could not be checked, which is neither broken nor holds. */
function showViolations({ violations: found, not_checked: left }, title) {
  fill(violations.querySelector("table"), found.map((one) => el("tr", {},
    el("th", { scope: "row", class: "cut", title: `${one.rule_name}\n${one.description}` }, named(one.rule_name)), el("td", {}, badge(one.severity.toLowerCase(), SEVERITIES[one.severity])),
    el("td", { class: "name" }, named(one.column)), el("td", { class: "num" }, count(one.affected_rows)),
    el("td", { class: "cut mono", title: spelt(one.value || "") }, named(spelt(one.value || "–"))), el("td", { class: "cut mono", title: one.expected }, named(one.expected || "–"))))
    .concat(left.map((one) => el("tr", {},
      el("th", { scope: "row", class: "cut", title: one.rule_name }, named(one.rule_name)), el("td", {}, badge("not checked", "warn")),
      el("td", { class: "name" }, named(one.column)), el("td", { class: "num" }, "–"),
      el("td", { class: "cut", title: spelt(one.reason) }, named(spelt(one.reason))), el("td", {}, "–")))));
  part(violations, "hint").textContent = title;
  setState(violations, found.length + left.length ? "ready" : "empty", `${title}: no rule is broken.`);
}

const titleOf = (run) => `${run.kind === "imports" ? "import" : "stored specimens"}, ${moment(run.started_at)}`;
const rulesOf = (version, source) => (version ? `version ${version} of the rules` : `the rules of ${source}`);

async function showRun(run) {
  setState(violations, "loading");
  try {
    showViolations(await get(`${API}/runs/${run.run_id}`), `${titleOf(run)}, by ${rulesOf(run.rules_version, run.rules_source)}`);
  } catch (error) {
    setState(violations, "error", messageOf(error));
  }
}

let first = true;
async function showRuns() {
  const { items } = await get(`${API}/runs?limit=50`);
  fill(runs.querySelector("table"), items.map((run) => el("tr", {},
    el("th", { scope: "row" }, el("button", { type: "button", class: "link", "data-key": run.run_id, onclick: () => showRun(run) }, ageNode(run.started_at))),
    el("td", {}, run.kind === "imports" ? "import" : "stored specimens"),
    el("td", { title: run.error || "" }, badge(run.state, STATES[run.state] || "")),
    el("td", { class: "num" }, count(run.rows)),
    el("td", { class: "num" }, run.summary?.errors ? badge(count(run.summary.errors), "bad") : count(run.summary?.errors)),
    el("td", { class: "num" }, run.summary?.warnings ? badge(count(run.summary.warnings), "warn") : count(run.summary?.warnings)),
    el("td", { title: run.worsened.map((one) => `${one.rule_name}: ${one.affected_rows_before} → ${one.affected_rows}`).join("\n") }, run.worsened.length ? badge(`${run.worsened.length} rule${run.worsened.length > 1 ? "s" : ""}`, "bad") : "–"),
    el("td", { class: "act" }, run.summary ? el("a", { href: `${API}/runs/${run.run_id}/report.csv`, download: true, "aria-label": `Report of the run over ${titleOf(run)}` }, "report") : ""))));
  setState(runs, items.length ? "ready" : "empty", "No run yet.");
  const done = items.find((run) => run.summary);
  if (first && done) {
    first = false;
    await showRun(done);
  }
}

async function look() {
  const shown = [attempt(runs, showRuns)];
  if (rules.dataset.state !== "ready") shown.push(attempt(rules, showRules));
  setFresh((await Promise.all(shown)).every(Boolean));
}

function take(found) {
  tag = `"${found.version}"`;
  stored = { ...found, yaml: found.yaml.replace(/\r\n?/g, "\n") };
}

async function showRules() {
  const found = await get(`${API}/rules`);
  take(found);
  if (!text.hasAttribute("data-unsaved")) text.value = found.yaml;
  showSource();
  setState(rules, "ready");
}

/** Say which rules these are; whoever may goes back from others to the bundled ones. */
function showSource() {
  part(rules, "hint").textContent = stored.source === "stored" ? `version ${stored.version}` : stored.source;
  hide(byId("rules-reset"), !may("manager") || stored.source !== "stored", text);
}

byId("rules-reset").addEventListener("click", async () => {
  const draft = text.hasAttribute("data-unsaved") ? " What you have written and not saved is gone, too." : "";
  if (!confirm(`Hold specimens and imports against the bundled rules again? The stored rules count no longer.${draft}`)) return;
  byId("rules-told").textContent = "";
  try {
    const { body } = await send("DELETE", `${API}/rules`, undefined, { headers: { "If-Match": tag } });
    take(body);
    text.value = stored.yaml;
    showWhich();
    showSource();
    accepted("the bundled rules count again");
  } catch (error) {
    refused(error);
  }
});

/** Tell a draft from the rules that count. */
function showWhich() {
  const draft = text.value !== stored.yaml;
  text.toggleAttribute("data-unsaved", draft);
  setText(byId("rules-label"), draft ? `Draft, not saved: ${rulesOf(stored.version, stored.source)} count until it is` : "Rules that count now");
  hide(byId("rules-back"), !draft, text);
}

text.addEventListener("input", () => stored && showWhich());
byId("rules-back").addEventListener("click", () => {
  text.value = stored.yaml;
  accepted("");
  showWhich();
});

function refused(error) {
  const given = error.document?.errors || [];
  faults.replaceChildren(...(given.length ? given.map((one) => el("li", {}, `${one.line ? `line ${one.line}: ` : ""}${one.field ? `${one.field} ` : ""}${one.rule || one.reason || ""}`)) : [el("li", {}, messageOf(error))]));
  text.setAttribute("aria-invalid", "true");
}

function accepted(told) {
  faults.replaceChildren();
  text.removeAttribute("aria-invalid");
  byId("rules-told").textContent = told;
}

byId("rules-validate").addEventListener("click", async () => {
  byId("rules-told").textContent = "";
  try {
    accepted((await send("POST", `${API}/rules/validate`, { yaml: text.value })).body.message);
  } catch (error) {
    refused(error);
  }
});

byId("rules-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("rules-told").textContent = "";
  try {
    const yaml = text.value;
    const { body } = await send("PUT", `${API}/rules`, { yaml }, { headers: { "If-Match": tag } });
    take({ ...body, yaml });
    showWhich();
    showSource();
    accepted("saved");
  } catch (error) {
    refused(error);
  }
});

byId("check-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = byId("check-error");
  const told = byId("check-told");
  problem.textContent = "";
  const form = new FormData();
  const given = byId("check-file").files[0];
  const own = byId("check-rules").files[0];
  if (!given) {
    problem.textContent = "Choose a file first.";
    return;
  }
  form.append("file", given);
  if (own) form.append("rules_file", own);
  told.textContent = "checking";
  try {
    const { body } = await send("POST", `${API}/validate-csv`, form);
    told.textContent = [counted(body.data_shape[0], "row"), counted(body.rules_applied, "rule"), counted(body.violations_count, "violation"),
      ...(body.not_checked.length ? [`${count(body.not_checked.length)} not checked`] : [])].join(", ");
    showViolations(body, `${given.name}, by ${body.rules_source === "rules_file" ? own?.name : `the ${body.rules_source === "stored" ? "stored rules" : `rules of ${body.rules_source}`}`}`);
  } catch (error) {
    told.textContent = "";
    problem.textContent = messageOf(error);
  }
});

const runNow = byId("run-now");
runNow.addEventListener("click", async () => {
  runNow.disabled = true;
  try {
    const { body } = await send("POST", `${API}/runs`);
    lookSoon();
    for (let tries = 0; tries < 600; tries += 1) {
      const mine = await get(`${API}/runs/${body.run_id}`);
      if (mine.ended_at) {
        await Promise.all([lookSoon(), showRun(mine)]);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } catch (error) {
    notify(messageOf(error), "bad");
  } finally {
    runNow.disabled = false;
    refocus(document, "run-now");
  }
});

if (!may("manager")) {
  runNow.disabled = true;
  runNow.title = "needs the role manager";
  byId("rules-save").disabled = true;
  byId("rules-save").title = "needs the role manager";
  text.readOnly = true;
}
setState(check, "ready");
setState(violations, "empty", "Choose a run, or check a file.");
const lookSoon = every(15, look);
