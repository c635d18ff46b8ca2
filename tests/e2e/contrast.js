// The least contrast (WCAG 2.2) of each kind of text against what is painted behind it.
() => {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = color => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = color;
    pixel.fillRect(0, 0, 1, 1);
    const data = pixel.getImageData(0, 0, 1, 1).data;
    return [data[0], data[1], data[2], data[3] / 255];
  };
  const over = (top, low) => [...top.slice(0, 3).map((v, i) => v * top[3] + low[i] * (1 - top[3])), 1];
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = e => {
    const layers = [];
    for (let n = e; n; n = n.parentElement) layers.unshift(rgba(getComputedStyle(n).backgroundColor));
    return layers.reduce((low, top) => over(top, low), [255, 255, 255, 1]);
  };

  const parts = ["body", "h1", "h2", "h3", "p", ".lead", ".intro", ".caption", ".eyebrow", ".yardstick", ".says", "a",
    "summary", "dt", "dd", "th", "td", "li", ".tag", ".empty", "pre", "footer", ".label", ".value", ".name", ".note"];
  const least = {};
  for (const part of parts) {
    for (const e of document.querySelectorAll(part)) {
      const style = getComputedStyle(e), back = behind(e);
      const ink = over(rgba(e instanceof SVGElement ? style.fill : style.color), back);
      const [low, high] = [luminance(ink), luminance(back)].sort((a, b) => a - b);
      least[part] = Math.min(least[part] ?? 99, (high + 0.05) / (low + 0.05));
    }
  }
  return least;
}
