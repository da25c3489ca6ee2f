// How long a result may take: the limit for all, and those of single assays.

import { send } from "./api.js";
import { accept, refuse } from "./forms.js";
import { byId, el, hide, may, refocus, setState, setText } from "./ui.js";

const PATH = "/api/v1/sla-limits";
const panel = byId("limits");
const form = byId("limits-form");
const usual = byId("default-hours");
const rows = byId("assay-limits");
const told = byId("limits-told");
const allowed = may("manager");
let stored = null;
let numbered = 0;

/** Show hours as a person would write them; what is stored stays what it is until somebody writes something else. */
function put(input, hours) {
  input.value = String(Number(hours.toPrecision(6)));
  input.dataset.shown = input.value;
  input.dataset.stored = String(hours);
}

function row(assay, hours) {
  const number = (numbered += 1);
  const name = el("input", { id: `limit-assay-${number}`, value: assay, list: "assay-names", readOnly: !allowed, "data-part": "assay", "aria-label": "Assay" });
  const limit = el("input", { id: `limit-hours-${number}`, type: "number", step: "any", readOnly: !allowed, "data-part": "hours", "aria-label": assay ? `Hours for ${assay}` : "Hours" });
  if (hours !== "") put(limit, hours);
  const away = el("button", { type: "button", class: "small", "aria-label": `Remove the limit of ${assay || "this assay"}`, onclick: () => {
    const next = made.nextElementSibling ?? made.previousElementSibling;
    made.remove();
    drafted();
    (next?.querySelector("input") ?? byId("limit-add")).focus();
  } }, "Remove");
  const made = el("li", { class: "field" }, name, limit, el("span", { class: "help" }, "hours"), allowed ? away : null);
  return made;
}

function show({ default_hours: hours, by_assay: limits }) {
  put(usual, hours);
  rows.replaceChildren(...Object.entries(limits).map(([assay, each]) => row(assay, each)));
  hide(byId("limits-back"), true, usual);
  form.removeAttribute("data-unsaved");
  accept(form);
}

function drafted() {
  form.toggleAttribute("data-unsaved", true);
  setText(told, "");
  hide(byId("limits-back"), false, usual);
}

function take({ body, headers }) {
  stored = { body, tag: headers.get("etag") };
  show(body);
}

export async function showLimits() {
  const answer = await send("GET", PATH);
  if (!form.hasAttribute("data-unsaved") && answer.headers.get("etag") !== stored?.tag) take(answer);
  setState(panel, "ready");
}

function hoursOf(input) {
  if (input.value.trim() === "") return null;
  return Number(input.value === input.dataset.shown ? input.dataset.stored : input.value);
}

/** The limits as they are written; each control bears the name of its field, and two limits of one assay are refused here. */
function written() {
  const limits = {};
  const faults = [];
  for (const one of rows.children) {
    const [name, hours] = [one.querySelector("[data-part=assay]"), one.querySelector("[data-part=hours]")];
    const assay = name.value.trim();
    hours.dataset.field = `by_assay.${assay}`;
    name.dataset.field = `assay ${name.id}`;
    if (!assay) faults.push({ field: name.dataset.field, rule: "must be the name of an assay" });
    else if (Object.hasOwn(limits, assay)) faults.push({ field: name.dataset.field, rule: "is there twice" });
    Object.defineProperty(limits, assay, { value: hoursOf(hours), enumerable: true, configurable: true });
  }
  return { faults, body: { default_hours: hoursOf(usual), by_assay: limits } };
}

async function save() {
  const { faults, body } = written();
  if (faults.length) return refuse(form, { document: { errors: faults } });
  const button = byId("limits-save");
  button.disabled = true;
  try {
    take(await send("PUT", PATH, body, { headers: { "If-Match": stored.tag } }));
    setText(told, "saved");
  } catch (error) {
    if (error.status === 412) error.message = "Somebody has changed the limits meanwhile: go back to the stored ones to see them.";
    refuse(form, error);
  } finally {
    button.disabled = false;
    refocus(document, "limits-save");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (allowed) save();
});
form.addEventListener("input", drafted);
byId("limits-back").addEventListener("click", async () => {
  try {
    take(await send("GET", PATH));
  } catch (error) {
    refuse(form, error);
  }
});
byId("limit-add").addEventListener("click", () => {
  const made = row("", "");
  rows.append(made);
  drafted();
  made.querySelector("input").focus();
});
if (!allowed) {
  usual.readOnly = true;
  for (const id of ["limits-save", "limit-add"]) {
    byId(id).disabled = true;
    byId(id).title = "needs the role manager";
  }
}
