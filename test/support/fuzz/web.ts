/** An answer as a `Response` of the platform, in one piece or in many. */
import { type Answer, isEmpty } from "./answer.ts";
import type { Dice } from "./dice.ts";

const inPieces = (bytes: Answer["bytes"], size: number, breaksAt: number) => {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (at >= breaksAt) return controller.error(new TypeError("terminated"));
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += size)));
    },
  });
};

/** How the body comes; made again for every request. */
export const toWeb = (
  { status, headers, bytes }: Answer,
  dice: Dice,
): { readonly make: () => Response; readonly step?: string; readonly breaks: boolean } => {
  const way = isEmpty(status) ? "empty" : dice.pick(["whole", "whole", "whole", "pieces"]);
  const breaks = way === "pieces" && dice.chance(0.15);
  const breaksAt = breaks ? dice.int(bytes.byteLength + 1) : Infinity;
  // A character, an escape, a number may be in two of them.
  const size = 1 + dice.int(bytes.byteLength < 1_000 ? 20 : 20_000);
  const body = () =>
    way === "empty" ? null : way === "whole" ? bytes : inPieces(bytes, size, breaksAt);
  return {
    make: () => new Response(body(), { status, headers: headers.map(([...pair]) => pair) }),
    breaks,
    ...(breaks && { step: `breaks off after ${breaksAt} bytes` }),
  };
};
