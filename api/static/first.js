// Before the first picture: a link to a document keeps its room on a wide window (see source.js), so that nothing moves.

if (location.hash.startsWith("#document=") && matchMedia("(min-width: 64rem)").matches) {
  document.documentElement.classList.add("beside");
}
