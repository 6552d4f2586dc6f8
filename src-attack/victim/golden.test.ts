import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { readOnnx } from '../../src-analysis/readers/onnx/read.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import type { Precision } from '../engines/engine.ts';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import { div, mul, sqrt, sub } from '../ir/elementwise.ts';
import { gradient } from '../ir/gradient.ts';
import type { Node, Values } from '../ir/graph.ts';
import { addAll, dot, squaredNorm } from '../ir/reduce.ts';
import { buildVictim } from './build-victim.ts';
import { onnxWeightValues } from './onnx-weights.ts';
import type { Victim } from './victim.ts';

/*
 * The models of the paper as PyTorch exported them, against PyTorch's own figures: loss and gradients at the true
 * image, and two gradient distances with their derivative (a gradient of a gradient) at a dummy image.
 */

interface Figures {
  readonly loss: number;
  readonly gradient_l2: Readonly<Record<string, number>>;
  readonly at_dummy: Readonly<Record<string, number | number[]>>;
}

const fixtures = new URL('../../test/fixtures/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('gradients/gradients.json', fixtures), 'utf8')) as {
  models: Record<string, Figures>;
};
const label = 4;
/** Relative to the size of the figure. */
const tolerance: Readonly<Record<Precision, number>> = { float32: 2e-5, float64: 1e-9 };
/** ONNX stores the slope 0.01 of its leaky ReLU as a float32, which PyTorch took in float64. */
const roundedSlope = { LeNet: 1e-7 } as Readonly<Record<string, number>>;

describe.each(['float32', 'float64'] as const)('PyTorch’s figures in %s', precision => {
  const loading = loadOnnxCpu();
  afterAll(async () => (await loading).dispose());

  it.each(Object.entries(golden.models))('%s', async (name, figures) => {
    const victim = paperVictim(name);
    const { x, graph } = victim;
    const targets = victim.gradients.map((node, i) => graph.input(`target${i}`, node.shape));
    const squared = addAll(victim.gradients.map((node, i) => squaredNorm(sub(node, targets[i]!))));
    const cosine = addAll(victim.gradients.map((node, i) => sub(1, cosineOf(node, targets[i]!))));
    const engine = await loading;
    const y = Float32Array.from({ length: 10 }, (_, i) => (i === label ? 1 : 0));

    const shared = await engine.compile(
      { loss: victim.loss, ...Object.fromEntries(victim.gradients.map((node, i) => [`target${i}`, node])) },
      { precision },
    );
    const { loss, ...observed } = await shared.run({ x: deer(), y });
    const dummy = Float64Array.from({ length: 3072 }, (_, i) => 0.25 * Math.sin(0.37 * i));
    const distances = await engine.compile(
      { squared, squaredDx: gradient(squared, [x])[0]!, cosine, cosineDx: gradient(cosine, [x])[0]! },
      { precision },
    );
    const at = await distances.run({ x: dummy, y, ...observed });

    const close = (actual: number, expected: number, size = Math.abs(expected)): void => {
      expect(Math.abs(actual - expected) / size).toBeLessThan(Math.max(tolerance[precision], roundedSlope[name] ?? 0));
    };
    close(loss![0]!, figures.loss);
    // The exporter put the model into a module called m.
    const names = victim.parameters.map(parameter => parameter.name.replace(/^m\./, ''));
    expect(names.toSorted()).toEqual(Object.keys(figures.gradient_l2).toSorted());
    names.forEach((parameter, i) => {
      close(norm(observed[`target${i}`]!), figures.gradient_l2[parameter]!);
    });
    for (const [output, key] of [
      ['squared', 'squared_distance'],
      ['cosine', 'cosine'],
    ] as const) {
      const size = figures.at_dummy[`${key}_dx_l2`] as number;
      close(at[output]![0]!, figures.at_dummy[key === 'cosine' ? 'cosine_sum' : key] as number);
      close(norm(at[`${output}Dx`]!), size);
      (figures.at_dummy[`${key}_dx_first8`] as number[]).forEach((expected, i) => {
        close(at[`${output}Dx`]![i]!, expected, size);
      });
    }
  });
});

function paperVictim(name: string): Victim {
  const bytes = readFileSync(new URL(`onnx/paper/${name}.onnx`, fixtures));
  const { models, errors } = readOnnx({ path: `${name}.onnx`, bytes }, neverCancelled);
  expect(errors).toEqual([]);
  const options = { batch: 1, loss: 'cross-entropy', normMode: 'eval' } as const;
  const { victim, unsupported } = buildVictim(models[0]!, onnxWeightValues(bytes, models[0]!), options);
  expect(unsupported).toEqual([]);
  return victim!;
}

function cosineOf(a: Node, b: Node): Node {
  return div(dot(a, b), mul(sqrt(squaredNorm(a)), sqrt(squaredNorm(b))));
}

/** pixel/255 − 0.5 in float32 arithmetic, as PyTorch prepared it, channels first. */
function deer(): Float64Array {
  const { data } = PNG.sync.read(readFileSync(new URL('gradients/03-deer.png', fixtures)));
  const pixel = (i: number): number => data[(i % 1024) * 4 + Math.floor(i / 1024)]!;
  return Float64Array.from({ length: 3072 }, (_, i) => Math.fround(Math.fround(pixel(i) / 255) - 0.5));
}

function norm(values: Values): number {
  let total = 0;
  for (const value of values) total += value * value;
  return Math.sqrt(total);
}
