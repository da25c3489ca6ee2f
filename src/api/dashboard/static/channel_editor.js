// The form in which a channel is written. Its address goes in and never comes out.

import { send } from "./api.js";
import { accept, refuse } from "./forms.js";
import { byId, may, notify, refocus, setText } from "./ui.js";

const PATH = "/api/v1/alert-channels";
const place = byId("channel-editor-place");
const form = byId("channel-form");
let edited = null;
let pressed = "channels-new";

function showKind() {
  byId("channel-address").hidden = form.elements.kind.value === "log";
}

function open(channel, key) {
  if (form.hasAttribute("data-unsaved") && !confirm("What you have written of a channel is not saved. Leave it?")) return;
  [edited, pressed] = [channel, key];
  form.reset();
  accept(form);
  form.removeAttribute("data-unsaved");
  form.elements.name.value = channel?.name ?? "";
  form.elements.kind.value = channel?.kind ?? "teams_workflow";
  form.elements.kind.disabled = channel !== null;
  form.elements.dry_run.checked = channel?.dry_run ?? false;
  form.elements.url.placeholder = channel ? "stays as it is" : "https://";
  setText(byId("channel-editor-title"), channel ? `Edit the channel ${channel.name}` : "New channel");
  showKind();
  place.hidden = false;
  form.elements.name.focus();
}

function close() {
  form.reset();
  form.removeAttribute("data-unsaved");
  if (place.contains(document.activeElement)) document.activeElement.blur();
  place.hidden = true;
  refocus(document, pressed);
}

export const editChannel = (channel) => open(channel, `edit-${channel.channel_id}`);

async function save(changed) {
  const { name, kind, url, dry_run: dryRun } = form.elements;
  const body = { name: name.value, dry_run: dryRun.checked };
  if (url.value.trim() && kind.value !== "log") body.url = url.value.trim();
  const headers = edited ? { "If-Match": `"${edited.version}"` } : {};
  const button = byId("channel-save");
  button.disabled = true;
  try {
    const made = edited ? await send("PATCH", `${PATH}/${edited.channel_id}`, body, { headers }) : await send("POST", PATH, { ...body, kind: kind.value });
    if (made.body.secret) notify(`Messages of ${made.body.name} are signed with this secret, which is shown now and never again: ${made.body.secret}`);
    await changed();
    close();
  } catch (error) {
    if (error.status === 412) error.message = "Somebody has changed this channel meanwhile: cancel, and edit it as it is now.";
    refuse(form, error);
  } finally {
    button.disabled = false;
    refocus(document, "channel-save");
  }
}

/** Make the form ready for those who may use it; `changed` is run after a channel was saved. */
export function channelEditor(changed) {
  const button = byId("channels-new");
  if (!may("admin")) {
    button.disabled = true;
    button.title = "needs the role admin";
    return;
  }
  place.querySelector(".panel").dataset.state = "ready";
  button.addEventListener("click", () => open(null, "channels-new"));
  form.addEventListener("input", () => {
    form.toggleAttribute("data-unsaved", true);
    showKind();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(changed);
  });
  byId("channel-cancel").addEventListener("click", close);
}
