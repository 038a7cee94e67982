// 暂存: what is typed into a form marked data-draft is kept on the server while it is typed. Failing to keep it disturbs nobody.
const WAIT = 2000;
const waiting = new Map();

async function keep(form) {
  waiting.delete(form);
  if (form.dataset.sent) return;
  const said = form.querySelector("[data-draft-said]");
  try {
    const answer = await fetch("/drafts", { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Quiet": "1" } });
    if (said && answer.status === 204) said.textContent = `已自动暂存 ${new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" })}`;
  } catch {
    if (said) said.textContent = "";
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.matches("form[data-draft]") || event.isComposing) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(keep, WAIT, form));
});

document.addEventListener("submit", (event) => {
  clearTimeout(waiting.get(event.target));
  waiting.delete(event.target);
});
