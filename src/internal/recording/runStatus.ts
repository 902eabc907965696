import * as Cause from "effect/Cause";
import * as Exit from "effect/Exit";
import * as Predicate from "effect/Predicate";
import { maxErrorDetail, maxErrorName } from "../wire/v1/experiments.ts";

/** Where a run stands. */
export type RunStatus =
  | { readonly status: "running" | "done" }
  | {
      readonly status: "error";
      readonly error: { readonly name: string; readonly detail?: string };
    };

/** Without half of a pair at its end. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : text.slice(0, length).replace(/[\ud800-\udbff]$/, "");

const nameOf = (error: unknown): string => {
  if (Predicate.isObject(error)) {
    for (const name of [error["_tag"], error["name"]]) {
      if (typeof name === "string" && name !== "") return name;
    }
  }
  return "Error";
};

/** How a run ended. */
export const statusOf = (exit: Exit.Exit<unknown, unknown>): RunStatus => {
  if (Exit.isSuccess(exit)) return { status: "done" };
  const { cause } = exit;
  try {
    const name = Cause.hasInterruptsOnly(cause) ? "Interrupted" : nameOf(Cause.squash(cause));
    const detail = cut(Cause.pretty(cause), maxErrorDetail);
    return { status: "error", error: { name: cut(name, maxErrorName), detail } };
  } catch {
    // An error of the job that throws when it is looked at.
    return { status: "error", error: { name: "Error" } };
  }
};

/** How a run ended whose process was killed, as a later one finds it. */
export const killed: RunStatus = {
  status: "error",
  error: { name: "Killed", detail: "The process ended before the run did." },
};
