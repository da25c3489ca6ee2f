// Who is told of alerts: channels, a test of one, and what it was told.

import { channelEditor, editChannel } from "./channel_editor.js";
import { get, query, send } from "./api.js";
import { pager } from "./pager.js";
import { action, attempt, badge, byId, count, el, fill, may, moment, named, part, setState, setText } from "./ui.js";

const PATH = "/api/v1/alert-channels";
const MOST = 200;
const PAGE = 50;
export const KINDS = { teams_workflow: "Teams, workflow", teams_legacy: "Teams, connector", webhook: "webhook", log: "log" };
const STATES = { pending: ["waits", "info"], sending: ["being sent", "info"], delivered: ["delivered", "good"], dry_run: ["dry run", ""], unconfirmed: ["unconfirmed", "warn"], parked: ["given up", "bad"], dropped: ["dropped", ""] };
const UNSETTLED = ["pending", "sending"];
const RETRIED = ["parked", "unconfirmed"];
const panel = byId("channels");
const messages = byId("messages");
const message = byId("message");
const status = byId("message-status");
let listed = [];
let chosen = null;
let cursor = null;
let changed = () => {};

export const channelsListed = () => listed;
/** Have something run after a channel was changed. */
export const channelsChanged = (then) => (changed = then);

const pathOf = (channel) => `${PATH}/${channel.channel_id}`;
const versioned = (channel) => ({ headers: { "If-Match": `"${channel.version}"` } });

async function remove(channel) {
  if (!confirm(`Delete the channel "${channel.name}"? Its address and what was still to be sent to it are gone, too.`)) return;
  await send("DELETE", pathOf(channel), undefined, versioned(channel));
  if (chosen?.channel_id === channel.channel_id) choose(null);
  changed();
}

function showMessage(what, body, result = "", kind = "") {
  part(message, "what").replaceChildren(...what);
  part(message, "result").replaceChildren(...(result ? [badge(result, kind)] : []));
  setText(part(message, "body"), typeof body === "string" ? body : JSON.stringify(body, null, 2));
  setState(message, "ready");
}

const said = (attempt) => attempt.error || (attempt.status ? `answered ${attempt.status}` : "taken");

function cameBack({ status: state, attempts }) {
  const last = attempts.at(-1);
  return `${STATES[state][0]}${last ? ` after ${count(last.duration_ms)} ms: ${said(last)}` : ""}`;
}

/** Look at a message until it is known what became of it, for half a minute. */
async function settled(path, id, show) {
  for (let tries = 0; tries < 60; tries += 1) {
    const { items } = await get(`${path}/notifications?limit=20`);
    const mine = items.find((one) => one.notification_id === id);
    if (mine) await show(mine);
    if (mine && !UNSETTLED.includes(mine.status)) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Send a test and show exactly what is sent, and what came back once something has. */
async function test(channel, tell) {
  tell("Testing");
  const { body } = await send("POST", `${pathOf(channel)}/test`);
  const what = ["Test of ", named(channel.name)];
  if (body.dry_run) return showMessage(what, body.payload, "dry run: nothing was sent", "info");
  showMessage(what, body.payload, "being sent", "info");
  await settled(pathOf(channel), body.notification_id, (one) => showMessage(what, body.payload, cameBack(one), STATES[one.status][1]));
  choose(channel);
}

function choose(channel) {
  [chosen, cursor] = [channel, null];
  setState(messages, channel ? "loading" : "empty", "Choose the messages of a channel.");
  if (channel) attempt(messages, showMessages);
}

function buttons(channel) {
  const one = (label, name, run) => action(label, "admin", run, { "aria-label": `${label} ${channel.name}`, "data-key": `${name}-${channel.channel_id}`, "data-version": String(channel.version) });
  return [one("Test", "test", (tell) => test(channel, tell)), one("Messages", "messages", () => choose(channel)), one("Edit", "edit", () => editChannel(channel)), one("Delete", "delete", () => remove(channel))];
}

export async function showChannels() {
  const { items, next_cursor: more } = await get(`${PATH}?limit=${MOST}`);
  listed = items;
  fill(panel.querySelector("table"), items.map((channel) => el("tr", {},
    el("th", { scope: "row" }, named(channel.name)), el("td", {}, KINDS[channel.kind]),
    el("td", { class: "name" }, may("admin") ? named(channel.host || "–") : "for administrators"),
    el("td", {}, channel.dry_run ? badge("dry run", "warn") : badge("on", "good")),
    el("td", { class: "act many" }, ...buttons(channel)))));
  setText(part(panel, "hint"), more ? `the first ${MOST}` : count(items.length));
  setState(panel, items.length ? "ready" : "empty", "No channel yet: alerts are seen here only.");
}

async function retry(one, tell) {
  if (one.status === "unconfirmed" && !confirm("It may have arrived: nobody knows. Send it again?")) return;
  tell("Sending");
  await send("POST", `${pathOf(one)}/notifications/${one.notification_id}/retry`);
  await settled(pathOf(one), one.notification_id, () => attempt(messages, showMessages));
}

function messageRow(one) {
  const last = one.attempts.at(-1);
  const again = RETRIED.includes(one.status) ? action("Send again", "admin", (tell) => retry(one, tell), { "aria-label": `Send ${one.title} again`, "data-key": `retry-${one.notification_id}` }) : null;
  const show = () => showMessage([named(one.title), ` · ${moment(one.queued_at)}`], readable(one.body), cameBack(one), STATES[one.status][1]);
  return el("tr", {},
    el("th", { scope: "row" }, el("button", { type: "button", class: "link", "data-key": one.notification_id, "data-state": one.status, onclick: show }, named(one.title))),
    el("td", {}, one.about), el("td", {}, moment(one.queued_at)), el("td", {}, badge(...STATES[one.status])), el("td", { class: "num" }, count(one.attempts_made)),
    el("td", { class: "name" }, last ? said(last) : "–"), el("td", { class: "act" }, again ?? ""));
}

/** A body as it lies there, in lines where it is JSON. */
function readable(body) {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

export async function showMessages() {
  if (!chosen) return setState(messages, "empty", "Choose the messages of a channel.");
  const wanted = chosen;
  const { items, next_cursor: next } = await get(`${pathOf(wanted)}/notifications${query({ status: status.value, limit: PAGE, cursor })}`);
  if (wanted !== chosen) return;
  fill(messages.querySelector("table"), items.map(messageRow));
  pages(cursor, next);
  part(messages, "hint").replaceChildren(named(wanted.name));
  setState(messages, items.length ? "ready" : "empty", status.value ? "It has no such messages." : "It was told nothing yet.");
}

const pages = messages && pager(messages, (to) => {
  cursor = to;
  attempt(messages, showMessages);
});
status?.addEventListener("change", () => {
  cursor = null;
  attempt(messages, showMessages);
});
if (message) setState(message, "empty", "A test, or a message that you choose, is shown here exactly as it is sent.");
if (panel) channelEditor(() => changed());
