import { send } from "./api.js";

const form = document.getElementById("login");
const field = document.getElementById("token");
const error = document.getElementById("token-error");
const button = form.querySelector("button");

/** Only paths of this very site: whoever made the link to this page may have written anything there. */
function destination() {
  const wished = form.dataset.next;
  try {
    const url = new URL(wished, location.origin);
    if (wished.startsWith("/") && !wished.startsWith("//") && url.origin === location.origin) return url.href;
  } catch {
    // Not a path at all.
  }
  return "/";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.textContent = "";
  const token = field.value.trim();
  field.removeAttribute("aria-invalid");
  if (!token) {
    error.textContent = "Paste a token first.";
    field.setAttribute("aria-invalid", "true");
    field.focus();
    return;
  }
  button.disabled = true;
  try {
    await send("POST", "/auth/session", { token }, { anonymous: true });
    field.value = "";
    location.assign(destination());
  } catch (problem) {
    error.textContent = problem.message;
    field.setAttribute("aria-invalid", "true");
    field.focus();
    button.disabled = false;
  }
});
field.focus();
