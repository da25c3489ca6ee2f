// One specimen: what is known of it, what happened to it, and what may be done with it now.

import { get, send } from "./api.js";
import { accept, refuse } from "./forms.js";
import { ageOf, promiseOf } from "./promises.js";
import { attempt, badge, count, duration, el, may, moment, named, notify, part, setState, zone } from "./ui.js";

const API = "/api/v1";
export const STATES = { RECEIVED: "", IN_PROCESS: "info", COMPLETED: "good", ERROR: "bad" };
export const stateName = (state) => ({ ERROR: "failed" })[state] ?? state.toLowerCase().replace("_", " ");
const WORDS = { "specimen-result-amended": "corrected" };
const AMENDED = "labops.specimen-result-amended.v1";
const FIELDS = [["status", "state", stateName], ["error_code", "error"], ["processed_at", "result", moment], ["started_at", "began", moment], ["machine_id", "machine"], ["operator_id", "operator"]];
const MOVES = {
  RECEIVED: [["start", "Start", [["machine_id", "Machine", 10], ["operator_id", "Operator", 10], ["started_at", "Began"]]]],
  IN_PROCESS: [["complete", "Complete", [["processed_at", "Result at"]]], ["fail", "Fail", [["error_code", "Error code", 10], ["processed_at", "Failed at"]]]],
};
const EMPTY = { machine_id: (one) => `as now: ${one.machine_id}`, operator_id: (one) => `as now: ${one.operator_id}`, error_code: () => "unknown" };
const TIMES = { received_at: "its reception", started_at: "its start", processed_at: "its result" };

/** A refusal in the words of the page. */
function worded(error) {
  for (const fault of error.document?.errors ?? []) fault.rule = fault.rule.replace(/\b(received|started|processed)_at\b/g, (field) => TIMES[field]);
  return error;
}

const CLOCKS_APART_MILLISECONDS = 3600000;
const inLab = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });

/** What a person writes down has been: fields of a form with a time of the lab's clock that lies ahead of now. */
function ahead(body) {
  const latest = inLab.format(new Date(Date.now() + CLOCKS_APART_MILLISECONDS)).replace(" ", "T");
  const isLater = (text) => text.indexOf("-") > 4 || text > latest;
  return Object.keys(body).filter((field) => field in TIMES && isLater(body[field])).map((field) => ({ field, rule: "lies in the future" }));
}

const fileNames = new Map();

/** Name of an imported file; null where the import is not known any more. */
function fileOf(importId) {
  if (!fileNames.has(importId)) {
    const asking = get(`${API}/imports/${importId}`).then((run) => run.file_name, (error) => {
      if (error.status !== 404) fileNames.delete(importId);
      return null;
    });
    fileNames.set(importId, asking);
  }
  return fileNames.get(importId);
}

const happenedAt = (fact, specimen) => (fact.version === 1 ? specimen.received_at : fact.status === "IN_PROCESS" ? fact.started_at : fact.processed_at);

function whatChanged(fact, before) {
  const told = (value, shown) => (value == null ? "none" : shown(value));
  return FIELDS.filter(([field]) => fact[field] !== before[field])
    .map(([field, name, shown = String]) => el("p", {}, `${name} `, named(told(before[field], shown)), " → ", named(told(fact[field], shown))));
}

function entry(fact, before, specimen, file) {
  const kind = fact.event_type.replace(/^labops\./, "").replace(/\.v\d+$/, "");
  const at = happenedAt(fact, specimen);
  const seconds = at && fact.version > 1 ? (new Date(at) - new Date(specimen.received_at)) / 1000 : null;
  const origin = fact.import_id ? [`, line ${fact.import_line} of `, file ? named(file) : "an imported file"] : [];
  return el("li", { "data-kind": kind }, el("b", {}, WORDS[kind] ?? kind.replace("specimen-", "")), " ", fact.error_code ? badge(fact.error_code, "bad") : null,
    el("p", {}, at ? el("time", { datetime: at, title: zone }, moment(at)) : el("span", { class: "help" }, "nobody knows when"), seconds == null ? null : el("span", { class: "help" }, ` · ${duration(seconds)} after it was received`)),
    ...(fact.event_type === AMENDED ? whatChanged(fact, before) : [el("p", {}, "machine ", named(fact.machine_id), " · operator ", named(fact.operator_id))]),
    el("p", { class: "help" }, `recorded ${moment(fact.at)}`, fact.actor ? " by " : null, fact.actor ? named(fact.actor) : null, ...origin));
}

const fact = (name, ...shown) => el("div", {}, el("dt", {}, name), el("dd", {}, ...shown));

