// Going through a list that the API gives page by page.

import { el, hide } from "./elements.js";

/** Buttons under a list; `go` gets the cursor of the page to go to, null for the newest. Returns how to tell them where the list is. */
export function pager(panel, go) {
  let next = null;
  const newest = el("button", { type: "button", class: "small", onclick: () => go(null) }, "Newest");
  const older = el("button", { type: "button", class: "small", onclick: () => go(next) }, "Older");
  const place = el("p", { class: "row pages" }, newest, older);
  const body = panel.querySelector(".panel-body");
  panel.querySelector(".panel-content").append(place);
  return (cursor, following) => {
    next = following;
    hide(newest, !cursor, body);
    hide(older, !following, body);
    place.hidden = !cursor && !following;
  };
}
