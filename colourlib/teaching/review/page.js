// What every page of this folder has: Python puts this before the page's own script, because a
// notebook takes one file.

// JupyterLab and Notebook 7 hear of a key before we do (X cuts the cell). They leave those alone that
// are pressed in an element which itself has this attribute; its parent's is not enough.
const OUR_KEYS = { "data-lm-suppress-shortcuts": "true" };

function make(tag, name, parent, attributes = {}) {
  const node = document.createElement(tag);
  node.className = `colourlib-${name}`;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

