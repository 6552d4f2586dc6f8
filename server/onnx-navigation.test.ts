import { describe, expect, test } from 'vitest';
import { parseOnnxText } from '../src-analysis/readers/onnx-text/parse.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { occurrencesAt } from './onnx-navigation.ts';

/** Occurrences of the name at the bar: where it is defined in brackets, where its type is told in braces. */
function marked(marked: string): string {
  const offset = marked.indexOf('|');
  const text = marked.replace('|', '');
  const { errors, occurrences } = parseOnnxText(text, neverCancelled);
  expect(errors).toEqual([]);
  let result = text;
  for (const { range, role } of [...occurrencesAt(occurrences, offset)].reverse()) {
    const [open, close] = { definition: ['[', ']'], type: ['{', '}'], use: ['<', '>'] }[role];
    result =
      result.slice(0, range.start) + open + result.slice(range.start, range.end) + close + result.slice(range.end);
  }
  return result.replaceAll('\n', ' ');
}

describe('the places of a value', () => {
  test.each([
    [
      'made by a node, used by two and by the graph',
      'g (float x) => (float y) <float t> { t = Neg (x) y = Add (|t, t) }',
      'g (float x) => (float y) <float {t}> { [t] = Neg (x) y = Add (<t>, <t>) }',
    ],
    ['an input', 'g (float |x) => (y) { y = Neg (x) }', 'g (float [x]) => (y) { y = Neg (<x>) }'],
    ['an output', 'g (x) => (|y) { y = Neg (x) }', 'g (x) => (<y>) { [y] = Neg (x) }'],
    [
      'an initializer with a quoted name',
      'g (x) => (y) <float[1] "a/w" = {1}> { y = Mul (x, "a/w|") }',
      'g (x) => (y) <float[1] ["a/w"] = {1}> { y = Mul (x, <"a/w">) }',
    ],
    [
      'a subgraph takes it from around',
      'g (c, x) => (y) { y = If (c) <then_branch = t () => (z) { z = Neg (|x) }> }',
      'g (c, [x]) => (y) { y = If (c) <then_branch = t () => (z) { z = Neg (<x>) }> }',
    ],
    [
      'of the same name in a subgraph',
      'g (c, z) => (y) { y = If (c) <then_branch = t () => (z) { |z = Neg (c) }> w = Neg (z) }',
      'g (c, z) => (y) { y = If (c) <then_branch = t () => (<z>) { [z] = Neg (c) }> w = Neg (z) }',
    ],
    [
      'of the same name in a function',
      'g (x) => (y) { y = l.f (x) } <domain: "l"> f (|x) => (y) { y = Neg (x) }',
      'g (x) => (y) { y = l.f (x) } <domain: "l"> f ([x]) => (y) { y = Neg (<x>) }',
    ],
    [
      'a function of the model',
      'g (x) => (y) { y = l.f| (x) } <domain: "l"> f (x) => (y) { y = Neg (x) }',
      'g (x) => (y) { y = l.<f> (x) } <domain: "l"> [f] (x) => (y) { y = Neg (x) }',
    ],
    ['nothing at a label', 'g (x) => (y) { [lab|el] y = Neg (x) }', 'g (x) => (y) { [label] y = Neg (x) }'],
  ])('%s', (_, text, expected) => {
    expect(marked(text)).toBe(expected);
  });
});
