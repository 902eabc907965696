const utf8 = new TextEncoder();
const before = utf8.encode('{"metrics":[');
const after = utf8.encode("]}");

/** The body of a request, of metrics in JSON with commas between them. A long text that became a part of another would be copied once more. */
export const metricsBody = (metrics: string): Uint8Array => {
  const middle = utf8.encode(metrics);
  const body = new Uint8Array(before.length + middle.length + after.length);
  body.set(before);
  body.set(middle, before.length);
  body.set(after, before.length + middle.length);
  return body;
};
