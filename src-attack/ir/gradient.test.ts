import { describe, expect, it } from 'vitest';
import { conformanceCases, conformanceProblem } from '../engines/conformance-cases.ts';
import { createReferenceEngine } from '../engines/reference/engine.ts';
import type { Values } from './graph.ts';

/*
 * Every derivative against central differences in float64 along a random direction: the loss against its gradient, the
 * gradient distance against the second derivative, and the Jacobian products against the value.
 */

type Tensors = Record<string, Values>;

const step = 1e-5;
const engine = createReferenceEngine();

describe('symbolic derivatives agree with finite differences', () => {
  it.each(conformanceCases)('$name', async testCase => {
    const { outputs, inputs, cotangent, tangents } = conformanceProblem(testCase);
    const program = await engine.compile(outputs, { precision: 'float64' });
    const names = Object.keys(inputs);
    const at = (t: number): Promise<Tensors> =>
      program.run(Object.fromEntries(names.map((name, i) => [name, moved(inputs[name]!, t, tangents[i]!)])));
    const [here, ahead, behind] = await Promise.all([at(0), at(step), at(-step)]);
    const difference = (name: string): Float64Array =>
      Float64Array.from(ahead[name]!, (x, i) => (x - behind[name]![i]!) / (2 * step));
    const along = (prefix: string): number =>
      names.reduce((total, _, i) => total + inner(here[prefix + i]!, tangents[i]!), 0);

    expectClose(along('gradient'), difference('loss')[0]!);
    expectClose(along('second'), difference('distance')[0]!);
    difference('value').forEach((expected, i) => {
      expectClose(here.pushed![i]!, expected);
    });
    expectClose(along('pulled'), inner(cotangent, difference('value')));
  });
});

function moved(x: Values, t: number, direction: Values): Float64Array {
  return Float64Array.from(x, (value, i) => value + t * direction[i]!);
}

function inner(a: Values, b: Values): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected)));
}
