// All conversations: another one, a new one, renamed, deleted, saved. Loaded when the menu opens.

import { stop } from "./asking.js";
import * as conversation from "./conversation.js";
import { at, beside, button, element, isolatedText } from "./dom.js";
import { json, markdown, save } from "./saving.js";
import * as store from "./store.js";
import * as talk from "./talk.js";
import { say } from "./toast.js";

const menu = at("conversation-menu");

export async function show() {
  const here = conversation.id();
  const known = (await store.all("conversations")).sort((a, b) => b.changed - a.changed);
  const earlier = known.filter(({ id }) => id !== here);
  at("earlier").replaceChildren(...earlier.map((each) => element("li", {}, button(each.title, () => go(each.id), { dir: "auto" }))));
  at("earlier-title").hidden = !earlier.length;
  for (const id of ["rename", "save-markdown", "save-json", "clear"]) at(id).hidden = !conversation.all().length;
  menu.classList.add("ready");
  beside(menu, at("conversation-menu-button"));
}

async function go(which) {
  location.hash = "";
  await talk.change(which);
  at("welcome").hidden = conversation.all().length > 0;
  at("question").focus();
}

async function rename() {
  const { title } = await store.get("conversations", conversation.id());
  const field = element("input", { value: title, maxlength: "200", dir: "auto", "aria-label": "The conversation’s title" });
  const form = element("form", { class: "renaming", onsubmit: (event) => {
    event.preventDefault();
    const given = field.value.trim();
    if (given) store.change("conversations", conversation.id(), (each) => ({ ...each, title: given }));
    menu.hidePopover();
    at("question").focus();
  } }, field, button("Rename", () => form.requestSubmit()));
  at("rename").after(form);
  beside(menu, at("conversation-menu-button")); // it may have become wider
  field.select();
}

async function remove() {
  stop("Stopped.");
  const gone = await conversation.removed(conversation.id());
  await go(null);
  const title = isolatedText(gone.conversation?.title ?? "");
  if (!await say(`Deleted “${title}”`, { undoable: true, seconds: 8 })) return;
  await conversation.restored(gone);
  await go(gone.conversation.id);
}

const named = (kind) => `conversation.${kind}`;

at("new").addEventListener("click", () => go(null));
at("rename").addEventListener("click", rename);
at("clear").addEventListener("click", remove);
at("save-markdown").addEventListener("click", () => save(named("md"), "text/markdown", markdown(conversation.all())));
at("save-json").addEventListener("click", () => save(named("json"), "application/json", json(conversation.all())));
menu.addEventListener("click", ({ target }) => target.closest("button") && target.id !== "rename" && !target.closest("form") && menu.hidePopover());
menu.addEventListener("toggle", ({ newState }) => newState === "closed" && menu.querySelector(".renaming")?.remove());
