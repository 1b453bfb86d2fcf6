(() => {
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let one = target; one; one = one.parentElement) if (one.localName === "details") one.open = true;
    const inside = target.localName === "tbody" && target.querySelector("details");
    if (inside) inside.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash.length > 1) reveal();
  for (const tools of document.querySelectorAll(".tools")) {
    const section = tools.closest("section");
    const only = tools.querySelector("[data-only-open-issues]");
    tools.hidden = false;
    only.addEventListener("change", () => {
      for (const one of section.querySelectorAll("[data-verdict]")) {
        one.hidden = only.checked && one.dataset.verdict === "kept";
      }
    });
    const button = tools.querySelector("[data-open-all]");
    button.addEventListener("click", () => {
      const all = [...section.querySelectorAll("details")];
      const open = all.some((one) => !one.open);
      for (const one of all) one.open = open;
      button.textContent = open ? "close all" : "open all";
    });
  }
})();
