import { contend, host } from "../support/contender.ts";
import * as byHand from "../support/by-hand.ts";
import { tasksOn } from "../support/effect-task.ts";
import { id, input } from "../support/experiment.ts";

const { repeat } = tasksOn(byHand.layer(host));

contend({ get: repeat(byHand.get(id)), post: repeat(byHand.create(input)) });
