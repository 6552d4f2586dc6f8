import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReferenceEngine } from '../../engines/reference/engine.ts';
import { conv, convolutionGeometry, convWeightGrad } from '../../ir/convolution.ts';
import { createGraph, sizeOf } from '../../ir/graph.ts';
import { createRandom } from '../../optimisers/random.ts';
import { gradientRow, type SparseRow, weightRow } from './layer-rows.ts';

const pair = (low: number, high: number) =>
  fc.tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }));
const cases = fc.record({
  groups: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 2 }),
  filters: fc.integer({ min: 1, max: 2 }),
  kernel: pair(1, 3),
  strides: pair(1, 3),
  dilations: pair(1, 2),
  padBefore: pair(0, 2),
  padAfter: pair(0, 2),
  size: pair(5, 7),
});

test('the rows are those of the convolution and of its weight gradient, for any geometry', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ groups, channels, filters, kernel, size, ...options }) => {
      const random = createRandom(7);
      const normal = (count: number) => Float64Array.from({ length: count }, () => random.normal());
      const geometry = convolutionGeometry({ ...options, groups });
      const graph = createGraph();
      const x = graph.input('x', [1, groups * channels, ...size]);
      const wShape = [groups * filters, channels, ...kernel];
      const w = graph.constant('w', wShape, normal(sizeOf(wShape)));
      const y = conv(x, w, geometry);
      const delta = normal(sizeOf(y.shape));
      const k = convWeightGrad(x, graph.constant('delta', y.shape, delta), wShape, geometry);
      const values = normal(sizeOf(x.shape));
      const program = await createReferenceEngine().compile({ y, k }, { precision: 'float64' });
      const expected = await program.run({ x: values });

      const kernelValues = (w.operation as { data: Float64Array }).data;
      const layer = {
        node: y,
        geometry,
        kernel: kernelValues,
        z: expected.y as Float64Array,
        delta,
        kernelGradient: undefined,
      };
      const product = ({ columns, values: row }: SparseRow) =>
        row.reduce((sum, v, i) => sum + v * values[columns[i]!]!, 0);
      expected.y!.forEach((value, p) => {
        expect(product(weightRow(layer, p))).toBeCloseTo(value, 10);
      });
      expected.k!.forEach((value, entry) => {
        expect(product(gradientRow(layer, entry))).toBeCloseTo(value, 10);
      });
    }),
    { numRuns: 40, seed: 1 },
  );
});
