// All keys, shown by "?".

import { element } from "./dom.js";

const KEYS = [
  ["/", "to the question"], ["Enter", "ask"], ["Shift + Enter", "a new line"], ["↑", "in an empty question: the last one again"],
  ["Esc", "stop; close the document"], ["n, p", "the next and the previous mark in the document"],
  ["Ctrl + F", "find in the document that is open"], ["?", "these keys"],
];
const dialog = element("dialog", { id: "keys", "aria-labelledby": "keys-title", closedby: "any" },
  element("h2", { id: "keys-title" }, "Keys"),
  element("dl", {}, ...KEYS.flatMap(([key, does]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)])),
  element("form", { method: "dialog", class: "row" }, element("button", { class: "strong" }, "Close")));
document.body.append(dialog);

export const show = () => dialog.open || dialog.showModal();
