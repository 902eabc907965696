/** The API key: for this session of this tab alone, and never for long in the address. */

const item = "syvain-metrics-api-key";

export const keptKey = (): string | null => sessionStorage.getItem(item);

export const keepKey = (key: string): void => sessionStorage.setItem(item, key);

export const forgetKey = (): void => sessionStorage.removeItem(item);

/** Takes a key that came behind `#key=` out of the address, and keeps it; answers whether there was one. */
export const takeKeyFromAddress = (): boolean => {
  const params = new URLSearchParams(location.hash.slice(1));
  const key = params.get("key");
  if (key === null) return false;
  params.delete("key");
  const rest = params.toString();
  const { pathname, search } = location;
  history.replaceState(null, "", pathname + search + (rest === "" ? "" : `#${rest}`));
  keepKey(key);
  return true;
};
