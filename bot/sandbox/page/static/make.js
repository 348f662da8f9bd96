// Makes elements for the panel and the tour. Text is always text: nothing is ever parsed as HTML.

// `properties`: "on<event>" listens, "text" is the content, everything else is an attribute; null leaves it out.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Calls `changed` whenever the page switches its language.
export function whenLanguageChanges(changed) {
  let shown = document.documentElement.lang;
  new MutationObserver(() => {
    if (document.documentElement.lang === shown) return;
    shown = document.documentElement.lang;
    changed();
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
}
