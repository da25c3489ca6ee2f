// The form in which a rule is written.

import { channelsListed } from "./alert_channels.js";
import { OF_NOW, secondsOf, sentence, sized, UNITS } from "./alert_words.js";
import { get, send } from "./api.js";
import { accept, refuse } from "./forms.js";
import { byId, el, may, named, refocus, setText } from "./ui.js";

const PATH = "/api/v1/alert-rules";
const place = byId("rule-editor-place");
const form = byId("rule-form");
const ISO_OF = { min: (number) => `PT${number}M`, h: (number) => `PT${number}H`, d: (number) => `P${number}D` };
const NEW = { name: "", metric: "tat_p90", operator: "gt", threshold: null, clear_threshold: null, window: "P1D", cool_down: "PT30M", filters: { assay: null, machine_id: null }, channels: [], active: true };
let edited = null;
let pressed = "rules-new";
let changed = () => {};

const REASONS = [
  [/^.*(at least 1 character|must have 1 to 100).*$/, "must have 1 to 100 characters, all of them printable"],
  [/^.*(valid number|number from 0|greater than or equal to 0).*$/, "must be a number, not below 0"],
  [/^must be a fraction.*$/, "must be from 0 to 100"], [/\bthreshold$/, "the limit"],
];
const SPAN_REASONS = [
  [/^must be from PT1M to P366D$/, "must be from a minute to 366 days"], [/^must be from PT0S to P30D$/, "must be from 0 minutes to 30 days"],
  [/^.*(ISO 8601|at least|at most|shorter).*$/, "must be a number of minutes, hours or days"],
];

/** A refusal in the words of the page: people write neither durations as ISO 8601 nor shares as fractions. */
function worded(error) {
  for (const fault of error.document?.errors ?? []) {
    const reasons = ["window", "cool_down"].includes(fault.field) ? SPAN_REASONS : REASONS;
    for (const [pattern, words] of reasons) fault.rule = fault.rule.replace(pattern, words);
  }
  return error;
}

const field = (name) => form.elements[name];
const exact = (number) => Number(number.toPrecision(12));

/** A number that somebody has written; null where that is none. */
function numberIn(name, factor = 1) {
  const number = field(name).value.trim() === "" ? NaN : Number(field(name).value);
  return Number.isFinite(number) ? exact(number / factor) : null;
}

const durationIn = (name) => ISO_OF[field(`${name}_unit`).value](field(name).value.trim());

function fillDuration(name, iso) {
  const [number, unit] = sized(secondsOf(iso));
  field(name).value = unit === "s" ? exact(number / 60) : number;
  field(`${name}_unit`).value = unit === "s" ? "min" : unit;
}

/** The rule as it is written, in the API's words. */
function written() {
  const { factor } = UNITS[field("metric").value];
  const threshold = numberIn("threshold", factor);
  return {
    name: field("name").value, metric: field("metric").value, operator: field("operator").value, threshold,
    clear_threshold: field("clear_threshold").value.trim() === "" ? threshold : numberIn("clear_threshold", factor),
    window: durationIn("window"), cool_down: durationIn("cool_down"),
    filters: { assay: field("assay").value.trim() || null, machine_id: field("machine_id").value.trim() || null },
    channels: [...form.querySelectorAll("[name=channel]:checked")].map((box) => box.value),
    active: field("active").checked,
  };
}

function showWords() {
  const rule = written();
  for (const node of form.querySelectorAll("[data-part=unit]")) setText(node, UNITS[rule.metric].unit);
  byId("rule-window").hidden = OF_NOW.includes(rule.metric);
  byId("rule-says").replaceChildren(...(rule.threshold === null ? ["Say above or below what an alert is raised."] : sentence(rule)));
}

function showChannels(chosen) {
  const boxes = channelsListed().map((channel) => el("label", { class: "check" },
    el("input", { type: "checkbox", name: "channel", value: channel.channel_id, checked: chosen.includes(channel.channel_id) }), named(channel.name)));
  byId("rule-channels").replaceChildren(...(boxes.length ? boxes : [el("span", { class: "help" }, "There are no channels: alerts are seen here only.")]));
}

function fillIn(rule) {
  const { factor } = UNITS[rule.metric];
  for (const name of ["name", "metric", "operator"]) field(name).value = rule[name];
  field("threshold").value = rule.threshold === null ? "" : exact(rule.threshold * factor);
  field("clear_threshold").value = rule.clear_threshold === rule.threshold ? "" : exact(rule.clear_threshold * factor);
  fillDuration("window", rule.window);
  fillDuration("cool_down", rule.cool_down);
  field("assay").value = rule.filters.assay ?? "";
  field("machine_id").value = rule.filters.machine_id ?? "";
  field("active").checked = rule.active;
  showChannels(rule.channels);
  accept(form);
  form.removeAttribute("data-unsaved");
  byId("rule-anew").hidden = true;
  showWords();
}

function open(rule, key) {
  if (form.hasAttribute("data-unsaved") && !confirm("What you have written of a rule is not saved. Leave it?")) return;
  edited = rule.rule_id ? rule : null;
  pressed = key;
  fillIn(rule);
  setText(byId("rule-editor-title"), edited ? `Edit the rule ${rule.name}` : "New rule");
  place.hidden = false;
  field("name").focus();
}

function close() {
  form.removeAttribute("data-unsaved");
  if (place.contains(document.activeElement)) document.activeElement.blur();
  place.hidden = true;
  refocus(document, pressed);
}

export const editRule = (rule) => open(rule, `edit-${rule.rule_id}`);

/** Somebody has deleted the rule: what is written here can still be saved, as one of its own. */
function forget(error) {
  edited = null;
  pressed = "rules-new";
  setText(byId("rule-editor-title"), "New rule");
  byId("rule-anew").hidden = true;
  error.message = "Somebody has deleted this rule meanwhile. Save it again to have it as a new one.";
}

async function save() {
  const headers = edited ? { "If-Match": `"${edited.version}"` } : {};
  const save = byId("rule-save");
  save.disabled = true;
  try {
    await send(edited ? "PATCH" : "POST", edited ? `${PATH}/${edited.rule_id}` : PATH, written(), { headers });
    await changed();
    close();
  } catch (error) {
    save.disabled = false;
    if (error.status === 412) error.message = "Somebody has changed this rule meanwhile: load it anew to see how it is now.";
    byId("rule-anew").hidden = error.status !== 412;
    if (error.status === 404) forget(error);
    refuse(form, worded(error));
    refocus(document, "rule-save");
  } finally {
    save.disabled = false;
  }
}

/** Make the form ready for those who may use it; `then` is run after a rule was saved. */
export function ruleEditor(then) {
  const button = byId("rules-new");
  if (!may("manager")) {
    button.disabled = true;
    button.title = "needs the role manager";
    return;
  }
  changed = then;
  place.querySelector(".panel").dataset.state = "ready";
  button.addEventListener("click", () => open(NEW, "rules-new"));
  form.addEventListener("input", () => {
    form.toggleAttribute("data-unsaved", true);
    showWords();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  byId("rule-cancel").addEventListener("click", close);
  byId("rule-anew").addEventListener("click", async () => {
    try {
      edited = await get(`${PATH}/${edited.rule_id}`);
      fillIn(edited);
      field("name").focus();
    } catch (error) {
      if (error.status === 404) forget(error);
      refuse(form, error);
    }
  });
}
