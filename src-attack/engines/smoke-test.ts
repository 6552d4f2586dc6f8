import { conv, convolutionGeometry } from '../ir/convolution.ts';
import { tanh } from '../ir/elementwise.ts';
import { gradient } from '../ir/gradient.ts';
import { createGraph } from '../ir/graph.ts';
import { squaredNorm } from '../ir/reduce.ts';
import type { Engine } from './engine.ts';
import { createReferenceEngine } from './reference/engine.ts';

/** Rejects where an engine does not compute the gradient of a small convolution: a driver may load and not work. */
export async function smokeTest(engine: Engine): Promise<void> {
  const graph = createGraph();
  const x = graph.input('x', [1, 2, 5, 5]);
  const kernel = graph.constant(
    'kernel',
    [3, 2, 3, 3],
    Float32Array.from({ length: 54 }, (_, i) => Math.sin(i)),
  );
  const loss = squaredNorm(tanh(conv(x, kernel, convolutionGeometry({ strides: [2, 2], padBefore: [1, 1] }))));
  const outputs = { dx: gradient(loss, [x])[0]! };
  const inputs = { x: Float32Array.from({ length: 50 }, (_, i) => Math.cos(i)) };
  const [actual, expected] = await Promise.all(
    [engine, createReferenceEngine()].map(async each => {
      const program = await each.compile(outputs);
      const { dx } = await program.run(inputs);
      await program.dispose();
      return dx!;
    }),
  );
  expected!.forEach((value, i) => {
    if (!(Math.abs(actual![i]! - value) < 1e-3)) throw new Error('It computes wrong numbers on this machine.');
  });
}
