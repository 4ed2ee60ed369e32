// Adding files: dropped or chosen, one after the other, each with its progress.

import { upload } from "./api.js";
import { count, element } from "./dom.js";

export function accept({ box, choose, input, list, clear, allowed, done }) {
  let last = Promise.resolve();
  const add = (files) => {
    for (const file of files) {
      const shown = line(file.name);
      list.append(shown.item);
      last = last.then(() => send(file, shown)).then(() => { clear.hidden = false; }).then(done);
    }
  };
  clear.addEventListener("click", () => {
    for (const item of list.querySelectorAll(".done")) item.remove();
    clear.hidden = true;
    choose.focus();
  });
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

async function send(file, { item, bar, told }) {
  told.textContent = "sending";
  try {
    const replaced = await upload(file, { sent: (part) => {
      bar.value = part;
      if (part === 1) told.textContent = "being read";
    }, done: (passages) => { if (passages) told.textContent = `${count(passages, "passage")} done`; } });
    told.textContent = replaced ? "replaced" : "added";
  } catch (error) {
    told.textContent = error.message;
    told.classList.add("problem");
  }
  bar.remove();
  item.classList.add("done");
}

function line(name) {
  const bar = element("progress", { max: 1, value: 0, "aria-label": `Sending ${name}` });
  const told = element("span", { role: "status" }, "waiting");
  return { bar, told, item: element("li", {}, element("bdi", {}, name), bar, told) };
}
