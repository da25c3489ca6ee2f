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

export const badge = (text, kind = "") => el("span", { class: `badge ${kind}` }, text);

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setLabel(node, text) {
  if (node.getAttribute("aria-label") !== text) node.setAttribute("aria-label", text);
}

const byKey = (root, key) => root.querySelector(`[data-key="${CSS.escape(key)}"]`);

/** Put the focus back where it was lost because its element was made anew or could not be used for a while. */
export function refocus(root, key) {
  if (document.activeElement && document.activeElement !== document.body) return;
  byKey(root, key)?.focus({ preventScroll: true });
}

/** Let a table have these rows. What is as it was stays: a press of a button that spans the change is not lost.
 *
 * Whatever can be pressed bears a `data-key` of its own, so that what looks the same also does the same.
 */
export function fill(table, rows) {
  const body = table.tBodies[0];
  const active = document.activeElement;
  const kept = active && table.contains(active) ? active.dataset.key : null;
  rows.forEach((row, index) => (body.rows[index] ? patch(body.rows[index], row) : body.append(row)));
  while (body.rows.length > rows.length) body.rows[rows.length].remove();
  if (kept) refocus(table, kept);
}

function patch(old, made) {
  if (old.isEqualNode(made)) return;
  if (old.cells.length !== made.cells.length) {
    old.replaceWith(made);
    return;
  }
  for (const name of old.getAttributeNames()) if (!made.hasAttribute(name)) old.removeAttribute(name);
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
