// What there is to do where the index holds no documents yet, wherever that shows.

import { element } from "./dom.js";

export const EMPTY = "There are no documents yet";

// `adding`: how they are added here, by whom may write.
export function advice(writing, adding) {
  if (writing) return adding;
  const commands = ["citeqa index FOLDER", "citeqa serve --writing"].map((line) => element("code", {}, line));
  return ["Whoever runs the service adds them: ", commands[0], ", or ", commands[1], " for adding them here."];
}
