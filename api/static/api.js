// Talking to the service. Every failure becomes a Failure whose message can be shown.

export class Failure extends Error {}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The service cannot be reached. Is it running?");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  const faults = (body?.errors ?? []).map((fault) => fault.detail).join(" ");
  throw new Failure(faults || body?.detail || `The service answered with status ${response.status}.`);
}

export function ask(question, signal) {
  return request("api/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ question }),
    signal,
  });
}

export function listDocuments(limit) {
  return request(`api/documents?limit=${limit}`);
}

export function readDocument(id) {
  return request(`api/documents/${id.split("/").map(encodeURIComponent).join("/")}`);
}
