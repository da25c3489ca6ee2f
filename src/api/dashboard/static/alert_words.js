// Alert rules and alerts in plain words.

import { brief, count, decimal, el, minutes, named, percent } from "./ui.js";

export const METRICS = {
  sla_breach_rate: ["SLA breach rate", percent], open_breaches: ["open breaches", count], error_rate: ["error rate", percent],
  tat_p90: ["turn-around P90", minutes], throughput: ["throughput", decimal], silence: ["silence", minutes],
};
export const OPERATORS = { gt: "above", gte: "at least", lt: "below", lte: "at most" };
const PERCENT = { unit: "%", factor: 100 };
const MINUTES = { unit: "minutes", factor: 1 };
const SPECIMENS = { unit: "specimens", factor: 1 };

/** What people write a limit of a metric in, and how many of it are one of the API's. */
export const UNITS = { sla_breach_rate: PERCENT, error_rate: PERCENT, tat_p90: MINUTES, silence: MINUTES, open_breaches: SPECIMENS, throughput: SPECIMENS };

/** Metrics that tell how things are now: they look back at no window. */
export const OF_NOW = ["open_breaches", "silence"];

const STEPS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const ISO = /^P(?:([\d.]+)W)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$/;

/** Seconds of an ISO 8601 duration as the API writes them. */
export function secondsOf(iso) {
  const [, ...parts] = ISO.exec(iso) || [];
  return parts.reduce((sum, part, index) => sum + Number(part || 0) * [604800, 86400, 3600, 60, 1][index], 0);
}

/** [number, unit] of the largest unit that says so many seconds in whole numbers; a day is 24 h. */
export function sized(seconds) {
  const [unit, size] = STEPS.find(([name, each]) => seconds >= (name === "d" ? 2 * each : each) && seconds % each === 0) ?? ["min", 60];
  return [seconds / size, unit];
}

export const span = (seconds) => sized(seconds).map((part) => (typeof part === "number" ? brief(part) : part)).join(" ");

const limit = (metric, value) => {
  if (UNITS[metric] === MINUTES) return span(value * 60);
  return UNITS[metric] === PERCENT ? `${brief(value * 100)} %` : count(value);
};
const AMOUNTS = { gt: "More than", gte: "At least", lt: "Less than", lte: "At most" };

const ENDS = { gt: (value) => `at ${value} or less`, gte: (value) => `below ${value}`, lt: (value) => `at ${value} or more`, lte: (value) => `above ${value}` };

/** What a rule (or an alert) warns of, as nodes: "P90 of CBC above 4 h over the last 24 h", and where its alert ends if not there. */
export function sentence(rule) {
  const { metric, operator, threshold, clear_threshold: clear } = rule;
  const ends = clear == null || clear === threshold || metric === "silence" ? "" : `; ends ${ENDS[operator](limit(metric, clear))}`;
  return [...beginning(rule), ...(ends ? [ends] : [])];
}

function beginning({ metric, operator, threshold, window, filters }) {
  const { assay, machine_id: machine } = filters;
  const whose = [...(assay ? [" of ", named(assay)] : []), ...(machine ? [" on ", named(machine)] : [])];
  const value = limit(metric, threshold);
  const amount = `${AMOUNTS[operator]} ${value}`;
  const when = ` over the last ${span(secondsOf(window))}`;
  const counted = amount.replace("Less", "Fewer");
  const s = threshold === 1 ? "" : "s";
  switch (metric) {
    case "open_breaches": return [`${counted} specimen${s}`, ...whose, " open past their limit"];
    case "throughput": return [`${counted} result${s}`, ...whose, when];
    case "sla_breach_rate": return [`${amount} of results`, ...whose, ` late${when}`];
    case "error_rate": return [`${amount} of specimens`, ...whose, ` failed${when}`];
    case "silence": return ["Nothing", ...whose, ` received for ${amount.toLowerCase()}`];
    default: return ["P90", ...(assay ? [] : [" of turn-around"]), ...whose, ` ${OPERATORS[operator]} ${value}${when}`];
  }
}

export const said = (rule) => el("small", { class: "interval" }, ...sentence(rule));
export const valued = (metric, value) => (METRICS[metric]?.[1] ?? decimal)(value);
