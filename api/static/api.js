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

const UNREACHED = "The service cannot be reached. Is it running?";

async function request(path, options = {}) {
  for (;;) {
    const key = authorization();
    const response = await reached(path, { ...options, headers: { ...options.headers, ...key } });
    if (response.status === 401 && await demand(key.Authorization)) continue;
    if (response.status === 204) return null;
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

function failure(status, body, after) {
  const faults = (body?.errors ?? []).map((fault) => fault.detail).join(" ");
  const message = status === 401 ? "The service answers only to those who have its key."
    : faults || body?.detail || `The service answered with status ${status}.`;
  const wait = (status === 503 || status === 429) && /^\d{1,4}$/.test(after ?? "") ? Number(after) : null;
  return new Failure(message, status, wait);
}

function posted(path, content, signal) {
  const headers = { "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(content), signal });
}

const address = (id) => `api/documents/${id.split("/").map(encodeURIComponent).join("/")}`;

export const ask = (body, signal) => posted("api/ask", body, signal);
export const complete = (body, signal) => posted("api/context", body, signal);
export const verify = (citation, signal) => posted("api/verify", { citation }, signal);
export const judge = (feedback) => posted("api/feedback", feedback);
export const readDocument = (id, signal) => request(address(id), { signal });
export const removeDocument = (id) => request(address(id), { method: "DELETE", keepalive: true });

export function listDocuments({ limit, q = "", cursor = null, signal }) {
  const query = new URLSearchParams({ limit, q });
  if (cursor) query.set("cursor", cursor);
  return request(`api/documents?${query}`, { signal });
}

// What the service allows; what it does not say, it does not allow.
let permitted = null;
export function permissions() {
  permitted ??= request("api/ready").then(({ writing = false }) => ({ writing }));
  return permitted.catch(() => { permitted = null; return { writing: false }; });
}

// Sends a file and tells how far it has come, from 0 to 1; fetch cannot tell that yet. Whether it replaced another.
export async function upload(file, progress) {
  for (;;) {
    const key = authorization();
    const { status, body, after } = await sent(file, key, progress);
    if (status === 401 && await demand(key.Authorization)) continue;
    if (status === 200 || status === 201) return status === 200;
    throw status ? failure(status, body, after) : new Failure(UNREACHED);
  }
}

function sent(file, headers, progress) {
  return new Promise((settle) => {
    const form = new FormData();
    form.append("file", file);
    const call = new XMLHttpRequest();
    call.open("POST", "api/documents");
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.responseType = "json";
    call.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    call.addEventListener("loadend", () =>
      settle({ status: call.status, body: call.response, after: call.getResponseHeader("Retry-After") }));
    call.send(form);
  });
}
