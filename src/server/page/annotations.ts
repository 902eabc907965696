/** Annotations: where they are on an axis, and a list of them. */
import type { AnnotationRecord } from "./api.ts";
import { lowerBound } from "./buckets.ts";
import { h } from "./dom.ts";
import { plural, time } from "./format.ts";
import type { Sources } from "./lines.ts";
import type { Mark } from "./marks.ts";
import { toMeta } from "./runs.ts";
import type { Shown } from "./selection.ts";
import type { Series } from "./series.ts";
import { swatch } from "./swatch.ts";

/** Which step a run was at: the one that the annotation names, or that of the last event before it. */
const stepOf = (annotation: AnnotationRecord, all: ReadonlyArray<Series>): number | undefined => {
  const { step } = toMeta(annotation.meta);
  const named = typeof step === "string" && step !== "" ? Number(step) : step;
  if (typeof named === "number" && Number.isFinite(named)) return named;
  const steps = all.flatMap(({ buckets: { firstStep, firstTime, lastStep } }) => {
    const i = lowerBound(firstTime, annotation.createdAtMs + 1) - 1;
    const step = i < 0 ? firstStep[0] : lastStep[i];
    return step === undefined || step === null ? [] : [step];
  });
  return steps.length === 0 ? undefined : Math.max(...steps);
};

/** On a chart of a metric. Over another metric there is no place for them. */
export const marksOf = (
  { series, shown, start, view }: Sources,
  annotations: ReadonlyMap<string, ReadonlyArray<AnnotationRecord>>,
  name: string,
): ReadonlyArray<Mark> => {
  if (!view.marks || view.x === "metric") return [];
  return shown.flatMap(({ place, run }) => {
    const all = series(run.experimentId, name) ?? [];
    if (all.length === 0) return [];
    return (annotations.get(run.experimentId) ?? []).flatMap((annotation) => {
      const { createdAtMs } = annotation;
      const x =
        view.x === "wall"
          ? createdAtMs
          : view.x === "relative"
            ? (createdAtMs - start(run)) / 1000
            : stepOf(annotation, all);
      const text = `${run.slug}: ${annotation.annotation}`;
      return x === undefined ? [] : [{ x, color: place, text }];
    });
  });
};

/** The newest first; as many as one reads. */
const mostListed = 200;

export const makeAnnotationList = () => {
  const summary = h("summary", {});
  const body = h("div", { class: "scroll" });
  const element = h("details", { class: "annotations" }, summary, body);
  let drawn = "";
  return {
    element,
    update: (
      shown: ReadonlyArray<Shown>,
      annotations: ReadonlyMap<string, ReadonlyArray<AnnotationRecord>>,
    ) => {
      const all = shown
        .flatMap((one) =>
          (annotations.get(one.run.experimentId) ?? []).map((annotation) => ({
            ...one,
            annotation,
          })),
        )
        .toSorted((a, b) => b.annotation.createdAtMs - a.annotation.createdAtMs);
      const next = JSON.stringify(
        all.map(({ annotation, place }) => [annotation.annotationId, place]),
      );
      if (next === drawn) return;
      drawn = next;
      element.hidden = all.length === 0;
      summary.textContent = plural(all.length, "annotation");
      body.replaceChildren(
        h(
          "table",
          {},
          h("caption", { class: "unseen" }, "Annotations, the newest first"),
          h(
            "thead",
            {},
            h("tr", {}, ...["Time", "Run", "Text"].map((text) => h("th", { scope: "col" }, text))),
          ),
          h(
            "tbody",
            {},
            ...all
              .slice(0, mostListed)
              .map(({ annotation, place, run }) =>
                h(
                  "tr",
                  {},
                  h("td", { class: "time" }, time(annotation.createdAtMs)),
                  h("td", {}, swatch(place), run.slug),
                  h("td", { class: "text" }, annotation.annotation),
                ),
              ),
          ),
        ),
        ...(all.length > mostListed
          ? [h("p", { class: "note" }, `The newest ${mostListed}.`)]
          : []),
      );
    },
  };
};
