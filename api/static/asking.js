// Asking one question: waiting, being told to come back later, failing, trying again.

import { ask } from "./api.js";
import { at, count, element } from "./dom.js";
import { carried, context } from "./following.js";
import { today } from "./times.js";

const TRIES = 4; // how often a busy service is asked
const PATIENCE = 60; // seconds: a service that wants a longer pause is not waited for
const send = at("send");
let running = null; // the AbortController of the question that is being answered

export const busy = () => running !== null;

export function stop(why) {
  running?.abort(new DOMException(why, "AbortError"));
}

// Gives the turn with its time and response, however often the service says that it is busy; what is going on is shown
// by `show`, the passages that are read meanwhile by `found`. What it carries over from `previous` is found out first if
// it is not known, and handed to `known`. It is sent when it was kept, which `written` resolves to: what the service
// was asked is not lost.
export async function answered(turn, { previous, written, known, show, found }) {
  stop("Stopped, because another question was asked.");
  const mine = running = new AbortController();
  send.textContent = "Stop";
  try {
    const [chips] = await Promise.all([turn.chips ?? carried(turn.question, previous, mine.signal), written]);
    mine.signal.throwIfAborted();
    const whole = { ...turn, chips };
    if (!turn.chips) known(whole);
    const response = await patiently(wanted(whole), mine.signal, { show, found });
    return { ...whole, asked: new Date().toISOString(), response };
  } finally {
    if (running === mine) {
      running = null;
      send.textContent = "Ask";
    }
  }
}

function wanted({ question, filters, chips, use_dates = true }) {
  const carrying = context(chips);
  return { question, today: today(), ...filters && { filters }, ...carrying && { context: carrying }, ...!use_dates && { use_dates } };
}

async function patiently(body, signal, { show, found }) {
  for (let tried = 1; ; tried++) {
    try {
      return await ask(body, signal, found);
    } catch (error) {
      if (error.wait === null || error.wait === undefined || error.wait > PATIENCE || tried === TRIES) throw error;
      for (let left = Math.max(error.wait, 1); left; left--) {
        show(element("p", { class: "working" }, `The service is busy. Asking again in ${count(left, "second")} …`));
        await pause(1000, signal);
      }
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stopped = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal.removeEventListener("abort", stopped); resolve(); }, milliseconds);
    signal.addEventListener("abort", stopped, { once: true });
  });
}