/** Show one specimen in a panel; `onMoved` gets the position of the log of what was done here. */
export function onePanel(panel, onMoved) {
  let shown = null;
  let absent = null;
  let built = null;

  async function move(form, name, specimen) {
    if (form.ariaBusy) return;
    const body = Object.fromEntries([...new FormData(form)].map(([field, value]) => [field, value.trim()]).filter(([, value]) => value));
    const errors = ahead(body);
    if (errors.length) {
      refuse(form, { document: { errors } });
      return;
    }
    form.ariaBusy = "true";
    accept(form);
    try {
      const { body: moved, headers } = await send("POST", `${API}/specimens/${encodeURIComponent(specimen.specimen_id)}/${name}`, body, { headers: { "If-Match": `"${specimen.version}"` } });
      notify(`${moved.specimen_id} is ${stateName(moved.status)}.`, "good");
      form.removeAttribute("data-unsaved");
      onMoved(headers.get("x-position"));
    } catch (error) {
      if (error.status === 412) {
        notify(`${specimen.specimen_id} was moved on by somebody else meanwhile. Look at it again before you go on.`, "bad");
        form.removeAttribute("data-unsaved");
        onMoved(null);
      } else refuse(form, worded(error));
    } finally {
      form.ariaBusy = null;
    }
  }

  function formOf([name, title, fields], specimen) {
    const form = el("form", { class: "move", "data-move": name, "aria-label": `${title} ${specimen.specimen_id}`, novalidate: true },
      ...fields.map(([field, words, longest]) => {
        const id = `${name}-${field}`;
        const input = el("input", { id, name: field, type: longest ? "text" : "datetime-local", max: longest ? null : "2199-12-31T23:59", maxlength: longest && String(longest), autocomplete: "off", placeholder: EMPTY[field]?.(specimen), "data-field": field });
        return el("div", { class: "field" }, el("label", { for: id }, words, longest ? null : el("small", {}, name === "fail" ? " empty: not known" : " empty: now")), input);
      }),
      el("div", {}, el("button", { type: "submit", class: name === "fail" ? "" : "primary" }, title)), el("p", { class: "error", role: "alert", "data-part": "refused" }));
    form.addEventListener("input", () => form.toggleAttribute("data-unsaved", [...new FormData(form).values()].some(Boolean)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      move(form, name, specimen);
    });
    return form;
  }

  /** Offer what can be done from where it stands, to whoever may; what is being written makes no sense any more. */
  function showMoves(specimen) {
    const place = part(panel, "moves");
    const had = place.contains(document.activeElement);
    if (place.querySelector("[data-unsaved]") && built?.id === specimen.specimen_id) notify(`${specimen.specimen_id} was moved on meanwhile. What you have written was not sent.`);
    place.replaceChildren(...(may("manager") ? MOVES[specimen.status] ?? [] : []).map((one) => formOf(one, specimen)));
    if (had) part(panel, "timeline").focus({ preventScroll: true });
  }

  async function showSpecimen() {
    const wanted = shown;
    const path = `${API}/specimens/${encodeURIComponent(wanted)}`;
    let found;
    try {
      found = await Promise.all([get(path), get(`${path}/history`), get(`${API}/sla-limits`)]);
    } catch (error) {
      if (error.status !== 404) throw error;
      if (wanted !== shown) return;
      absent = wanted;
      part(panel, "hint").textContent = "no such specimen";
      setState(panel, "empty", `No specimen has the id \u2068${wanted}\u2069.`);
      return;
    }
    const [specimen, { items }, limits] = found;
    const files = await Promise.all(items.map((one) => one.import_id && fileOf(one.import_id)));
    if (wanted !== shown) return;
    part(panel, "hint").textContent = items.length === 1 ? "1 fact" : `${count(items.length)} facts`;
    part(panel, "facts").replaceChildren(
      fact("Specimen", el("b", {}, named(specimen.specimen_id))),
      fact("State", badge(stateName(specimen.status), STATES[specimen.status]), specimen.error_code ? " " : null, specimen.error_code ? named(specimen.error_code) : null),
      fact("Assay", named(specimen.assay)), fact("Machine", named(specimen.machine_id)), fact("Operator", named(specimen.operator_id)),
      fact("Age", ageOf(specimen)), fact("Limit", promiseOf(specimen, limits)));
    if (built?.id !== wanted || built.version !== specimen.version) {
      part(panel, "timeline").replaceChildren(...items.map((one, index) => entry(one, items[index - 1], specimen, files[index])));
      showMoves(specimen);
      built = { id: wanted, version: specimen.version };
    }
    setState(panel, "ready");
  }

  return {
    /** Show another one; null shows none. */
    async show(id) {
      const same = id === shown;
      shown = id;
      absent = null;
      if (id === null) {
        part(panel, "hint").textContent = "choose a specimen";
        setState(panel, "empty", "Choose a specimen, or scan its id, to see what happened to it.");
      } else {
        if (!same) setState(panel, "loading");
        await attempt(panel, showSpecimen);
      }
    },
    /** Look again; true when it is as it is. */
    async look() {
      return shown === null || shown === absent || panel.dataset.state === "loading" || attempt(panel, showSpecimen);
    },
  };
}
