/** Elements, made of text alone: nothing here or elsewhere in the page reads markup from a string. */

type Listener = (event: Event) => void;
type Attribute = string | number | boolean | undefined | Listener;
export type Child = Node | string | undefined;

/**
 * An element with its attributes and children. What is `false` or `undefined` is left out; a function listens to the
 * event of its name. No `style`: the content security policy lets none through.
 */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: ReadonlyArray<Child>
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
};

/** What stays where it is is not touched, so that what has the focus keeps it. */
export const setChildren = (parent: Element, children: ReadonlyArray<Node>): void => {
  const wanted = new Set(children);
  for (const child of Array.from(parent.childNodes)) if (!wanted.has(child)) child.remove();
  let next = parent.firstChild;
  for (const child of children) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
};

export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/** The options that a list of choices has. */
const drawn = new WeakMap<HTMLSelectElement, string>();

/** An option for each value, and the one that is chosen; the options stay when they are the same. */
export const setOptions = (
  select: HTMLSelectElement,
  groups: ReadonlyArray<{
    readonly label?: string;
    readonly options: ReadonlyArray<readonly [string, string]>;
  }>,
  chosen: string,
): void => {
  const text = JSON.stringify(groups);
  if (drawn.get(select) !== text) {
    drawn.set(select, text);
    select.replaceChildren(
      ...groups.flatMap(({ label, options }) => {
        const all = options.map(([value, text]) => h("option", { value }, text));
        if (label === undefined) return all;
        return all.length === 0 ? [] : [h("optgroup", { label }, ...all)];
      }),
    );
  }
  if (select.value !== chosen) select.value = chosen;
};
