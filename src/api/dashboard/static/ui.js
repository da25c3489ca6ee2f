// What all pages do: who may what, notices, the states of panels, how fresh the page is, looking again.

import { loginAddress, send, Problem, SESSION_OVER, unsaved } from "./api.js";
import { byId, el, part, refocus, refocusRow, setText } from "./elements.js";
import { clock } from "./format.js";

export * from "./elements.js";
export * from "./format.js";

const RANKS = ["user", "manager", "admin"];
export const role = document.documentElement.dataset.role;
export const may = (needed) => RANKS.indexOf(role) >= RANKS.indexOf(needed);

export const messageOf = (error) => (error instanceof Problem ? error.message : `something went wrong: ${error.message}`);

const busy = new Map();

/** A button that is there for everybody and works for whoever may.
 *
 * While `run` works the button can not be pressed, also when it is made anew; `run` gets a function that sets its text.
 */
export function action(label, needed, run, properties) {
  const key = properties["data-key"];
  const allowed = may(needed);
  const button = el("button", { type: "button", class: "small", disabled: !allowed || busy.has(key), ...properties }, busy.get(key) ?? label);
  if (!allowed) button.title = `needs the role ${needed}`;
  const all = (change) => document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`).forEach(change);
  const tell = (text) => {
    busy.set(key, text);
    all((one) => setText(one, text));
  };
  button.addEventListener("click", async () => {
    if (busy.has(key)) return;
    busy.set(key, label);
    const [table, index] = [button.closest("table"), button.closest("tr")?.sectionRowIndex ?? 0];
    all((one) => (one.disabled = true));
    try {
      await run(tell);
    } catch (error) {
      notify(messageOf(error), "bad");
    } finally {
      busy.delete(key);
      all((one) => {
        one.disabled = false;
        setText(one, label);
      });
      refocus(document, key);
      if (table) refocusRow(table, index);
    }
  });
  return button;
}

/** Say something over the page: good news for a while, the rest until it is put away. `more` is an element after it. */
export function notify(text, kind = "", more = null) {
  let before = null;
  const remove = () => {
    const had = shown.contains(document.activeElement);
    shown.remove();
    if (had) (before?.isConnected ? before : byId("content")).focus({ preventScroll: true });
  };
  const away = el("button", { type: "button", class: "away", "aria-label": "Close", onclick: remove }, "×");
  away.addEventListener("focus", (event) => (before = event.relatedTarget ?? before));
  const shown = el("div", { class: `notice ${kind}` }, el("p", {}, text, more && " ", more), away);
  byId("notices").replaceChildren(shown);
  if (kind === "good") setTimeout(remove, 8000);
}

addEventListener(SESSION_OVER, () => {
  if (document.querySelector(".notice.over")) return;
  const again = el("a", { href: loginAddress(), target: "_blank" }, "Log in again in another tab");
  notify("Your session has ended, and what you have written here is not saved.", "bad over", again);
});
addEventListener("beforeunload", (event) => unsaved() && event.preventDefault());

/** Put a panel into a state: loading, ready, empty or error; the note says why there is nothing to see. */
export function setState(panel, state, note = "") {
  if (panel.dataset.state !== state) panel.dataset.state = state;
  panel.setAttribute("aria-busy", state === "loading" ? "true" : "false");
  const shown = part(panel, "note");
  if (shown) setText(shown, note);
}

/** Let a panel show what it can; what it showed before stays, marked as stale, when that cannot be had. */
export async function attempt(panel, show) {
  try {
    await show();
    panel.removeAttribute("data-stale");
    return true;
  } catch (error) {
    if (["loading", "error"].includes(panel.dataset.state)) setState(panel, "error", messageOf(error));
    else panel.dataset.stale = "true";
    return false;
  }
}

export function setLive(state, text) {
  const shown = byId("live");
  if (shown.dataset.state !== state && (state !== "ready" || shown.dataset.state !== "loading")) setText(byId("live-told"), text);
  shown.dataset.state = state;
  setText(part(shown, "text"), text);
}

let fineAt = null;

/** Say how fresh the page is, after it has looked; `live` where it hears of changes by itself. */
export function setFresh(fine, live = false) {
  if (fine) fineAt = new Date();
  if (fine) setLive("ready", `${live ? "live ·" : "as of"} ${clock(fineAt)}`);
  else if (fineAt) setLive("stale", `stale · ${clock(fineAt)}`);
  else setLive("error", "not all can be shown");
}

/** Let only one run of some work go on; whoever asks meanwhile has it run once more. */
export function single(work) {
  let running = null;
  let again = false;
  return () => {
    again = running !== null;
    running ??= (async () => {
      do {
        again = false;
        await work();
      } while (again);
    })().finally(() => (running = null));
    return running;
  };
}

const PATIENCE_MILLISECONDS = 8000;

/** Run something now and every so many seconds while the page is seen; return how to run it at once.
 *
 * While it gets no answer for a while, what is shown is as old as the last one, and the page says so.
 */
export function every(seconds, work) {
  let timer = null;
  const run = single(async () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      const unanswered = setTimeout(() => setFresh(false), PATIENCE_MILLISECONDS);
      await work().finally(() => clearTimeout(unanswered));
    }
    timer = setTimeout(run, seconds * 1000);
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && run());
  run();
  return run;
}

byId("log-out")?.addEventListener("click", async () => {
  try {
    await send("POST", "/auth/logout");
  } finally {
    location.assign("/login");
  }
});
