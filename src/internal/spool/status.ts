/** Where a run stands, as the spool keeps it. */
export type RunStatus = "running" | "done" | "failed" | "cancelled";

export const encodeStatus = (status: RunStatus): string => JSON.stringify(status);

export const decodeStatus = (encoded: string): string => {
  const status: unknown = JSON.parse(encoded);
  return String(status);
};

const running = encodeStatus("running");

/** The run has ended. */
export const isFinal = (encoded: string): boolean => encoded !== running;
