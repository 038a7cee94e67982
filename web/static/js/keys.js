// Keys for those who work with lists all day: / searches, j and k go through the rows. Never while somebody is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest("input, textarea, select")) return;
  if (event.key === "/") {
    document.querySelector(".find input")?.focus();
    event.preventDefault();
  }
  if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll("a.title")];
    const next = links.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
    links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
  }
});
