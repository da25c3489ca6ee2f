// Asking the API with the session of whoever looks at the page.

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `the server answered ${status}`);
    this.status = status;
    this.document = document;
  }
}

export const SESSION_OVER = "labkeeper:session-over";
export const loginAddress = () => `/login?next=${encodeURIComponent(location.pathname + location.search)}`;

/** Tell whether something on the page would be lost with it: its element bears the attribute `data-unsaved`. */
export const unsaved = () => document.querySelector("[data-unsaved]") !== null;

/** Go and log in, unless that would lose what somebody has written: then whoever listens is told. */
export function toLogin() {
  if (unsaved()) dispatchEvent(new Event(SESSION_OVER));
  else location.assign(loginAddress());
}

async function answered(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "the server cannot be reached" });
  }
  if (answer.status === 401 && !options.anonymous) {
    toLogin();
    if (unsaved()) throw new Problem(401, { detail: "your session has ended" });
    return new Promise(() => {});
  }
  if (!answer.ok) {
    let document = {};
    try {
      document = await answer.json();
    } catch {
      // Not every failure on the way here speaks JSON.
    }
    throw new Problem(answer.status, document);
  }
  return answer;
}

const PATIENCE_MILLISECONDS = 30000;

/** Ask for JSON; no answer for half a minute is none. */
export async function get(path, options = {}) {
  return (await answered(path, { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS), ...options })).json();
}

/** Send JSON (or a form) and return {status, body, headers}; body is null where there is none. */
export async function send(method, path, body, options = {}) {
  const headers = { ...(options.headers || {}) };
  let sent = body;
  if (body !== undefined && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    sent = JSON.stringify(body);
  }
  const answer = await answered(path, { ...options, method, headers, body: sent });
  const text = answer.status === 204 ? "" : await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
}

/** Query string of the entries that have a value. */
export function query(entries) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(entries)) if (value !== "" && value != null) found.set(name, value);
  const text = found.toString();
  return text ? `?${text}` : "";
}

const AGAIN_SECONDS = 3;

/** Follow a stream of server-sent events; handlers by event name. Returns a function that ends it.
 *
 * A browser has six connections for all pages of a host, and each stream holds one: a page that nobody sees follows
 * nothing. A stream that may not be opened is tried again, unless it never will be: then `onState` gets "error" and why.
 */
export function follow(path, handlers, onState = () => {}) {
  let source = null;
  let timer = null;
  let ended = false;

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function open() {
    close();
    if (ended || document.visibilityState !== "visible") return;
    const opened = (source = new EventSource(path));
    for (const [name, handle] of Object.entries(handlers)) opened.addEventListener(name, (event) => opened === source && handle(event));
    opened.onopen = () => opened === source && onState("ready");
    opened.onerror = () => {
      if (opened !== source) return;
      onState("stale");
      if (opened.readyState === EventSource.CLOSED) askWhy();
    };
  }

  /** A stream does not say why it was refused; the same question as a plain one does. */
  async function askWhy() {
    close();
    const asking = new AbortController();
    try {
      await answered(path, { signal: asking.signal, headers: { Accept: "text/event-stream" } });
    } catch (problem) {
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
        end();
        onState("error", problem);
        return;
      }
    } finally {
      asking.abort();
    }
    if (!ended) timer = setTimeout(open, AGAIN_SECONDS * 1000);
  }

  function end() {
    ended = true;
    close();
    document.removeEventListener("visibilitychange", open);
  }

  document.addEventListener("visibilitychange", open);
  open();
  return end;
}
