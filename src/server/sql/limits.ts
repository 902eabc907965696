/** Numbers that all that write to the tables agree on. */

/** A batch has fewer events than this: see the tables. */
export const sequencesOfBatch = 1024;

/** How many answers are kept for `Idempotency-Key`s; the oldest go each time that so many more have come. */
export const maxAnswers = 100_000;
export const answersBetween = 1000;
