import * as Effect from "effect/Effect";
import * as Tracer from "effect/Tracer";

/** Runs an effect and answers the spans that it made, in order. */
export const spansOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const spans: Array<Tracer.NativeSpan> = [];
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options);
        spans.push(span);
        return span;
      },
    });
    return effect.pipe(Effect.exit, Effect.provideService(Tracer.Tracer, tracer), Effect.as(spans));
  });

/** Everything that a span tells. */
export const told = (span: Tracer.NativeSpan) => ({
  name: span.name,
  kind: span.kind,
  attributes: Object.fromEntries(span.attributes),
});
