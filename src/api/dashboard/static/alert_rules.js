// What is watched: the list of rules, and what can be done with one.

import { said, valued } from "./alert_words.js";
import { get, send } from "./api.js";
import { editRule, ruleEditor } from "./rule_editor.js";
import { action, ageNode, attempt, badge, byId, count, el, fill, named, part, setState, setText } from "./ui.js";

const PATH = "/api/v1/alert-rules";
const MOST = 200;
const OUTCOMES = { fine: ["fine", "good"], no_data: ["no data", ""], raised: ["raised an alert", "bad"], updated: ["still beyond its limit", "bad"], standing: ["still beyond its limit", "bad"], resolved: ["good again", "good"] };
const panel = byId("rules");
const lists = { assay: byId("assay-names"), machine_id: byId("machine-names") };
let listed = [];
let seen = () => {};

export const rulesNamed = () => listed.map((rule) => [rule.rule_id, rule.name]);

/** Have something run each time that the rules were looked at. */
export const rulesSeen = (then) => (seen = then);

/** Offer the names that specimens have where one may be written. */
export function nameOptions({ assays, machines }) {
  for (const [list, names] of [[lists.assay, assays], [lists.machine_id, machines]]) {
    if ([...list.options].map((option) => option.value).join("\n") !== names.join("\n")) list.replaceChildren(...names.map((name) => el("option", { value: name })));
  }
}

const versioned = (rule) => ({ headers: { "If-Match": `"${rule.version}"` } });
const pathOf = (rule) => `${PATH}/${rule.rule_id}`;
const again = () => attempt(panel, showRules);

async function evaluate(rule, tell) {
  tell("Evaluating");
  const { body } = await send("POST", `${pathOf(rule)}/evaluate`);
  await again();
  setText(byId("evaluated"), `${rule.name}: ${outcomeOf(body)[0]}${body.value == null ? "" : `, ${valued(rule.metric, body.value)}`}`);
}

async function change(rule, active) {
  await send("PATCH", pathOf(rule), { active }, versioned(rule)).finally(again);
}

async function remove(rule) {
  if (!confirm(`Delete the rule "${rule.name}"? What stands of it ends, without a message.`)) return;
  await send("DELETE", pathOf(rule), undefined, versioned(rule)).finally(again);
}

/** An alert may stand on the good side of its limit: until the value is as good as its rule wants it to end. */
const outcomeOf = ({ outcome, breached }) => (["updated", "standing"].includes(outcome) && !breached ? ["not good enough to end", "warn"] : OUTCOMES[outcome]);

function lastOf(rule) {
  const last = rule.last_evaluation;
  if (!last) return [badge("never")];
  const [text, kind] = outcomeOf(last);
  return [ageNode(last.evaluated_at), " ", badge(text, kind), last.value == null ? null : el("small", { class: "interval" }, valued(rule.metric, last.value))];
}

/** Say in the page's words that a rule is not as it was shown. */
function gone(rule, error) {
  again();
  if (error.status === 404) error.message = `The rule "${rule.name}" was deleted meanwhile.`;
  if (error.status === 412) error.message = `The rule "${rule.name}" was changed meanwhile: look at it again before you go on.`;
  throw error;
}

function buttons(rule) {
  const one = (label, name, run, after) => action(label, "manager", (tell) => run(tell).catch((error) => gone(rule, error)), { "aria-label": `${label} ${rule.name}`, "data-key": `${name}-${rule.rule_id}`, "data-after": after && `${after}-${rule.rule_id}`, "data-version": String(rule.version) });
  return [
    rule.active ? one("Evaluate now", "evaluate", (tell) => evaluate(rule, tell)) : null, one("Edit", "edit", async () => editRule(rule)),
    rule.active ? one("Switch off", "off", () => change(rule, false), "on") : one("Switch on", "on", () => change(rule, true), "off"), one("Delete", "delete", () => remove(rule)),
  ];
}

export async function showRules() {
  const { items, next_cursor: more } = await get(`${PATH}?limit=${MOST}`);
  listed = items;
  fill(panel.querySelector("table"), items.map((rule) => el("tr", {},
    el("th", { scope: "row" }, named(rule.name), said(rule)),
    el("td", {}, rule.active ? badge("active", "good") : badge("off")),
    el("td", {}, ...lastOf(rule).filter(Boolean)),
    el("td", { class: "act many" }, ...buttons(rule).filter(Boolean)))));
  setText(part(panel, "hint"), more ? `the first ${MOST}` : count(items.length));
  setState(panel, items.length ? "ready" : "empty", "No rule watches anything yet.");
  seen();
}

ruleEditor(again);
