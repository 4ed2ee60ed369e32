// A word at the edge of the page, gone after a while; one at a time.

import { at, shown } from "./dom.js";

const toast = at("toast");
const undo = at("toast-undo");
let leaving = null; // { timer, done } of the toast that is shown

// Resolves to whether "Undo" was pressed; at once to false when another toast takes its place.
export function say(text, { undoable = false, seconds = 4 } = {}) {
  leaving?.done(false);
  return new Promise((settle) => {
    const done = (undone) => {
      clearTimeout(leaving.timer);
      leaving = null;
      toast.hidePopover();
      settle(undone);
    };
    leaving = { done, timer: setTimeout(() => done(false), seconds * 1000) };
    undo.hidden = !undoable;
    toast.showPopover();
    at("toast-text").textContent = shown(text);
    if (undoable) undo.focus();
  });
}

// Whatever waits for an undo waits no longer.
export const settle = () => leaving?.done(false);

undo.addEventListener("click", () => leaving?.done(true));
