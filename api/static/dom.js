// Building elements. Text only ever enters a page as text nodes: nothing here, or anywhere, parses markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// A slice [start, end) of a text marked inside [from, to), all in UTF-16 units as the `_utf16` fields give them.
export function marked(text, start, end, from = 0, to = text.length) {
  const mark = element("mark", {}, text.slice(start, end));
  return { parts: [text.slice(from, start), mark, text.slice(end, to)], mark };
}
