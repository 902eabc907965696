/** Records nothing: what the measurement itself takes. */
import { contend } from "../support/contender.ts";
import { nextStep, tasksOf } from "../support/recording.ts";

contend(tasksOf(nextStep));
