import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AttributeSpec, buildModel, type TensorSpec } from '../../../../test/fixtures/onnx/model-builder.ts';
import { runtimeShapes } from '../../../../test/fixtures/onnx/runtime-shapes.ts';
import { effectiveKernel } from '../../../model/geometry.ts';
import { neverCancelled } from '../../reader.ts';
import { readOnnx } from '../read.ts';

type Attributes = Readonly<Record<string, AttributeSpec>>;

/** A window's attributes for `rank` spatial axes; the padding is by a rule or by numbers. */
function windowAttributes(rank: number): fc.Arbitrary<Attributes> {
  const list = (min: number, max: number, length = rank) =>
    fc.array(fc.integer({ min, max }), { minLength: length, maxLength: length });
  const dilated = fc.record({ dilations: list(1, 2) });
  const padding: fc.Arbitrary<Attributes> = fc.oneof(
    fc.tuple(dilated, list(0, 2, 2 * rank)).map(([window, pads]) => ({ ...window, pads })),
    dilated.map(window => ({ ...window, auto_pad: 'VALID' })),
    // ONNX Runtime does not run the SAME rules with dilation.
    fc.constantFrom('SAME_UPPER', 'SAME_LOWER').map(rule => ({ auto_pad: rule })),
  );
  return fc.tuple(list(1, 3), padding).map(([strides, pads]) => ({ strides, ...pads }));
}

/**
 * SAME with a kernel shorter than the stride would need negative padding. ONNX defines the output length all the same;
 * ONNX Runtime refuses to pool so, and makes transposed convolutions shorter.
 */
function isDefinedInRuntime(kernel: readonly number[], { auto_pad, strides }: Attributes): boolean {
  const same = auto_pad === 'SAME_UPPER' || auto_pad === 'SAME_LOWER';
  return !same || kernel.every((size, axis) => size >= (strides as readonly number[])[axis]!);
}

const spatial = (rank: number, min: number, max: number) =>
  fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });

const rank = fc.constantFrom(1, 2, 2, 3);

async function agreesWithRuntime(
  op: string,
  x: readonly number[],
  attributes: Attributes,
  weights: Readonly<Record<string, TensorSpec>>,
): Promise<void> {
  const bytes = buildModel({
    nodes: [{ op, inputs: ['x', ...Object.keys(weights)], outputs: ['y'], attributes, name: 'n' }],
    inputs: { x },
    outputs: { y: null },
    initializers: weights,
  });
  const { models, errors } = readOnnx({ path: 'm.onnx', bytes }, neverCancelled);
  const layer = models[0]!.layers.find(({ name }) => name === 'n')!;
  const expected = await runtimeShapes(bytes).catch(() => null);
  const shape = expected?.get('y')?.slice(1);
  // What the runtime refuses to run, or runs to no end, is an error here.
  if (shape === undefined || shape.includes(0)) expect(errors).toHaveLength(1);
  else expect([...errors, layer.outputShapes[0]]).toEqual([shape]);
}

test('convolutions of any geometry have the shape that ONNX Runtime computes', async () => {
  const geometry = rank.chain(r =>
    fc.record({
      size: spatial(r, 1, 9),
      kernel: spatial(r, 1, 4),
      attributes: windowAttributes(r),
      groups: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 1, max: 2 }),
      filters: fc.integer({ min: 1, max: 2 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(geometry, async ({ size, kernel, attributes, groups, channels, filters }) => {
      const x = [2, channels * groups, ...size];
      const w = { dims: [filters * groups, channels, ...kernel] };
      await agreesWithRuntime('Conv', x, { ...attributes, group: groups }, { w });
    }),
    { numRuns: 120 },
  );
});

test('transposed convolutions of any geometry have the shape that ONNX Runtime computes', async () => {
  const geometry = rank.chain(r =>
    fc.record({
      size: spatial(r, 1, 6),
      kernel: spatial(r, 1, 4),
      attributes: windowAttributes(r),
      padsOutput: fc.array(fc.boolean(), { minLength: r, maxLength: r }),
      groups: fc.integer({ min: 1, max: 2 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(geometry, async ({ size, kernel, attributes, padsOutput, groups }) => {
      fc.pre(isDefinedInRuntime(kernel, attributes));
      // Output padding is less than the stride.
      const strides = attributes.strides as readonly number[];
      const outputPadding = padsOutput.map((pads, axis) => (pads && strides[axis]! > 1 ? 1 : 0));
      const x = [2, 2 * groups, ...size];
      const w = { dims: [2 * groups, 3, ...kernel] };
      await agreesWithRuntime(
        'ConvTranspose',
        x,
        { ...attributes, output_padding: outputPadding, group: groups },
        { w },
      );
    }),
    { numRuns: 120 },
  );
});

test('pooling of any geometry has the shape that ONNX Runtime computes', async () => {
  const geometry = rank.chain(r =>
    fc.record({
      op: fc.constantFrom('MaxPool', 'AveragePool', 'LpPool'),
      size: spatial(r, 1, 9),
      kernel: spatial(r, 2, 4),
      attributes: windowAttributes(r),
      ceil: fc.integer({ min: 0, max: 1 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(geometry, async ({ op, size, kernel, attributes, ceil }) => {
      fc.pre(isDefinedInRuntime(kernel, attributes));
      // Only max pooling has dilations and rounding up in this operator set.
      const { dilations, ...rest } = attributes;
      // ONNX Runtime does not pool windows of padding alone.
      const pads = (attributes.pads as readonly number[] | undefined)?.map((pad, i) =>
        Math.min(pad, kernel[i % size.length]! - 1),
      );
      const more: Attributes = op === 'MaxPool' ? { ceil_mode: ceil, ...(dilations && { dilations }) } : {};
      // It divides towards zero, and so lets in a window that is a little too long.
      const fits = (length: number, axis: number) => {
        const padded = length + (pads ? pads[axis]! + pads[axis + size.length]! : 0);
        return padded >= effectiveKernel(kernel[axis]!, (more.dilations as readonly number[] | undefined)?.[axis] ?? 1);
      };
      fc.pre(String(attributes.auto_pad).startsWith('SAME') || size.every(fits));
      await agreesWithRuntime(
        op,
        [1, 2, ...size],
        { ...rest, ...(pads && { pads }), ...more, kernel_shape: kernel },
        {},
      );
    }),
    { numRuns: 120 },
  );
});
