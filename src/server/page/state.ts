/** The one view of the page, and who looks at it. */
import { decode, encode, type View } from "./view.ts";

export interface State {
  readonly view: () => View;
  /** Changes some of it, and the address with it. */
  readonly set: (change: Partial<View>) => void;
  readonly stop: () => void;
}

/** Calls `changed` whenever the view is another one, also when somebody edits the address. */
export const makeState = (changed: (view: View, before: View) => void): State => {
  let view = decode(location.hash);
  const replace = (next: View) => {
    const before = view;
    view = next;
    changed(view, before);
  };
  const onHash = () => {
    if (location.hash.slice(1) !== encode(view)) replace(decode(location.hash));
  };
  addEventListener("hashchange", onHash);
  return {
    view: () => view,
    set: (change) => {
      const next = { ...view, ...change };
      history.replaceState(null, "", `#${encode(next)}`);
      replace(next);
    },
    stop: () => removeEventListener("hashchange", onHash),
  };
};
