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
