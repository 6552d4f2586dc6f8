import { describe, expect, test } from 'vitest';
import { checkSource } from '../../check.ts';
import { defaultConfig } from '../../findings/config.ts';
import { neverCancelled } from '../reader.ts';
import { readOnnxText } from './read.ts';

const model = `<
  ir_version: 8,
  opset_import: ["" : 17]
>
digits (float[N, 1, 28, 28] image) => (float[N, 10] scores)
<
  float[8, 1, 5, 5] kernel = ["location": "digits.bin"],
  float[10, 4608] "dense/weight" = ["location": "digits.bin", "offset": "800"]
>
{
  # a convolution
  [conv1] a = Conv <kernel_shape = [5, 5]> (image, kernel)
  b = Tanh (a)
  c = Flatten (b)
  scores = Gemm <transB = 1> (c, "dense/weight")
}
`;

function read(text: string, path = 'models/digits.onnx.onnxtxt') {
  const { models, errors, comments } = readOnnxText({ path, text }, neverCancelled);
  return { graph: models[0], errors, comments };
}

/** The text an error or layer points at. */
function at(text: string, range: { readonly start: number; readonly end: number } | undefined): string | undefined {
  return range && text.slice(range.start, range.end);
}

test('a model has its layers, shapes and places', () => {
  const { graph, errors, comments } = read(model);
  expect(errors).toEqual([]);
  expect(comments.map(comment => [comment.text, at(model, comment.range)])).toEqual([
    [' a convolution', '# a convolution'],
  ]);
  expect(graph?.name).toBe('digits');
  expect(graph?.format).toBe('onnx-text');
  expect(at(model, graph?.range)).toBe('digits');
  expect(at(model, graph?.fullRange)).toBe(model.trimEnd());
  const layers = graph?.layers.map(({ name, type, outputShapes, range, fullRange }) => [
    name,
    type,
    outputShapes[0],
    at(model, range),
    at(model, fullRange)?.length,
  ]);
  expect(layers).toEqual([
    ['image', 'Input', [1, 28, 28], 'image', 5],
    ['conv1', 'Conv', [8, 24, 24], 'Conv', 56],
    ['Tanh_0', 'Tanh', [8, 24, 24], 'Tanh', 12],
    ['Flatten_0', 'Flatten', [4608], 'Flatten', 15],
    ['Gemm_0', 'Gemm', [10], 'Gemm', 46],
  ]);
  expect(graph?.layers[1]?.weights[0]?.source).toEqual({ kind: 'stored', location: 'digits.bin' });
});

test.each([
  ['models/digits.onnxtxt', 'digits'],
  ['digits.ONNXTEXT', 'digits'],
  ['C:\\models\\digits.onnx.onnxtxt', 'digits'],
])('the model of %s is called %s', (path, name) => {
  expect(read(model, path).graph?.name).toBe(name);
});

