// Talking to the service. Every failure becomes a Failure whose message can be shown.

import { authorization, demand } from "./key.js";

export class Failure extends Error {
  // `status` 0: not reached. `wait`: after how many seconds the service wants to be asked again, null if it did not say.
  constructor(message, status = 0, wait = null) {
    super(message);
    this.status = status;
    this.wait = wait;
  }
}

const EVENTS = "text/event-stream";
const UNREACHED = "The service cannot be reached. Is it running?";

async function request(path, options = {}) {
  for (;;) {
    const key = authorization();
    const response = await reached(path, { ...options, headers: { ...options.headers, ...key } });
    if (response.status === 401 && await demand(key.Authorization)) continue;
    if (response.status === 204) return null;
    if (response.headers.get("Content-Type")?.startsWith(EVENTS)) return followed(response, options);
    const body = await response.json().catch(() => null);
    options.signal?.throwIfAborted(); // what was given up meanwhile is neither read nor a failure
    if (response.ok && body) return body;
    throw failure(response.status, body, response.headers.get("Retry-After"));
  }
}

async function reached(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(UNREACHED);
  }
}

// Reads a stream to its answer; the words taken over and the passages come before it, for `taken` and `found`.
async function followed(response, { signal, taken, found }) {
  for await (const { event, data } of events(response)) {
    signal?.throwIfAborted();
    if (event === "context") taken?.(data.chips);
    if (event === "evidence") found?.(data.evidence);
    if (event === "answer") return data;
    if (event === "problem") throw failure(data.status, data, null);
  }
  throw new Failure(UNREACHED);
}

// The events of a stream as the service sends them: a line that names one, a line with its JSON, a blank line.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new Failure(UNREACHED);
    });
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      if (event) yield { event, data: JSON.parse(data) };
    }
  }
}

function failure(status, body, after) {
  const faults = (body?.errors ?? []).map((fault) => fault.detail).join(" ");
  const message = status === 401 ? "The service answers only to those who have its key."
    : faults || body?.detail || `The service answered with status ${status}.`;
  const wait = (status === 503 || status === 429) && /^\d{1,4}$/.test(after ?? "") ? Number(after) : null;
  return new Failure(message, status, wait);
}

function posted(path, content, signal, options = {}) {
  const headers = { "Content-Type": "application/json", ...options.headers };
  return request(path, { ...options, method: "POST", headers, body: JSON.stringify(content), signal });
}

const path = (id) => id.split("/").map(encodeURIComponent).join("/");
const address = (id) => `api/documents/${path(id)}`;
export const fileOf = (id) => `api/originals/${path(id)}`;

// `taken` is given the words that are taken over, `found` the passages as soon as they are known, before they are read.
export const ask = (body, signal, heard) => posted("api/ask", body, signal, { ...heard, headers: { Accept: `${EVENTS}, application/json;q=0.9` } });
export const verify = (citation, signal) => posted("api/verify", { citation }, signal);
export const judge = (feedback) => posted("api/feedback", feedback);
export const readDocument = (id, signal) => request(address(id), { signal });
export const removeDocument = (id) => request(address(id), { method: "DELETE", keepalive: true });

export const facets = () => request("api/facets");
export const search = (body, signal) => posted("api/search", body, signal);
export const verifyQuotes = (text, signal) => posted("api/verify/quotes", { text }, signal);

export function verifyQuotesIn(file, signal) {
  const body = new FormData();
  body.append("file", file);
  return request("api/verify/quotes", { method: "POST", body, signal });
}

// `more`: the order, and what narrows the list, as the service names them.
export function listDocuments({ limit, q = "", cursor = null, more = {}, signal }) {
  const query = new URLSearchParams({ limit, q, ...more });
  if (cursor) query.set("cursor", cursor);
  return request(`api/documents?${query}`, { signal });
}

// What the service allows; what it does not say, it does not allow. And whether its confidence was calibrated.
let permitted = null;
let fetched = false;
export const originals = () => fetched; // whether a link can lead to original files: one has no key to send along
export function permissions() {
  permitted ??= request("api/ready").then(({ writing = false, confidence, originals: given, authentication }) => {
    fetched = Boolean(given && !authentication);
    remembered(() => localStorage.setItem(WRITING, String(writing)));
    return { writing, calibrated: confidence?.fitted_to === "documents" };
  });
  return permitted.catch(() => { permitted = null; return { writing: false, calibrated: false }; });
}

// Whether it allowed writing when it was last asked, so that what depends on it need not move; null if it never was.
const WRITING = "citeqa.writing";
export function mayWrite() {
  const said = remembered(() => localStorage.getItem(WRITING));
  return said ? said === "true" : null;
}

function remembered(work) {
  try {
    return work();
  } catch {
    return null; // storage is switched off
  }
}

// Sends a file and tells how far it has come, from 0 to 1; fetch cannot tell that yet. Whether it replaced another.
// `progress.sent` is told that, `progress.done` how many passages are embedded.
export async function upload(file, progress) {
  for (;;) {
    const key = authorization();
    const { status, body, after } = await sent(file, key, progress);
    if (status === 401 && await demand(key.Authorization)) continue;
    if (body && (status === 200 || status === 201)) return Boolean(body.replaced);
    throw status >= 400 ? failure(status, body, after) : new Failure(UNREACHED);
  }
}

function sent(file, headers, progress) {
  return new Promise((settle) => {
    const form = new FormData();
    form.append("file", file);
    const call = new XMLHttpRequest();
    call.open("POST", "api/documents");
    call.setRequestHeader("Accept", `${EVENTS}, application/json;q=0.9`);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.addEventListener("progress", (event) => event.lengthComputable && progress.sent(event.loaded / event.total));
    call.addEventListener("progress", () => progress.done(brought(call)?.passages));
    call.addEventListener("loadend", () => {
      const body = brought(call);
      settle({ status: body?.status ?? call.status, body, after: call.getResponseHeader("Retry-After") });
    });
    call.send(form);
  });
}

// What the last event of a response says so far, or the response itself where it is JSON.
function brought(call) {
  const events = call.getResponseHeader("Content-Type")?.startsWith(EVENTS);
  const whole = call.responseText;
  const text = events ? /\ndata: (.*)\n\n$/.exec(whole.slice(0, whole.lastIndexOf("\n\n") + 2))?.[1] : whole;
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
