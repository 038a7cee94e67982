// The recording beside its transcript: a click plays from there, the line being spoken is marked, a line can be taken into the form.
document.addEventListener("click", (event) => {
  const seek = event.target.closest?.("[data-start]");
  const audio = document.querySelector("audio");
  if (seek && audio) {
    event.preventDefault();
    audio.currentTime = Number(seek.dataset.start);
    audio.play().catch(() => {});
  }
  const quote = event.target.closest?.("[data-quote]");
  const body = document.getElementById("body");
  if (quote && body) {
    const start = body.selectionStart ?? body.value.length;
    body.setRangeText(quote.dataset.quote, start, body.selectionEnd ?? start, "end");
    body.dispatchEvent(new Event("input", { bubbles: true }));
    body.focus();
  }
});

const audio = document.querySelector("audio");
if (audio) {
  const showQuotes = () => document.querySelectorAll("[data-quote]").forEach((button) => (button.hidden = false));
  showQuotes();
  document.addEventListener("htmx:afterSettle", () => {
    showQuotes();
    // The transcript is through: the form is filled from it, unless somebody has begun to type.
    if (document.querySelector("[data-written]") && document.getElementById("body")?.value === "") location.reload();
  });
  audio.addEventListener("timeupdate", () => {
    for (const line of document.querySelectorAll(".utterance")) {
      const now = !audio.paused && audio.currentTime >= Number(line.dataset.from) && audio.currentTime < Number(line.dataset.to);
      if (now && !line.classList.contains("now")) line.scrollIntoView({ block: "nearest" });
      line.classList.toggle("now", now);
    }
  });
}
