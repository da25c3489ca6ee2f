import { asked, isName, tidy } from "./address.js";
import { get, query } from "./api.js";
import { onePanel, STATES, stateName } from "./one_specimen.js";
import { pager } from "./pager.js";
import { ageOf, promiseOf } from "./promises.js";
import { attempt, badge, byId, choices, count, el, every, fill, moment, named, notify, part, setFresh, setState, zone } from "./ui.js";

const API = "/api/v1";
const MOST = 50;
const panel = byId("specimens");
const filters = byId("specimen-filters");
const isLocal = (text) => text === "" || (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) && !Number.isNaN(Date.parse(text)));
const KNOWN = {
  q: ["specimen", isName(50)], status: ["state", (text) => text === "" || Object.hasOwn(STATES, text)], assay: ["assay", isName(20)],
  machine_id: ["machine", isName(10)], past_limit: ["limit", (text) => text === "" || text === "true"], from: ["beginning", isLocal], to: ["end", isLocal], cursor: ["page", (text) => /^[\w-]{0,2000}$/.test(text)],
  specimen: ["specimen to show", isName(50)],
};
let namesAsked = false;
let names = { assays: [], machines: [] };
let listed = [];

const filtersAsked = () => ({
  specimen_id_prefix: asked("q").trim(), status: asked("status"), assay: asked("assay"), machine_id: asked("machine_id"), past_limit: asked("past_limit"), from: asked("from"), to: asked("to"),
});

function remember(how, changed) {
  const { q, ...chosen } = Object.fromEntries(new FormData(filters));
  const kept = { q: q.trim(), ...chosen, cursor: asked("cursor"), specimen: asked("specimen"), ...changed };
  window.history[how](null, "", location.pathname + query(kept));
}

const question = () => query({ ...filtersAsked(), cursor: asked("cursor"), limit: MOST });

/** The page that is asked for, once it has seen what this page wrote last. */
async function pageAsked(wrote) {
  const wanted = question();
  try {
    return { ...(await get(`${API}/specimens${wanted}`, wrote ? { headers: { "X-Position": wrote } } : {})), wanted };
  } catch (error) {
    if (!asked("cursor") || wanted !== question() || !error.document?.errors?.some((fault) => fault.field === "cursor")) throw error;
    notify("The address asks for a page that this list has not. It is shown from its beginning.");
    remember("replaceState", { cursor: "" });
    return pageAsked(wrote);
  }
}

async function showList(wrote) {
  const [page, limits] = await Promise.all([pageAsked(wrote), get(`${API}/sla-limits`)]);
  if (page.wanted !== question()) return;
  listed = page.items;
  fill(panel.querySelector("table"), listed.map((one) => el("tr", { "aria-current": one.specimen_id === asked("specimen") ? "true" : null },
    el("th", { scope: "row" }, el("button", { type: "button", class: "link", "data-key": one.specimen_id, onclick: () => choose(one.specimen_id) }, named(one.specimen_id))),
    el("td", { class: "name" }, named(one.assay)), el("td", { class: "name" }, named(one.machine_id)),
    el("td", {}, badge(stateName(one.status), STATES[one.status]), one.error_code ? " " : null, one.error_code ? named(one.error_code) : null),
    el("td", {}, el("time", { datetime: one.received_at, title: zone }, moment(one.received_at))), el("td", { class: "num" }, ageOf(one)), el("td", {}, promiseOf(one, limits)))));
  part(panel, "hint").textContent = `${asked("cursor") ? "older ones" : "received last first"} · ${count(listed.length)}${page.next_cursor ? ", and more" : ""}`;
  showPager(asked("cursor"), page.next_cursor);
  setState(panel, listed.length ? "ready" : "empty", Object.values(filtersAsked()).some(Boolean) ? "No specimen fits." : "Nothing was received yet.");
}

function markChosen() {
  for (const row of panel.querySelectorAll("tbody tr")) {
    if (row.querySelector("button").dataset.key === asked("specimen")) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function choose(id) {
  if (id !== asked("specimen")) remember("pushState", { specimen: id });
  markChosen();
  if (matchMedia("(max-width: 900px)").matches) byId("one").scrollIntoView({ block: "start" });
  return detail.show(id);
}

/** Open what was typed or scanned: the very id, or the only one that begins so. */
async function find() {
  clearTimeout(typing);
  const wanted = filters.elements.q.value.trim();
  if (!wanted) return;
  remember("replaceState", { cursor: "" });
  await look();
  const [only, ...others] = listed;
  choose(only && !others.length ? only.specimen_id : wanted);
}

function showFilters() {
  filters.elements.q.value = asked("q");
  choices(filters.elements.status, Object.keys(STATES), asked("status"), stateName);
  choices(filters.elements.assay, names.assays, asked("assay"));
  choices(filters.elements.machine_id, names.machines, asked("machine_id"));
  for (const name of ["past_limit", "from", "to"]) filters.elements[name].value = asked(name);
}

/** Take everything from the address. */
function read() {
  tidy(KNOWN);
  showFilters();
  detail.show(asked("specimen") || null);
}

const showPager = pager(panel, async (cursor) => {
  remember("pushState", { cursor: cursor ?? "" });
  await look();
  panel.querySelector(".panel-body").scrollTop = 0;
});

/** Ask what there is to choose from, once; nothing waits for it. */
async function showNames() {
  if (namesAsked) return;
  namesAsked = true;
  try {
    names = await get(`${API}/overview?window=PT24H`);
  } catch {
    namesAsked = false;
    return;
  }
  choices(filters.elements.assay, names.assays, asked("assay"));
  choices(filters.elements.machine_id, names.machines, asked("machine_id"));
}

let wrote = null;
const detail = onePanel(byId("one"), (position) => {
  wrote = position;
  look();
});

async function lookNow() {
  const mine = wrote;
  showNames();
  const fine = (await Promise.all([attempt(panel, () => showList(mine)), detail.look()])).every(Boolean);
  if (fine && mine === wrote) wrote = null;
  setFresh(fine);
}

let typing = null;
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
filters.elements.q.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    remember("replaceState", { cursor: "" });
    look();
  }, 200);
});
for (const name of ["status", "assay", "machine_id", "past_limit", "from", "to"]) {
  filters.elements[name].addEventListener("change", () => {
    remember("pushState", { cursor: "" });
    look();
  });
}
addEventListener("popstate", () => {
  read();
  look();
});
read();
const look = every(15, lookNow);
