// The conversation: asking, waiting, failing, trying again.

import { ask, listDocuments } from "./api.js";
import { element } from "./dom.js";
import { problem, reply, summary, working } from "./turn.js";

// Questions to try, by the document of the seed corpus that answers them.
const EXAMPLES = {
  "002_73ec0a3e5fd5a0e3": "How much humanitarian aid has the U.S. pledged to the Cubans?",
  "003_06306681cd2de5d0": "Why did Claver-Carone praise Andrew Holness?",
  "004_ce34eba21ef0286a": "When and where did the maritime security working group meet?",
  "001_6fe46eaa118b1c1d": "Which countries did Rubio's tour in March include?",
};

const form = document.getElementById("ask");
const question = document.getElementById("question");
const conversation = document.getElementById("conversation");
const status = document.getElementById("status");
const welcome = document.getElementById("welcome");
let running = null; // the AbortController of the question that is being answered

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question.value.trim();
  if (!asked) return;
  question.value = "";
  start(asked);
});

question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

function start(asked) {
  welcome.hidden = true;
  const body = element("div");
  conversation.append(element("li", {}, element("h2", { dir: "auto" }, asked), body));
  answer(asked, body);
}

async function answer(asked, body) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  status.textContent = "Searching the documents";
  body.replaceChildren(working());
  body.parentElement.scrollIntoView({ block: "start" });
  try {
    const response = await ask(asked, mine.signal);
    body.replaceChildren(reply(response));
    status.textContent = summary(response);
  } catch (error) {
    const stopped = error.name === "AbortError";
    const message = stopped ? "Stopped, because another question was asked." : error.message;
    body.replaceChildren(problem(message, () => { answer(asked, body); question.focus(); }));
    if (!stopped) status.textContent = "";
  } finally {
    if (running === mine) running = null;
  }
  body.parentElement.scrollIntoView({ block: "start" });
}

async function greet() {
  const { documents, total } = await listDocuments(8);
  document.getElementById("about").textContent =
    `Answers in the documents’ own words. ${total} ${total === 1 ? "document" : "documents"}.`;
  const examples = documents.filter(({ id }) => id in EXAMPLES).map(({ id }) => EXAMPLES[id]);
  document.getElementById("welcome-title").textContent =
    examples.length ? "Questions to try" : total ? "Some of the documents" : "There are no documents yet";
  const items = examples.length
    ? examples.map((text) => element("button", { type: "button", onclick: () => { start(text); question.focus(); } }, text))
    : documents.map(({ title }) => element("span", { dir: "auto" }, title));
  document.getElementById("suggestions").replaceChildren(...items.map((item) => element("li", {}, item)));
  if (!conversation.childElementCount) welcome.hidden = false;
}

question.focus();
greet().catch(() => {}); // the page works without its greeting; asking will say what is wrong