describe('a mistake', () => {
  /** What is replaced in the model by what, the errors' messages and places, and what the layers then are. */
  const cases: readonly [string, string, string, readonly (readonly [RegExp, string | undefined])[], string][] = [
    [
      'attributes that are not closed',
      '[5, 5]>',
      '[5, 5]',
      [[/^Expected ',' or '>' in the attributes of Conv, not '\('\.$/, '(']],
      'Conv Tanh Flatten Gemm',
    ],
    [
      'inputs that are not closed',
      '(image, kernel)',
      '(image,',
      [[/^Expected '\)' after the inputs of Conv, not 'b'/, 'b']],
      'Conv Tanh Flatten Gemm',
    ],
    ['an operator not typed yet', 'Tanh (a)', '', [[/^Expected the operator, not 'c'/, 'c']], 'Conv  Flatten Gemm'],
    [
      'a string without end',
      '"dense/weight")',
      '"dense/weight)',
      [[/^Expected '\)' after the inputs of Gemm, but here begins a string that does not end/, '"dense/weight)']],
      'Conv Tanh Flatten Gemm',
    ],
    [
      'a missing brace',
      '\n}\n',
      '\n',
      [[/^The nodes of the graph 'digits' are not closed/, '{']],
      'Conv Tanh Flatten Gemm',
    ],
    [
      'a list of operator sets that is not closed',
      ' : 17]',
      ' : 17',
      [[/^Expected ',' or '\]' in the list of operator sets/, '>']],
      'Conv Tanh Flatten Gemm',
    ],
    [
      'a comma that is missing between initializers',
      '"digits.bin"],',
      '"digits.bin"]',
      [[/^Expected ',' or '>' in the list of values and initializers, not 'float'/, 'float']],
      'Conv Tanh Flatten Gemm',
    ],
    [
      'an entry that models do not have',
      'ir_version',
      'version',
      [[/^Models have no entry 'version'/, 'version']],
      'Conv Tanh Flatten Gemm',
    ],
    [
      'an attribute of another type than it says',
      'transB = 1',
      'transB: float = "1"',
      [[/^The attribute 'transB' is said to be float, but its value is string/, '"1"']],
      'Conv Tanh Flatten Gemm',
    ],
    [
      'a character that means nothing',
      'b = Tanh',
      'b = § Tanh',
      [[/^Expected the operator, not '§'/, '§']],
      'Conv  Flatten Gemm',
    ],
    [
      'a value that nothing makes',
      'Tanh (a)',
      'Tanh (x)',
      [[/takes the value 'x', which nothing in the graph makes/, 'Tanh']],
      'Conv Tanh Flatten Gemm',
    ],
  ];
  test.each(cases)('%s', (_, part, replacement, errors, types) => {
    expect(model).toContain(part);
    const text = model.replace(part, replacement);
    const result = read(text);
    expect(result.errors.map(error => error.message)).toEqual(
      errors.map(([message]) => expect.stringMatching(message)),
    );
    expect(result.errors.map(error => at(text, error.range))).toEqual(errors.map(([, place]) => place));
    const layers = result.graph?.layers.filter(
      ({ type }) => type !== 'Input' && type !== 'Missing' && type !== 'Constant',
    );
    expect(layers?.map(({ type }) => type).join(' ')).toBe(types);
  });

  test.each([
    ['', /^The file is empty/],
    [
      '# a.onnx cannot be shown.\n# It is empty.\n',
      /^There is no model here: a\.onnx cannot be shown\. It is empty\.$/,
    ],
    ['hello, world', /^Expected '=>' after the graph's inputs, not ','/],
    ['{"format": "layers-model"}', /^Expected the name of the graph, not '\{'/],
    ['<ir_version: 8>', /^Expected the name of the graph, but the text ends here/],
  ])('%j is no model', (text, message) => {
    const { errors } = read(text);
    expect(errors[0]?.message).toMatch(message);
    expect(errors).toHaveLength(1);
  });

  test('nesting and size have limits', () => {
    const nested = `g () => () { ${'x = If (c) <then_branch = g () => () { '.repeat(200)}`;
    expect(read(nested).errors.at(-1)?.message).toMatch(/^Subgraphs are nested more deeply/);
    expect(read(`g (${'seq('.repeat(200)}`).errors.at(-1)?.message).toMatch(/^Types are nested more deeply/);
    const many = read(`g () => () {${'=a()'.repeat(600_000)}}`);
    expect(many.errors[0]?.message).toMatch(/more nodes, attributes and names than Leaklint reads/);
  });
});

test('a finding is suppressed by a comment on the line above, or for the whole file', () => {
  const check = (text: string) => {
    const options = { config: defaultConfig, exact: new Map(), cancel: neverCancelled };
    const { findings, suppressed } = checkSource({ path: 'digits.onnxtxt', text }, options);
    return {
      found: findings.map(({ ruleId, range }) => `${ruleId} ${at(text, range)}`),
      suppressed: suppressed.length,
    };
  };
  const before = check(model);
  expect(before.found).toContain('soluble-layer Conv');
  expect(before.suppressed).toBe(0);
  const line = check(model.replace('# a convolution', '# leaklint-disable-next-line soluble-layer -- a test'));
  expect(line.found).toEqual(before.found.filter(finding => finding !== 'soluble-layer Conv'));
  expect(line.suppressed).toBe(1);
  const file = check(`# leaklint-disable-file soluble-layer\n${model}`);
  expect(file.found).toEqual(line.found);
});
