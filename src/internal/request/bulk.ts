/** What bulk calls of either generation share: many requests that end in any order, and one answer for all of them. */
import {
  InvalidRequest,
  type MetricsApiError,
  MetricsApiRequestError,
  MetricsApiResponseError,
} from "../base/errors.ts";
import { formatIssue, type Issue } from "../base/issue.ts";
import { type Operation, urlTemplate } from "../wire/operation.ts";

/** An item of the input that fails the call. */
export class Refused {
  readonly index: number;
  readonly issue: Issue;
  constructor(index: number, issue: Issue) {
    this.index = index;
    this.issue = issue;
  }
}

/** Where a batch stands in the input. */
export interface Placed {
  /** The how-manieth batch it is. */
  readonly number: number;
  /** The index behind its last item. */
  readonly end: number;
}

/** Batches end in any order, and those behind one that has not ended do not count. */
export class Settled {
  /** Items from the start of the input, without a gap, that are stored or left out: where to go on from. */
  count = 0;
  /** By the batch's number: the index behind its last item. */
  readonly #ended = new Map<number, number>();
  #next = 0;

  add({ number, end }: Placed): void {
    this.#ended.set(number, end);
    for (;;) {
      const settled = this.#ended.get(this.#next);
      if (settled === undefined) return;
      this.#ended.delete(this.#next++);
      this.count = settled;
    }
  }
}

/** The same error, and how many items are safe. */
export const withAcknowledged = (error: MetricsApiError, acknowledged: number): MetricsApiError => {
  switch (error._tag) {
    case "MetricsApiRequestError":
      return new MetricsApiRequestError({ ...error, acknowledged });
    case "MetricsApiResponseError":
      return new MetricsApiResponseError({ ...error, acknowledged });
    case "MetricsApiAuthError":
      return error;
  }
};

/** The input is wrong in a place, whose path shows no key. */
export const invalidInput = (
  operation: Operation,
  host: string,
  issue: Issue,
  acknowledged: number,
): MetricsApiRequestError =>
  new MetricsApiRequestError({
    operation: operation.name,
    method: operation.method,
    url: host + urlTemplate(operation),
    attempts: 0,
    retryable: false,
    acknowledged,
    reason: new InvalidRequest({
      ...issue,
      message: `invalid request, its batch was not sent: ${formatIssue(issue)}`,
    }),
  });
