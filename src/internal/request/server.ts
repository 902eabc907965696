/** The host and port of a URL, under OpenTelemetry's names. */
export const serverOf = (
  url: string,
): { readonly "server.address": string; readonly "server.port": number } => {
  const [, scheme, address = "", port] =
    /^(https?):\/\/([^/:]+|\[[^\]]*\])(?::(\d+))?/.exec(url) ?? [];
  return {
    "server.address": address,
    "server.port": port === undefined ? (scheme === "http" ? 80 : 443) : Number(port),
  };
};
