import { expect, test } from 'vitest';
import { checkSource } from '../src-analysis/check.ts';
import { defaultConfig } from '../src-analysis/findings/config.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { onnxTable } from './onnx-table.ts';

const text = `<ir_version: 8, opset_import: ["" : 17]>
g (float[N, 3, 8, 8] x) => (float[N, 2] y)
<float[4, 3, 3, 3] w = ["location": "w"], float[4] b = ["location": "w"], float[2, 144] d = ["location": "w"]>
{
  [conv] c = Conv (x, w, b)
  t = Tanh (c)
  f = Flatten (t)
  [fc] y = Gemm <transB = 1> (f, d)
}
`;

function table(source: string) {
  const options = { config: defaultConfig, exact: new Map(), cancel: neverCancelled };
  return onnxTable(checkSource({ path: 'm.onnxtxt', text: source }, options));
}

test('a layer has its shapes, parameters and verdict', () => {
  const { model, errors } = table(text);
  expect(errors).toEqual([]);
  expect(model?.name).toBe('m');
  expect(model?.metric).toMatch(/^c\(M\)/);
  expect(model?.layers.map(({ name, op, input, output, parameters }) => [name, op, input, output, parameters])).toEqual(
    [
      ['x', 'Input', '', '[3, 8, 8]', 0],
      ['conv', 'Conv', '[3, 8, 8]', '[4, 6, 6]', 112],
      ['Tanh_0', 'Tanh', '[4, 6, 6]', '[4, 6, 6]', 0],
      ['Flatten_0', 'Flatten', '[4, 6, 6]', '[144]', 0],
      ['fc', 'Gemm', '[144]', '[2]', 288],
    ],
  );
  const [input, convolution] = model?.layers ?? [];
  expect(input).toMatchObject({ verdict: null, unknowns: null, explanation: expect.stringMatching(/^No weights/) });
  expect(convolution).toMatchObject({ verdict: expect.stringMatching(/soluble|deficient/), unknowns: 192 });
  const odd = table(text.replace('Tanh', 'local.Odd')).model?.layers[2];
  expect(odd?.explanation).toMatch(/^Unknown: Odd is an operator of 'local'/);
});

test('a file without a model has errors in sentences', () => {
  expect(table('{')).toEqual({
    model: null,
    errors: [expect.stringMatching(/^Expected the name of the graph/)],
    refining: false,
  });
});
