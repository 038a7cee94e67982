// Typing: Enter that belongs to an input method never submits; a form is sent once; opening a form puts the cursor into it.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.isComposing || event.keyCode === 229) && event.target.tagName === "INPUT") event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  // Not at once: a disabled button would not be sent with the form.
  setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
});

// Back from the next page: the form may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
  }
});

document.addEventListener("toggle", (event) => {
  const details = event.target;
  if (details.matches?.("details.move, details.popped, .then details") && details.open && details.dataset.touched) {
    details.querySelector("textarea, select, input:not([type=hidden])")?.focus();
  }
}, true);
document.addEventListener("click", (event) => {
  const details = event.target.closest?.("summary")?.parentElement;
  if (details) details.dataset.touched = "yes";
});

// What was just done is said once, not again on reload.
const address = new URL(location.href);
if (address.searchParams.has("done")) {
  address.searchParams.delete("done");
  address.searchParams.delete("of");
  history.replaceState(null, "", address);
}
