// A passage in few lines: the sentence that matters in the middle, the words that may answer marked.

const LENGTH = 230; // UTF-16 units, about three lines

// Elements' worth of text: [before, marked, after], the middle one empty where nothing is to be marked. `mark` is
// { start, end } in UTF-16 units of the text, or null; then the sentence with most of the question's words is centred.
export function excerpt(text, mark, question) {
  const centre = mark ?? best(text, question);
  const room = Math.max(LENGTH - (centre.end - centre.start), 0);
  const from = opening(text, Math.max(0, centre.start - Math.floor(room * .4)), centre.start);
  const to = closing(text, Math.min(text.length, centre.end + LENGTH - Math.min(centre.end - from, LENGTH)), centre.end);
  const before = `${from ? "… " : ""}${text.slice(from, centre.start)}`;
  const after = `${text.slice(centre.end, to)}${to < text.length ? " …" : ""}`;
  const whole = [before, text.slice(centre.start, centre.end), after];
  return (mark ? whole : [whole.join(""), "", ""]).map(closed);
}

// Blank lines are closed up.
export const closed = (text) => text.replace(/[^\S\n]*\r?\n\s*/g, "\n");

// Where a piece may begin and end without cutting a word.
function opening(text, near, last) {
  if (!near) return 0;
  const blank = text.slice(near, last).search(/\s/);
  return blank < 0 ? last : near + blank + 1;
}

function closing(text, near, first) {
  if (near === text.length) return near;
  const blank = text.slice(first, near).search(/\s\S*$/);
  return blank < 0 ? first : first + blank;
}

function best(text, question) {
  const asked = stems(question);
  let found = { start: 0, end: 0, shared: 0 };
  for (const { start, end } of sentences(text)) {
    const shared = [...stems(text.slice(start, end))].filter((stem) => asked.has(stem)).length;
    if (shared > found.shared) found = { start, end, shared };
  }
  return found;
}

// Of words that say something: enough of each that its forms are the same.
const stems = (text) => new Set((text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).map((word) => word.slice(0, 5)));

export function sentences(text) {
  if (!Intl.Segmenter) return [{ start: 0, end: text.length }];
  return [...new Intl.Segmenter("en", { granularity: "sentence" }).segment(text)]
    .map(({ segment, index }) => ({ start: index, end: index + segment.trimEnd().length }));
}
