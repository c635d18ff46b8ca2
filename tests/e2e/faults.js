// What a reader would stumble over, as a list of sentences; empty when all is well.
() => {
  const faults = [];
  const say = (what, e) => faults.push(`${what}: ${(e.textContent || e.className || e.tagName).trim().slice(0, 80)}`);

  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) faults.push(`the page is ${width} wide in a window of ${innerWidth}`);

  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map(e => +e.tagName[1]);
  levels.forEach((level, i) => { if (level > (levels[i - 1] || 0) + 1) faults.push(`heading ${i} skips a level`); });

  for (const svg of document.querySelectorAll("svg.chart")) {
    const box = svg.getBoundingClientRect();
    const card = (svg.closest(".card") || document.body).getBoundingClientRect();
    const scrolls = svg.matches(".large") && getComputedStyle(svg.parentElement).overflowX === "auto";
    if (box.width < 10 || box.height < 5) say("chart without a size", svg);
    if (!scrolls && (box.left < card.left - 1 || box.right > card.right + 1)) say("chart beyond its card", svg);

    const texts = [...svg.querySelectorAll("text")].map(e => ({ e, box: e.getBoundingClientRect() }));
    for (const { e, box: t } of texts) {
      if (t.left < box.left - 1 || t.right > box.right + 1) say("text clipped at the side", e);
      if (t.top < box.top - 2 || t.bottom > box.bottom + 2) say("text clipped above or below", e);
    }
    texts.forEach((a, i) => texts.slice(0, i).forEach(b => {
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (wide > 1 && high > 0.45 * Math.min(a.box.height, b.box.height))
        faults.push(`texts overlap: ${a.e.textContent} / ${b.e.textContent}`);
    }));
  }

  for (const e of document.querySelectorAll("h1, h2, h3, p, dt, dd, th, td, li, summary")) {
    if (e.closest(".scroll, nav") || e.matches(".hidden")) continue;
    const box = e.getBoundingClientRect();
    if (box.width && box.right > innerWidth + 1) say("beyond the window", e);
    if (e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).display !== "inline") say("cut off", e);
  }
  return faults;
}
