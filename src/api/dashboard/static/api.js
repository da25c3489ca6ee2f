// Asking the API with the session of whoever looks at the page.

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `the server answered ${status}`);
    this.status = status;
    this.document = document;
  }
}

export function toLogin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
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

export async function get(path, options = {}) {
  return (await answered(path, options)).json();
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

/** Follow a stream of server-sent events; handlers by event name. Returns a function that ends it. */
export function follow(path, handlers, onState = () => {}) {
  const source = new EventSource(path);
  source.onopen = () => onState("ready");
  source.onerror = () => onState(source.readyState === EventSource.CLOSED ? "error" : "stale");
  for (const [name, handle] of Object.entries(handlers)) source.addEventListener(name, (event) => handle(event));
  return () => source.close();
}
