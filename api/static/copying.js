// "Copy": the quote with its citation, in the form that is chosen.

import { FORMATS } from "./citing.js";
import { at, beside, button } from "./dom.js";
import { say } from "./toast.js";

const menu = at("copy-menu");
let chosen = null; // the citation that the menu is open for
let opener = null;

export function copyButton(citation) {
  return button("Copy", (event) => {
    chosen = citation;
    opener = event.currentTarget;
    menu.showPopover({ source: opener });
    beside(menu, opener);
    menu.querySelector("button").focus();
  }, { class: "quiet", "aria-haspopup": "true", "aria-label": "Copy the quote with its citation" });
}

menu.addEventListener("click", async ({ target }) => {
  const format = target.closest("button")?.dataset.format;
  if (!format) return;
  const text = FORMATS[format](chosen);
  menu.hidePopover();
  opener.focus();
  say(await copied(text) ? "Copied" : "The browser did not allow copying");
});

menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button")];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
});

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedTheOldWay(text); // pages that come over plain HTTP have no clipboard of their own
  }
}

function copiedTheOldWay(text) {
  const before = document.activeElement;
  const box = document.createElement("textarea");
  box.value = text;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  before?.focus();
  return done;
}
