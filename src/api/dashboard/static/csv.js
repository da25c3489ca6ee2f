// Reading small CSV texts of our own API: quoted fields, doubled quotes, line ends inside quotes.

export function rowsOf(text) {
  const rows = [];
  let row = [];
  let field = "";
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const mark = text[index];
    if (quoted) {
      if (mark === '"' && text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else if (mark === '"') quoted = false;
      else field += mark;
    } else if (mark === '"') quoted = true;
    else if (mark === ",") {
      row.push(field);
      field = "";
    } else if (mark === "\n") {
      row.push(field);
      rows.push(row);
      row = [];
      field = "";
    } else if (mark !== "\r") field += mark;
  }
  if (field || row.length) rows.push([...row, field]);
  return rows;
}

/** Read at most so much of an answer, and end it there. */
export async function beginning(path, most = 200000) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (!answer.ok) return "";
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < most) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, text.lastIndexOf("\n") + 1);
}
