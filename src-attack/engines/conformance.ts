import { createGraph, type Values } from '../ir/graph.ts';
import { type ConformanceProblem, conformanceCases, conformanceProblem } from './conformance-cases.ts';
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

/** Cases that make one program: fewer programs start faster, larger ones take ONNX Runtime longer to optimise. */
const casesInProgram = 4;

/**
 * Runs every conformance case on an engine and on the float64 reference, and returns what differs by more than
 * rounding. Where a program of several cases fails, each is tried alone, so that the culprit is named. An engine's
 * failure is a disagreement, never an exception.
 */
export async function findDisagreements(engine: Engine, precision: Precision): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  for (let at = 0; at < conformanceCases.length; at += casesInProgram) {
    const graph = createGraph();
    const cases = conformanceCases.slice(at, at + casesInProgram);
    const problems = cases.map(testCase => conformanceProblem(testCase, graph, `${testCase.name}|`));
    const merged: Problem = {
      outputs: Object.assign({}, ...problems.map(problem => problem.outputs)),
      inputs: Object.assign({}, ...problems.map(problem => problem.inputs)),
    };
    const expected = await compute(createReferenceEngine(), merged, 'float64');
    try {
      found.push(...compare(await compute(engine, merged, precision), expected, precision));
    } catch {
      for (const problem of problems) found.push(...(await tryAlone(engine, problem, expected, precision)));
    }
  }
  return found;
}

type Problem = Pick<ConformanceProblem, 'outputs' | 'inputs'>;

async function tryAlone(
  engine: Engine,
  problem: Problem,
  expected: Readonly<Record<string, Values>>,
  precision: Precision,
): Promise<Disagreement[]> {
  try {
    return compare(await compute(engine, problem, precision), expected, precision);
  } catch (error) {
    const [name = ''] = Object.keys(problem.outputs);
    return [{ testCase: name.split('|')[0]!, output: String(error), error: Number.NaN }];
  }
}

async function compute(engine: Engine, problem: Problem, precision: Precision): Promise<Record<string, Values>> {
  const program = await engine.compile(problem.outputs, { precision });
  try {
    return await program.run(problem.inputs);
  } finally {
    await program.dispose();
  }
}

function compare(
  actual: Readonly<Record<string, Values>>,
  expected: Readonly<Record<string, Values>>,
  precision: Precision,
): Disagreement[] {
  return Object.entries(actual).flatMap(([name, values]) => {
    const error = relativeError(values, expected[name]!);
    const [testCase = '', output = ''] = name.split('|');
    return error < tolerance[precision] ? [] : [{ testCase, output, error }];
  });
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
