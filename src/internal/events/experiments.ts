/**
 * Experiments, found in the tree or asked for many at once.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type { MetricsApiError } from "../base/errors.ts";
import type { ConfigService } from "../request/config.ts";
import {
  type Experiment,
  getExperiments,
  getRevisions,
  maxExperiments,
  type Revisions,
} from "../wire/v2/experiments.ts";
import { findExperiment, listExperiments } from "../wire/v2/folders.ts";
import { callEvent } from "./call.ts";
import { glob } from "./glob.ts";
import { type ExperimentEntry, experimentsOf, notInTree, withTree } from "./tree.ts";

type Needs = ConfigService | HttpClient.HttpClient;

export const find = (
  slug: string,
): Effect.Effect<{ readonly experiment: ExperimentEntry }, MetricsApiError, Needs> =>
  withTree(findExperiment, (tree, exchange) => {
    const experiment = experimentsOf(tree).find((one) => one.slug === slug);
    return experiment === undefined
      ? Effect.fail(
          notInTree(exchange, `experiment ${JSON.stringify(slug)}`, "experiment_not_found"),
        )
      : Effect.succeed({ experiment });
  });

export const list = (
  pattern = "*",
): Effect.Effect<
  { readonly experiments: ReadonlyArray<ExperimentEntry> },
  MetricsApiError,
  Needs
> =>
  Effect.suspend(() => {
    const matching = glob(pattern);
    return withTree(
      listExperiments,
      (tree) =>
        Effect.succeed({
          experiments: experimentsOf(tree).filter(({ slug }) => matching?.test(slug)),
        }),
      matching === undefined
        ? { path: ["pattern"], expected: "a pattern whose ranges go upward" }
        : undefined,
    );
  });

/** The same id twice is one; more than one query takes are asked for in turns. */
const turnsOf = (ids: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const distinct = [...new Set(ids)];
  const turns: Array<ReadonlyArray<string>> = [];
  for (let at = 0; at < distinct.length; at += maxExperiments) {
    turns.push(distinct.slice(at, at + maxExperiments));
  }
  return turns;
};

export const getMany = (
  ids: ReadonlyArray<string>,
): Effect.Effect<
  {
    readonly experiments: ReadonlyArray<Experiment & Revisions>;
    readonly missing: ReadonlyArray<string>;
  },
  MetricsApiError,
  Needs
> =>
  Effect.map(
    Effect.forEach(turnsOf(ids), (experimentIds) =>
      callEvent(getExperiments, { payload: { experimentIds } }),
    ),
    (answers) => ({
      experiments: answers.flatMap(({ experiments }) => experiments),
      missing: answers.flatMap(({ missing }) => missing),
    }),
  );

export const revisions = (
  ids: ReadonlyArray<string>,
): Effect.Effect<
  {
    readonly revisions: ReadonlyArray<{ readonly experimentId: string } & Revisions>;
    readonly missing: ReadonlyArray<string>;
  },
  MetricsApiError,
  Needs
> =>
  Effect.map(
    Effect.forEach(turnsOf(ids), (experimentIds) =>
      callEvent(getRevisions, { payload: { experimentIds } }),
    ),
    (answers) => ({
      revisions: answers.flatMap(({ revisions }) => revisions),
      missing: answers.flatMap(({ missing }) => missing),
    }),
  );
