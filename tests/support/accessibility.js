() => {
  const found = [];
  const say = (what, node) => found.push(`${what}: ${node.outerHTML.slice(0, 140)}`);
  const isSeen = (node) => {
    const style = getComputedStyle(node);
    if (style.visibility !== "visible" || style.display === "none" || !node.getClientRects().length) return false;
    return !node.closest(".unseen, .skip, [hidden], [aria-hidden=true]");
  };
  const nameOf = (node) => {
    const by = node.getAttribute("aria-labelledby");
    const labelled = by ? by.split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join(" ") : "";
    const labels = [...(node.labels || [])].map((label) => label.textContent).join(" ");
    const image = node.querySelector?.("img[alt]")?.alt || "";
    return (node.getAttribute("aria-label") || labelled || labels || node.textContent || image || node.title || "").trim();
  };
  if (document.querySelectorAll("h1").length !== 1) found.push("there must be one h1");
  if (document.querySelectorAll("main").length !== 1) found.push("there must be one main");
  if (!document.documentElement.lang) found.push("the document has no language");
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) found.push(`the id ${id} is there twice`);
  for (const node of document.querySelectorAll("a[href], button, input, select, textarea, [role=img], [role=group], nav, section, progress")) {
    if (node.type !== "hidden" && !nameOf(node) && !node.closest("[hidden]")) say("has no name", node);
  }
  for (const node of document.querySelectorAll("input, select, textarea")) if (!node.labels?.length && !node.getAttribute("aria-label")) say("has no label", node);
  for (const node of document.querySelectorAll("img:not([alt])")) say("has no alt", node);
  for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) say("changes the order of focus", node);
  for (const node of document.querySelectorAll("table")) {
    if (!node.caption) say("has no caption", node);
    for (const cell of node.querySelectorAll("thead th")) if (cell.scope !== "col") say("has no scope", cell);
  }
  for (const node of document.querySelectorAll("[style]")) if (!node.closest(".js-plotly-plot, .heat, #js-plotly-tester")) say("has a style of its own", node);

  const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (text) => {
    scratch.clearRect(0, 0, 1, 1);
    scratch.fillStyle = "#000";
    scratch.fillStyle = text;
    scratch.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = scratch.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const backgroundOf = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(read(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("svg") || ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(node.tagName) || !isSeen(node)) continue;
    const style = getComputedStyle(node);
    const under = backgroundOf(node);
    const [a, b] = [light(over(read(style.color), under)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, node);
  }
  return found;
}
