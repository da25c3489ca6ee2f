// Filters in the address of a page.

import { query } from "./api.js";
import { notify } from "./ui.js";

/** Take out of the address what cannot be asked, and say so; `known` has [what it is called, test] by name. */
export function tidy(known) {
  const given = new URLSearchParams(location.search);
  const wrong = Object.keys(known).filter((name) => given.has(name) && !known[name][1](given.get(name)));
  if (!wrong.length) return;
  for (const name of wrong) given.delete(name);
  history.replaceState(null, "", location.pathname + query(Object.fromEntries(given)));
  notify(`The address asks for ${wrong.map((name) => `a${/^[aeo]/.test(known[name][0]) ? "n" : ""} ${known[name][0]}`).join(" and ")} that cannot be. That filter was left out.`);
}

/** Tests whether a text may be a name of at most so many characters. */
export const isName = (longest) => (text) => [...text].length <= longest && !/\p{Cc}/u.test(text);
