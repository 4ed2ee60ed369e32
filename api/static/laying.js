// A document's text as elements: few enough that a megabyte opens at once, and together exactly the text.

import { element, shown } from "./dom.js";

const BLOCK = 6_000; // UTF-16 units, at least, before a line's end ends a block
const LONGEST = 12_000; // a line longer than this is cut, at a blank if there is one

// `marks`: [{ start, end }] in UTF-16 units, overlapping or not. Gives the blocks, and for each mark its elements in
// order: where marks overlap, an element belongs to each of them.
export function laid(text, marks) {
  const cut = new Set(cuts(text).filter((at) => !marks.some(({ start, end }) => start < at && at < end)));
  const edges = new Set([0, text.length, ...cut, ...marks.flatMap(({ start, end }) => [start, end])]);
  const sorted = [...edges].sort((a, b) => a - b);
  const pieces = new Map(marks.map((mark) => [mark, []]));
  const blocks = [];
  for (let i = 0; i + 1 < sorted.length; i++) {
    const [from, to] = [sorted[i], sorted[i + 1]];
    if (!blocks.length || cut.has(from)) blocks.push(element("div", { class: "block" }));
    const over = marks.filter(({ start, end }) => start <= from && to <= end);
    const words = shown(text.slice(from, to));
    const piece = over.length ? element("mark", {}, words) : words;
    blocks.at(-1).append(piece);
    for (const mark of over) pieces.get(mark).push(piece);
  }
  return { blocks, pieces };
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

// Where code point `position` stands in UTF-16 units.
export function utf16(text, position) {
  let unit = 0;
  for (let seen = 0; seen < position && unit < text.length; seen++) unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  return unit;
}
