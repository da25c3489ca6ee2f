// Until when a specimen was promised, and whether that was kept.

import { ageNode, duration, el } from "./ui.js";

/** Hours that a result of an assay may take; `limits` as metrics and /sla-limits give them. */
export const hoursFor = (limits, assay) => (Object.hasOwn(limits.by_assay, assay) ? limits.by_assay[assay] : limits.default_hours);

const milliseconds = (text) => new Date(text).getTime();

/** How old it is, or how long it took. */
export function ageOf(specimen) {
  if (["RECEIVED", "IN_PROCESS"].includes(specimen.status)) return ageNode(specimen.received_at, "over");
  if (!specimen.processed_at) return "–";
  return duration((milliseconds(specimen.processed_at) - milliseconds(specimen.received_at)) / 1000);
}

/** What became of its limit: over by how much, to come when, or kept. One that failed has none. */
export function promiseOf(specimen, limits) {
  if (!limits || specimen.status === "ERROR") return "–";
  const due = milliseconds(specimen.received_at) + hoursFor(limits, specimen.assay) * 3600000;
  if (specimen.status !== "COMPLETED") {
    const at = new Date(due).toISOString();
    return due < Date.now() ? el("span", { class: "badge bad" }, "over by ", ageNode(at, "over")) : ageNode(at, "until");
  }
  if (!specimen.processed_at) return "–";
  const over = milliseconds(specimen.processed_at) - due;
  return over > 0 ? el("span", { class: "badge warn" }, `over by ${duration(over / 1000)}`) : "kept";
}
