// Making and changing elements. Text only ever goes in as text.

export const byId = (id) => document.getElementById(id);
export const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith("aria") && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** A name that people gave: whatever direction its letters and marks have, the text around it keeps its own. */
export const named = (text) => el("bdi", {}, text);

/** A text with its control and direction marks spelt out, so that it can be seen what is in it. */
export const spelt = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (mark) => `\\u{${mark.codePointAt(0).toString(16)}}`);

export const badge = (text, kind = "") => el("span", { class: `badge ${kind}` }, text);

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setLabel(node, text) {
  if (node.getAttribute("aria-label") !== text) node.setAttribute("aria-label", text);
}

const isLost = () => !document.activeElement || document.activeElement === document.body;

function focusOn(node) {
  if (!node.matches("a[href], button, input, select, textarea, [tabindex]")) node.tabIndex = -1;
  node.focus({ preventScroll: true });
}

/** Put the focus back where it was lost because its element was made anew or could not be used for a while.
 *
 * What takes the place of something that could be pressed bears its key as `data-after`.
 */
export function refocus(root, key) {
  if (!isLost()) return;
  const found = root.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`) ?? root.querySelector(`[data-after="${CSS.escape(key)}"]`);
  if (found) focusOn(found);
}

/** Put a lost focus on the row of a table that is where the lost one was, or on what holds the table. */
export function refocusRow(table, index) {
  if (!isLost() || !table.isConnected) return;
  const { rows } = table.tBodies[0];
  const row = rows[Math.min(index, rows.length - 1)];
  if (row) focusOn(row);
  else focusOn(table.closest(".panel-body") ?? table);
}

/** Hide something or show it; the focus does not go with it but to `instead`. */
export function hide(node, hidden, instead) {
  const had = node.contains(document.activeElement);
  node.hidden = hidden;
  if (hidden && had) {
    document.activeElement.blur();
    focusOn(instead);
  }
}

/** Let a table have these rows. What is as it was stays: a press of a button that spans the change is not lost.
 *
 * Whatever can be pressed bears a `data-key` of its own, so that what looks the same also does the same.
 */
export function fill(table, rows) {
  const body = table.tBodies[0];
  const active = document.activeElement;
  const had = active && body.contains(active);
  const kept = had ? (active.dataset.key ?? active.dataset.after) : null;
  const index = had ? active.closest("tr").sectionRowIndex : 0;
  rows.forEach((row, index) => (body.rows[index] ? patch(body.rows[index], row) : body.append(row)));
  while (body.rows.length > rows.length) body.rows[rows.length].remove();
  if (kept) refocus(table, kept);
  if (had) refocusRow(table, index);
}

function patch(old, made) {
  if (old.isEqualNode(made)) return;
  if (old.cells.length !== made.cells.length) {
    old.replaceWith(made);
    return;
  }
  for (const name of old.getAttributeNames()) if (!made.hasAttribute(name) && name !== "tabindex") old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  [...made.cells].forEach((cell, index) => old.cells[index].isEqualNode(cell) || old.cells[index].replaceWith(cell));
}

/** Offer names in a select, and always the one that is chosen, whether it is among them or not. */
export function choices(select, names, chosen, shown = (name) => name) {
  const all = chosen && !names.includes(chosen) ? [...names, chosen] : names;
  const current = [...select.options].slice(1).map((option) => option.value);
  if (current.join("\n") !== all.join("\n")) {
    select.replaceChildren(select.options[0], ...all.map((name) => el("option", { value: name }, shown(name))));
  }
  if (select.value !== chosen) select.value = chosen;
}
