import type { CancellationToken } from '../reader.ts';
import { throwIfCancelled } from '../reader.ts';

/** Bounds on the work that one file may cause, chosen so that the worst file takes about a second. */
export const limits = {
  /** Nodes evaluated for the module's own code. */
  steps: 1_200_000,
  /** Nodes evaluated for all functions that nobody calls. */
  explorationSteps: 1_200_000,
  /** Nodes evaluated for one function that nobody calls. */
  entrySteps: 300_000,
  /** Nodes evaluated by one loop that is not itself in a loop, before it counts as endless. */
  loopSteps: 800_000,
  /** The same of a loop that makes no layers, models or applications. */
  idleLoopSteps: 250_000,
  /** Rounds of one loop before it counts as endless. */
  loopRounds: 12_000,
  /** Nesting of calls, statements and expressions. */
  depth: 900,
  /** Elements of one array. */
  arrayLength: 100_000,
  /** Characters of one string. */
  stringLength: 100_000,
  /** Applications of layers in the whole file. */
  applications: 30_000,
  /** Models reported for one file, and layers in all of them together. */
  models: 200,
  layers: 60_000,
  /** Layers told of one function that makes layers for no known model. */
  fragmentLayers: 200,
  /** Files evaluated for one file, and nodes evaluated for the code at the top of one of them. */
  files: 60,
  importSteps: 300_000,
  /** Characters of an imported file. */
  importedLength: 2_000_000,
  /** Files that import the one that is read, evaluated for the arguments that they pass, and nodes evaluated for all. */
  importers: 6,
  importerSteps: 600_000,
  /** Different models reported for one place that makes models. */
  variants: 12,
} as const;

/** Evaluation stopped because a budget is spent; `message` is a clause that says which. */
export class BudgetSpent extends Error {}

/** Counts the evaluator's steps and looks at the cancellation token every few hundred of them. */
export interface Budget {
  /** Steps spent so far. */
  readonly spent: number;
  /** Spends `amount` steps. Throws {@link BudgetSpent} at the limit and `Cancelled` when asked to stop. */
  spend(amount: number): void;
  /** Sets the step count at which to stop, and returns the previous one. */
  limitTo(spent: number): number;
}

export function makeBudget(cancel: CancellationToken): Budget {
  let spent = 0;
  let limit: number = limits.steps;
  let nextCheck = 0;
  return {
    get spent() {
      return spent;
    },
    spend(amount) {
      spent += amount;
      if (spent >= nextCheck) {
        nextCheck = spent + 512;
        throwIfCancelled(cancel);
      }
      if (spent > limit) throw new BudgetSpent('it takes more steps to evaluate than Leaklint allows');
    },
    limitTo(newLimit) {
      const previous = limit;
      limit = newLimit;
      return previous;
    },
  };
}
