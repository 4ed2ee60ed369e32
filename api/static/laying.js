// A document's text as elements: few enough that a megabyte opens at once, and together exactly the text.

import { element, shown } from "./dom.js";
import { drawing } from "./tables.js";

const BLOCK = 6_000; // UTF-16 units, at least, before a line's end ends a block
const LONGEST = 12_000; // a line longer than this is cut, at a blank if there is one

// `marks`: [{ start, end }] in UTF-16 units, overlapping or not. Gives the blocks, and for each mark its elements in
// order: where marks overlap, an element belongs to each of them. `headings`: the same with their level;
// `tables`: see tables.js. `pages`: { start, number, link } of each page's beginning; the break adds no text.
export function laid(text, marks, { headings = [], tables = [], pages = [] } = {}) {
  const uncut = [...marks, ...tables];
  const cut = new Set(cuts(text).filter((at) => !uncut.some(({ start, end }) => start < at && at < end)));
  const breaks = new Map(pages.map((page) => [page.start, page]));
  const parts = [...marks, ...headings, ...tables, ...tables.flatMap(({ cells }) => cells)];
  const edges = new Set([0, text.length, ...cut, ...breaks.keys(), ...parts.flatMap(({ start, end }) => [start, end])]);
  const sorted = [...edges].sort((a, b) => a - b);
  const pieces = new Map(marks.map((mark) => [mark, []]));
  const blocks = [];
  let table = -1; // the one that was begun last
  let place = null; // where its text goes
  for (let i = 0; i + 1 < sorted.length; i++) {
    const [from, to] = [sorted[i], sorted[i + 1]];
    if (!blocks.length || cut.has(from)) blocks.push(element("div", { class: "block" }));
    if (breaks.has(from)) blocks.at(-1).append(broken(breaks.get(from)));
    if (tables[table + 1]?.start === from) place = drawing(tables[++table], blocks.at(-1));
    const over = marks.filter(({ start, end }) => start <= from && to <= end);
    const words = shown(text.slice(from, to));
    const piece = over.length ? element("mark", {}, words) : words;
    const parent = from < tables[table]?.end ? place(from) : blocks.at(-1);
    const heading = headings.find(({ start, end }) => start <= from && to <= end);
    parent.append(heading ? titled(heading, piece) : piece);
    for (const mark of over) pieces.get(mark).push(piece);
  }
  return { blocks, pieces };
}

// Its words are the style sheet's, so that what is marked and counted is the text alone.
function broken({ number, link }) {
  const label = `Page ${number}`;
  if (!link) return element("span", { class: "page", role: "separator", "aria-label": label, "data-page": label });
  return element("a", { class: "page", href: link, target: "_blank", rel: "noopener", "aria-label": `${label} of the original`, "data-page": label });
}

function titled({ level }, piece) {
  return element("span", { class: "heading", role: "heading", "aria-level": Math.min(level + 1, 6) }, piece);
}

function cuts(text) {
  const found = [];
  for (let from = 0; text.length - from > BLOCK;) {
    const end = text.indexOf("\n", from + BLOCK) + 1 || text.length;
    from = end - from > LONGEST ? shortened(text, from) : end;
    if (from < text.length) found.push(from);
  }
  return found;
}

function shortened(text, from) {
  const blank = text.lastIndexOf(" ", from + LONGEST) + 1;
  if (blank > from) return blank;
  const end = from + LONGEST;
  return /[\ud800-\udbff]/.test(text[end - 1]) ? end - 1 : end; // never through a character
}
