// Offsets: the service counts code points, JavaScript UTF-16 units.

// Where code point `position` stands in UTF-16 units.
export function utf16(text, position) {
  let unit = 0;
  for (let seen = 0; seen < position && unit < text.length; seen++) unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  return unit;
}

// The spans of `given`, which count code points, in UTF-16 units; one walk through the text for all of them.
export function inUnits(text, given) {
  if (!/[\ud800-\udbff]/.test(text)) return given;
  const wanted = [...new Set(given.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const units = new Map();
  let unit = 0;
  let seen = 0;
  for (const position of wanted) {
    for (; seen < position && unit < text.length; seen++) unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
    units.set(position, unit);
  }
  return given.map((each) => ({ ...each, start: units.get(each.start), end: units.get(each.end) }));
}
