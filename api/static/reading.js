// Finding one's way in the document that is open: its headings, its marks beside the scrollbar, words looked for in it.

import { at, beside, button, element } from "./dom.js";

const MOST = 2000; // words that are found and shown
const text = at("source-text");
const ticks = at("source-ticks");
const search = at("source-find");
const told = at("source-found");
const menu = at("outline");
const opener = at("source-contents");
let whole = ""; // the text that is shown
let found = []; // { start, end } in UTF-16 units
let current = -1;

// `marks` and `headings`: { start, end } in UTF-16 units, headings with their level.
export function over(shown, marks, headings) {
  whole = shown;
  const part = ({ start }) => `${(100 * start / Math.max(shown.length, 1)).toFixed(2)}%`;
  ticks.replaceChildren(...marks.map((mark) => {
    const tick = element("span");
    tick.style.top = part(mark);
    return tick;
  }));
  opener.hidden = headings.length < 2;
  const least = Math.min(...headings.map(({ level }) => level));
  menu.replaceChildren(...headings.map(({ start, end, level }) => {
    const item = button(shown.slice(start, end).replace(/\s+/g, " "), () => { menu.hidePopover(); to({ start, end }); }, { dir: "auto" });
    item.style.paddingInlineStart = `${.8 + .9 * Math.min(level - least, 4)}rem`;
    return item;
  }));
  search.value = "";
  look();
}

menu.addEventListener("toggle", ({ newState }) => newState === "open" && beside(menu, opener));

// Without regard to case; no part of a document is markup here, nor is what is looked for.
function look() {
  const wanted = search.value.trim().toLowerCase();
  const low = whole.toLowerCase();
  found = [];
  if (wanted && low.length === whole.length) {
    for (let from = low.indexOf(wanted); from >= 0 && found.length < MOST; from = low.indexOf(wanted, from + wanted.length)) {
      found.push({ start: from, end: from + wanted.length });
    }
  }
  current = -1;
  paint();
  told.textContent = wanted ? `${found.length}${found.length === MOST ? "+" : ""} found` : "";
}

function paint() {
  if (!globalThis.CSS?.highlights) return;
  const ranges = found.map(range);
  CSS.highlights.set("found", new Highlight(...ranges));
  CSS.highlights.set("found-current", new Highlight(...ranges.slice(current, current + 1).filter(() => current >= 0)));
}

function step(by) {
  if (!found.length) return;
  current = (current + by + found.length + (current < 0 && by < 0 ? 1 : 0)) % found.length;
  told.textContent = `${current + 1} of ${found.length}`;
  paint();
  to(found[current]);
}

// Where a slice of the text stands on the page; its elements hold exactly the text.
function range({ start, end }) {
  const places = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const made = document.createRange();
  for (let seen = 0, begun = false, node; (node = places.nextNode()); seen += node.length) {
    if (!begun && start < seen + node.length) begun = !made.setStart(node, start - seen);
    if (begun && end <= seen + node.length) {
      made.setEnd(node, end - seen);
      break;
    }
  }
  return made;
}

// To the upper third, until it stays there: blocks get their real height when they come near.
function to(place) {
  const there = range(place);
  let frames = 12;
  there.startContainer.parentElement?.closest(".block")?.scrollIntoView({ block: "nearest" });
  const settle = () => {
    const { top } = there.getBoundingClientRect();
    const pane = text.getBoundingClientRect();
    text.scrollTop += top - pane.top - pane.height * .3;
    if (frames--) requestAnimationFrame(settle);
  };
  settle();
}

search.addEventListener("input", look);
search.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  step(event.shiftKey ? -1 : 1);
});
at("source").addEventListener("keydown", (event) => {
  if (event.key !== "f" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  search.select();
});
