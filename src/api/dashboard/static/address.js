// Filters in the address of a page.

import { query } from "./api.js";
import { notify } from "./ui.js";

const LONGEST_SHOWN = 30;

const article = (word) => `a${/^[aeo]/.test(word) ? "n" : ""} ${word}`;

/** Say which names in the address this page does not know; null where it knows all. */
export function unknownNames(known) {
  const names = [...new Set(new URLSearchParams(location.search).keys())].filter((name) => !known.includes(name));
  const [first, ...more] = names.map((name) => `"\u2068${name.slice(0, LONGEST_SHOWN)}${name.length > LONGEST_SHOWN ? "…" : ""}\u2069"`);
  if (!first) return null;
  return `${first}${more.length ? ` and ${more.length === 1 ? more[0] : `${more.length} others`}` : ""} in the address ${more.length ? "are" : "is"} nothing that this page knows, and ${more.length ? "were" : "was"} left out.`;
}

/** Take out of the address what cannot be asked, and say so; `known` has [what it is called, test] by name. */
export function tidy(known) {
  const given = new URLSearchParams(location.search);
  const wrong = Object.keys(known).filter((name) => given.has(name) && !known[name][1](given.get(name)));
  const unknown = unknownNames(Object.keys(known));
  if (!wrong.length && !unknown) return;
  for (const name of [...given.keys()]) if (wrong.includes(name) || !Object.hasOwn(known, name)) given.delete(name);
  history.replaceState(null, "", location.pathname + query(Object.fromEntries(given)));
  const told = wrong.length ? `The address asks for ${wrong.map((name) => article(known[name][0])).join(" and ")} that cannot be. That part was left out.` : "";
  notify([told, unknown].filter(Boolean).join(" "));
}

/** Tests whether a text may be a name of at most so many characters. */
export const isName = (longest) => (text) => [...text].length <= longest && !/\p{Cc}/u.test(text);

/** What the address says under a name; empty where it says nothing. */
export const asked = (name) => new URLSearchParams(location.search).get(name) || "";
