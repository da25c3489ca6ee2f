// What the server refuses of a form, said at the field that it is about.

import { el, part } from "./elements.js";
import { messageOf } from "./ui.js";

/** Take back what was said about a form. */
export function accept(form) {
  for (const told of form.querySelectorAll(".refused")) told.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  part(form, "refused").textContent = "";
}

/** The control of a field of the API, or of what holds it: `channels.0` is said at `channels`. */
function controlOf(form, field) {
  for (let name = field; name; name = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "") {
    const found = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (found) return found;
  }
  return null;
}

/** Say what is wrong with a form; the first field at fault gets the focus, what is about no field stands at its end. */
export function refuse(form, error) {
  accept(form);
  const faults = error.document?.errors ?? [];
  const rest = [];
  let first = null;
  for (const { field, rule } of faults) {
    const control = controlOf(form, field);
    if (!control) {
      rest.push(`${field} ${rule}`);
      continue;
    }
    const id = `${control.id}-refused`;
    if (control.hasAttribute("aria-invalid")) {
      document.getElementById(id).append(`; ${rule}`);
      continue;
    }
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", id);
    control.closest(".field").append(el("p", { class: "error refused", id }, rule));
    first ??= control;
  }
  part(form, "refused").textContent = faults.length ? rest.join("; ") : messageOf(error);
  first?.focus();
}
