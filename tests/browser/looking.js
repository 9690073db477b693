// Looks at the page as it was laid out, and leaves what is wrong with it in the document.
(() => {
  const wrong = [];
  const page = document.documentElement;
  const say = (what, where) => { if (wrong.length < 40) wrong.push(`${what}: ${where}`); };
  if (page.scrollWidth > window.innerWidth + 1) say("the page is wider than the window", `${page.scrollWidth} > ${window.innerWidth}`);
  const box = (element) => element.getBoundingClientRect();
  const overlap = (a, b) => a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
  const inside = (a, b) => a.left >= b.left - 0.5 && a.right <= b.right + 0.5 && a.top >= b.top - 0.5 && a.bottom <= b.bottom + 0.5;
  for (const cluster of document.querySelectorAll("g.cluster")) {
    const tile = box(cluster.querySelector("rect.tile"));
    const texts = [...cluster.querySelectorAll("text")].filter((text) => text.textContent.trim());
    for (const text of texts) if (!inside(box(text), tile)) say("a text leaves its cluster", text.textContent);
    // Boxes of letters have room above and below, so lines are compared by what is left of them without it.
    const narrow = (text) => { const b = box(text), room = b.height * 0.22; return { left: b.left, right: b.right, top: b.top + room, bottom: b.bottom - room }; };
    for (let i = 0; i < texts.length; i++) for (let j = 0; j < i; j++)
      if (overlap(narrow(texts[i]), narrow(texts[j]))) say("texts overlap", `${texts[i].textContent} / ${texts[j].textContent}`);
  }
  for (const svg of document.querySelectorAll("svg")) {
    const tiles = [...svg.querySelectorAll("rect.tile")].map(box);
    for (let i = 0; i < tiles.length; i++) for (let j = 0; j < i; j++) if (overlap(tiles[i], tiles[j])) say("clusters overlap", `${i} / ${j}`);
    const frames = [...svg.querySelectorAll("rect.site, rect.network")].map(box);
    for (const label of svg.querySelectorAll("text.label")) if (!frames.some((frame) => inside(box(label), frame))) say("a label leaves its box", label.textContent);
    for (const text of svg.querySelectorAll("text")) if (!inside(box(text), box(svg))) say("a text leaves its picture", text.textContent);
  }
  for (const element of document.querySelectorAll(".card, .said > li, h1, h2, h3, p, summary, .badge"))
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline") say("a text leaves its place", element.textContent.trim().slice(0, 60));
  const badges = [...document.querySelectorAll("td")];
  for (const cell of badges) if (cell.scrollWidth > cell.clientWidth + 1) say("a text leaves its cell", cell.textContent.trim().slice(0, 60));
  const left = document.createElement("pre");
  left.id = "seen";
  left.textContent = JSON.stringify(wrong);
  document.body.appendChild(left);
})();
