/** Cuts every spelling of the keys out of a text that came from outside, control characters too: it may end up in a terminal. */
export const makeScrub =
  (keys: ReadonlyArray<string>) =>
  (text: string): string => {
    for (const key of keys) {
      for (const spelling of new Set([
        key,
        JSON.stringify(key).slice(1, -1),
        encodeURIComponent(key),
      ])) {
        text = text.replaceAll(spelling, "<redacted>");
      }
    }
    // oxlint-disable-next-line no-control-regex -- these are what is looked for
    return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, " ");
  };

export type Scrub = (text: string) => string;
