import type { TensorSpec } from '../../../../test/fixtures/onnx/model-builder.ts';
import { checkOperators, int, ints, type OperatorCase, scalar } from '../../../../test/fixtures/onnx/operator-case.ts';

/** Operators of which only the name and the shapes are known: [operator, input, further inputs, attributes, output]. */
type Known = readonly [
  string,
  readonly number[],
  OperatorCase['weights'],
  OperatorCase['attributes'],
  readonly number[] | null,
  Partial<OperatorCase>?,
];

const table = (dims: readonly number[], ...values: number[]): TensorSpec => ({ dims, type: 7, values });

const known: readonly Known[] = [
  ['GatherElements', [2, 3], [table([2, 2], 0, 1, 1, 0)], { axis: 1 }, [2]],
  ['GatherND', [2, 3, 4], [table([2, 1], 0, 1)], { batch_dims: 1 }, [4]],
  ['GatherND', [2, 3, 4], [table([3, 2], 0, 1, 0, 2, 1, 0)], {}, null, { runtime: [3, 4] }],
  ['TopK', [2, 7], [ints(3)], { axis: 1 }, [3], { outputs: 2 }],
  ['TopK', [2, 7], [], { k: 4 }, [4], { outputs: 2, opset: 9 }],
  ['OneHot', [2, 3], [int(5), ints(0, 1)], {}, [3, 5]],
  ['OneHot', [2, 3], [int(5), ints(0, 1)], { axis: 0 }, [5, 3], { runtime: [5, 2, 3] }],
  ['Compress', [2, 3], [{ dims: [3], type: 9, values: [1, 0, 1] }], { axis: 1 }, [2]],
  ['CumSum', [2, 3], [int(1)], {}, [3]],
  ['Trilu', [2, 3, 3], [int(1)], {}, [3, 3]],
  ['EyeLike', [3, 3], [], {}, [3]],
  ['ReverseSequence', [4, 2], [ints(3, 4)], { time_axis: 0, batch_axis: 1 }, [2]],
  ['ScatterND', [2, 3], [table([1, 1], 0), [1, 3]], {}, [3]],
  ['ScatterElements', [2, 3], [table([2, 1], 0, 1), [2, 1]], { axis: 1 }, [3]],
  ['CenterCropPad', [2, 5, 9], [ints(7, 4)], { axes: [1, 2] }, [7, 4], { opset: 18 }],
  ['GridSample', [2, 3, 4, 5], [[2, 6, 7, 2]], {}, [3, 6, 7]],
  [
    'RoiAlign',
    [1, 3, 8, 8],
    [[5, 4], table([5], 0, 0, 0, 0, 0)],
    { output_height: 2, output_width: 3 },
    [5, 3, 2, 3],
    { runtime: [5, 3, 2, 3] },
  ],
  ['Col2Im', [2, 6, 9], [ints(3, 4), ints(1, 2)], {}, [3, 3, 4], { opset: 18 }],
  ['DFT', [2, 8, 1], [], { axis: 1, onesided: 1 }, [5, 2]],
  ['DFT', [2, 8, 2], [int(6)], { axis: 1 }, [6, 2]],
  ['STFT', [2, 20, 1], [int(4), [8]], {}, [4, 5, 2]],
  ['STFT', [2, 20, 1], [int(4), null, int(8)], { onesided: 0 }, [4, 8, 2]],
  ['Where', [2, 3], [[1, 3], [3]], {}, [3], { type: 9 }],
  [
    'Resize',
    [1, 2, 4, 6],
    [null, null, ints(2, 8)],
    { axes: [2, 3], keep_aspect_ratio_policy: 'not_larger', mode: 'linear' },
    [2, 2, 3],
    { opset: 18 },
  ],
  ['LpNormalization', [2, 3], [], {}, [3]],
  ['RandomNormalLike', [2, 3], [], {}, [3]],
  ['QuantizeLinear', [2, 3], [scalar(0.5)], {}, [3]],
  ['DynamicQuantizeLinear', [2, 3], [], {}, [3], { outputs: 3 }],
];

const names: Readonly<Record<string, string>> = {
  DFT: 'dft',
  GatherND: 'gatherND',
  ScatterND: 'scatterND',
  STFT: 'stft',
  RandomNormalLike: 'random',
  QuantizeLinear: 'quantize',
  DynamicQuantizeLinear: 'quantize',
};

checkOperators(
  known.map(([op, x, weights, attributes, y, more]): OperatorCase => {
    const name = names[op] ?? op.charAt(0).toLowerCase() + op.slice(1);
    return {
      op,
      x,
      y,
      is: { kind: 'elementwise', name },
      ...(weights ? { weights } : {}),
      ...(attributes ? { attributes } : {}),
      ...more,
    };
  }),
);
