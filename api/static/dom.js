// Building elements. Text only ever enters a page as text nodes: nothing here, or anywhere, parses markup.

export const at = (id) => document.getElementById(id);

// A document may turn the direction of its letters around, so that a reader sees other words than are cited. Such
// overrides become visible replacement marks, as in the terminal; each is one UTF-16 unit, so no offset moves.
export const shown = (text) => text.replace(/[\u202d\u202e]/g, "\ufffd");

// An element; a function among the attributes (`onclick`) listens, null and false leave the attribute away.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  const given = children.filter((child) => child !== null && child !== undefined);
  made.append(...given.map((child) => typeof child === "string" ? shown(child) : child));
  return made;
}

export function button(label, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, label);
}

// Something that holds and can be taken away: what is shown of it, and its name in full.
export function chip(shown, name, onclick) {
  return button(element("span", {}, ...shown), onclick, { class: "chip on", "aria-label": `${name}. Remove`, title: "Remove" });
}

// Words of a document in a sentence of ours: their direction stays their own affair.
export const isolated = (text) => element("bdi", {}, text);

// The service's own sentence with the words that it quotes each kept to their own direction.
export const isolating = (text) => text.split(/(?<=“)([^”]*)(?=”)/).map((part, i) => i % 2 ? isolated(part) : part);

// The same where there are no elements: FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE.
export const isolatedText = (text) => `\u2068${shown(text)}\u2069`;

// A slice of a text with a slice of it marked; offsets in UTF-16 units, as the `_utf16` fields give them.
export function marked(text, start, end) {
  return [text.slice(0, start), element("mark", {}, text.slice(start, end)), text.slice(end)];
}

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

// A popover stands beside the button that opened it, inside the window.
export function beside(panel, opener) {
  const from = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = from.bottom + 6 + height <= innerHeight || from.top < innerHeight / 2;
  panel.style.left = `${Math.max(8, Math.min(from.left, innerWidth - width - 8))}px`;
  panel.style.top = `${Math.max(8, below ? Math.min(from.bottom + 6, innerHeight - height - 8) : from.top - height - 6)}px`;
}
