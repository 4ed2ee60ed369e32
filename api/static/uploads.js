// Adding files: dropped or chosen, one after the other, each with its progress.

import { upload } from "./api.js";
import { element } from "./dom.js";

export function accept({ box, choose, input, list, allowed, done }) {
  let last = Promise.resolve();
  const add = (files) => {
    for (const file of files) {
      const shown = line(file.name);
      list.append(shown.item);
      last = last.then(() => send(file, shown)).then(done);
    }
  };
  choose.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    box.addEventListener(kind, (event) => {
      if (!allowed() || !event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      box.classList.add("dropping");
    });
  }
  box.addEventListener("dragleave", (event) => box.contains(event.relatedTarget) || box.classList.remove("dropping"));
  box.addEventListener("drop", (event) => {
    box.classList.remove("dropping");
    if (!allowed()) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
}

async function send(file, { bar, told }) {
  told.textContent = "sending";
  try {
    const replaced = await upload(file, (part) => {
      bar.value = part;
      if (part === 1) told.textContent = "being read";
    });
    told.textContent = replaced ? "replaced" : "added";
  } catch (error) {
    told.textContent = error.message;
    told.classList.add("problem");
  }
  bar.remove();
}

function line(name) {
  const bar = element("progress", { max: 1, value: 0, "aria-label": `Sending ${name}` });
  const told = element("span", { role: "status" }, "waiting");
  return { bar, told, item: element("li", {}, element("bdi", {}, name), bar, told) };
}
