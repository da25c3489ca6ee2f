// plotly.js in our colours. Its script comes when it comes: a chart that is asked for earlier waits for it.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const shown = new Map();
const dark = matchMedia("(prefers-color-scheme: dark)");

const ready = new Promise((resolve) => {
  if (window.Plotly || document.readyState === "complete") resolve();
  else addEventListener("load", resolve, { once: true });
});

export const series = (number) => colour(`--series-${number}`);
export const tone = (name) => colour(`--${name}`);

/** Names of a laboratory are text; plotly.js would read tags in them. */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A name as the charts show it. They lose what every object has (`toString`), so such a name gets a mark without width. */
export const plain = (text) => escaped(String(text)) + (text in {} ? "\u200b" : "");

const LONGEST_LABEL = 12;

/** A name as an axis shows it: shortened, the whole of it being in the hover. */
export const label = (text) => plain([...text].length > LONGEST_LABEL ? `${[...text].slice(0, LONGEST_LABEL - 1).join("")}…` : text);

/** Labels of a time axis: the hour, and below it the day where that changes; or the day, and below it the year. */
export const timeAxis = (grain) => ({ type: "date", tickformat: grain === "hour" ? "%H:%M\n%d %b" : "%d %b\n%Y" });

function layout(extra) {
  const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true, tickfont: { size: 11 }, fixedrange: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 44, r: 8, t: 14, b: 34 },
    font: { family: "system-ui, sans-serif", size: 12, color: colour("--muted") }, showlegend: false, dragmode: false, bargap: 0.18,
    hoverlabel: { bgcolor: colour("--surface"), bordercolor: colour("--line"), font: { color: colour("--text"), size: 12 } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
    ...extra, xaxis: { ...axis, showgrid: false, ...(extra.xaxis || {}) }, yaxis: { ...axis, rangemode: "tozero", ...(extra.yaxis || {}) },
  };
}

/** Draw what `make` returns ({data, layout}) into an element; again by itself when the colours change. */
export async function draw(node, make) {
  shown.set(node, make);
  await ready;
  const { data, layout: extra } = make();
  await window.Plotly.react(node, data, layout(extra || {}), { displayModeBar: false, responsive: true });
}

dark.addEventListener("change", () => {
  for (const [node, make] of shown) draw(node, make);
});
