// Small comforts; every page works without them.
"use strict";

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const sign = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "✓";
    } catch {
      button.textContent = "✗";
    }
    setTimeout(() => { button.textContent = sign; }, 1500);
  });
}

// A form that only chooses what is shown is sent when the choice is made.
for (const form of document.querySelectorAll("form.at-once")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// What can be deleted is deleted after a question; without script its command is there.
for (const button of document.querySelectorAll("button[data-delete]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!window.confirm(`${button.textContent}?`)) return;
    const told = button.nextElementSibling;
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.delete, { method: "DELETE", headers: { Accept: "application/hal+json, */*" } });
      if (answer.ok) {
        window.location.assign(button.dataset.after);
        return;
      }
      told.textContent = answer.status === 401 || answer.status === 403 ? "You have no right to do this." : `It was refused (${answer.status}).`;
    } catch {
      told.textContent = "The broker did not answer.";
    }
    button.disabled = false;
  });
}
