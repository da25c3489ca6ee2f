import { follow, get, send, toLogin } from "./api.js";
import { beginning, rowsOf } from "./csv.js";
import {
  age, ageNode, attempt, badge, byId, count, el, every, fill, hide, may, messageOf, named, notify, part, spelt, setFresh, setState,
} from "./ui.js";

const API = "/api/v1";
const MOST_SHOWN = 200;
const KINDS = { queued: "", running: "info", completed: "good", failed: "bad", cancelled: "warn" };
const ENDED = ["completed", "failed", "cancelled"];
const ENDS = { failed: "failed", cancelled: "was cancelled" };
const upload = byId("upload");
const progress = byId("progress");
const rejections = byId("rejections");
const imports = byId("imports");
const drop = byId("drop");
const file = byId("file");
const told = byId("upload-error");
let end = null;
let chosen = null;

/** Upload with progress, which fetch does not tell. */
function sent(form, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${API}/specimens/import`);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 401) toLogin();
      if (request.status === 202) resolve(request.getResponseHeader("location"));
      else reject(new Error(request.response?.detail || `the server answered ${request.status}`));
    };
    request.onerror = () => reject(new Error("the upload broke off"));
    request.send(form);
  });
}

async function take(files) {
  told.textContent = "";
  const [given, ...more] = files;
  if (!given) return;
  if (more.length) {
    told.textContent = "One file at a time, please.";
    return;
  }
  if (!may("manager")) {
    told.textContent = "Importing needs the role manager.";
    return;
  }
  const form = new FormData();
  form.append("file", given);
  setState(progress, "ready");
  reset(given.name);
  byId("run-told").textContent = "uploading";
  byId("upload-form").toggleAttribute("data-unsaved", true);
  try {
    const path = await sent(form, (share) => (byId("run-progress").value = share * 10));
    watch(path);
    look();
  } catch (error) {
    told.textContent = error.message;
    byId("run-told").textContent = "not uploaded";
  } finally {
    file.value = "";
    byId("upload-form").removeAttribute("data-unsaved");
  }
}

function reset(name) {
  byId("run-name").firstChild.textContent = name;
  byId("run-progress").value = 0;
  byId("run-report").hidden = true;
  byId("run-cancel").hidden = true;
  part(progress, "state").replaceChildren();
  for (const field of ["rows_read", "rows_applied", "rows_unchanged", "rows_rejected"]) part(progress, field).textContent = "0";
  forgetRejections();
}

function forgetRejections(note = "Rows that are not taken are listed here, with line, column and reason.") {
  part(rejections, "hint").textContent = "";
  setState(rejections, "empty", note);
}

function watch(path) {
  end?.();
  if (path !== chosen) forgetRejections();
  chosen = path;
  end = follow(`${path}/events`, { progress: (event) => shown(path, JSON.parse(event.data)) }, (state, problem) => {
    if (state === "stale") byId("run-told").textContent = "connection lost, trying again; the import goes on";
    if (state === "error") byId("run-told").textContent = messageOf(problem);
  });
}

async function shown(path, run) {
  if (path !== chosen) return;
  const over = ENDED.includes(run.state);
  setState(progress, "ready");
  byId("run-name").firstChild.textContent = run.file_name;
  part(progress, "state").replaceChildren(badge(run.state, KINDS[run.state]));
  byId("run-progress").value = over ? 100 : 10 + (run.size ? (run.bytes_read / run.size) * 90 : 0);
  for (const field of ["rows_read", "rows_applied", "rows_unchanged", "rows_rejected"]) part(progress, field).textContent = count(run[field]);
  byId("run-told").textContent = run.error || (over ? `${run.state}: ${count(run.rows_applied)} applied, ${count(run.rows_unchanged)} unchanged, ${count(run.rows_rejected)} rejected` : "\u00a0");
  const cancel = byId("run-cancel");
  hide(cancel, over || !may("manager"), byId("run-told"));
  cancel.onclick = () => send("DELETE", path).catch((error) => notify(messageOf(error), "bad"));
  const report = byId("run-report");
  report.hidden = !run.rows_rejected;
  report.href = `${path}/report.csv`;
  if (!over) return;
  end?.();
  end = null;
  await showRejections(path, run);
  look();
}

async function showRejections(path, run) {
  if (!run.rows_rejected) {
    forgetRejections(run.state === "completed" ? "Every row was taken." : `The import ${ENDS[run.state]} before any row was rejected.`);
    return;
  }
  setState(rejections, "loading");
  const [, ...rows] = rowsOf(await beginning(`${path}/report.csv`));
  fill(rejections.querySelector("table"), rows.slice(0, MOST_SHOWN).map(([line, column, value, reason]) => el("tr", {},
    el("td", { class: "num" }, line), el("td", {}, named(spelt(column || "row"))), el("td", { class: "cut mono", title: spelt(value) }, named(spelt(value))), el("td", { class: "name" }, named(spelt(reason))))));
  part(rejections, "hint").textContent = run.rows_rejected > MOST_SHOWN ? `the first ${MOST_SHOWN} of ${count(run.rows_rejected)}` : count(run.rows_rejected);
  setState(rejections, "ready");
}

let first = true;
async function showImports() {
  const { items } = await get(`${API}/imports?limit=50`);
  fill(imports.querySelector("table"), items.map((run) => {
    const path = `${API}/imports/${run.import_id}`;
    return el("tr", {},
      el("th", { scope: "row", class: "cut" }, el("button", { type: "button", class: "link", "data-key": run.import_id, title: run.file_name, onclick: () => watch(path) }, named(run.file_name))),
      el("td", { title: run.error || "" }, badge(run.state, KINDS[run.state])),
      el("td", { class: "num" }, count(run.rows_read)), el("td", { class: "num" }, count(run.rows_applied)),
      el("td", { class: "num" }, count(run.rows_unchanged)),
      el("td", { class: "num" }, run.rows_rejected ? badge(count(run.rows_rejected), "warn") : "0"),
      el("td", { class: "name" }, named(run.actor)), el("td", {}, ageNode(run.uploaded_at)),
      el("td", { class: "act" }, run.rows_rejected ? el("a", { href: `${path}/report.csv`, download: true, "aria-label": `Report of ${run.file_name}, ${age(run.uploaded_at)}` }, "report") : ""));
  }));
  setState(imports, items.length ? "ready" : "empty", "Nothing was imported yet.");
  const going = items.find((run) => !ENDED.includes(run.state));
  if (first && going && !chosen) watch(`${API}/imports/${going.import_id}`);
  first = false;
}

file.addEventListener("change", () => take(file.files));
// A file that is dropped beside the place for it would be opened by the browser, instead of the page.
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("is-over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("is-over");
  take(event.dataTransfer.files);
});
setState(upload, "ready");
setState(progress, "empty", "The import that is under way is followed here.");
forgetRejections();
if (!may("manager")) {
  file.disabled = true;
  told.textContent = "Importing needs the role manager.";
}
const look = every(10, async () => setFresh(await attempt(imports, showImports)));
