/** Whether a text takes at most so many bytes of UTF-8. No UTF-16 unit takes more than three, so that most need not be encoded. */
export const fitsUtf8 = (text: string, maxBytes: number): boolean =>
  text.length * 3 <= maxBytes || new TextEncoder().encode(text).byteLength <= maxBytes;
