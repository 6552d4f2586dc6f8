import type { Values } from '../ir/graph.ts';
import { conformanceCases, conformanceProblem } from './conformance-cases.ts';
import type { Engine, Precision } from './engine.ts';
import { createReferenceEngine } from './reference/engine.ts';

export interface Disagreement {
  readonly testCase: string;
  /** The output that is off, or the reason why there is none. */
  readonly output: string;
  /** Largest difference over the largest entry; NaN where an engine failed. */
  readonly error: number;
}

/** Largest relative error that is put down to rounding. */
export const tolerance: Readonly<Record<Precision, number>> = { float32: 2e-5, float64: 1e-12 };

/**
 * Runs every conformance case on an engine and on the float64 reference, and returns what differs by more than
 * rounding. Cases run one by one; an engine's failure is a disagreement, never an exception.
 */
export async function findDisagreements(engine: Engine, precision: Precision): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  for (const testCase of conformanceCases) {
    const { outputs, inputs } = conformanceProblem(testCase);
    const expected = await compute(createReferenceEngine(), outputs, inputs, 'float64');
    try {
      const actual = await compute(engine, outputs, inputs, precision);
      for (const [output, values] of Object.entries(expected)) {
        const error = relativeError(actual[output]!, values);
        if (!(error < tolerance[precision])) found.push({ testCase: testCase.name, output, error });
      }
    } catch (error) {
      found.push({ testCase: testCase.name, output: String(error), error: Number.NaN });
    }
  }
  return found;
}

async function compute(
  engine: Engine,
  outputs: Parameters<Engine['compile']>[0],
  inputs: Readonly<Record<string, Values>>,
  precision: Precision,
): Promise<Record<string, Values>> {
  const program = await engine.compile(outputs, { precision });
  const results = await program.run(inputs);
  await program.dispose();
  return results;
}

/** Largest difference over the largest expected entry (or over 1e-3 where all are smaller). */
function relativeError(actual: Values, expected: Values): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = 1e-3;
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    if (!(gap <= difference)) difference = gap;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference / scale;
}
