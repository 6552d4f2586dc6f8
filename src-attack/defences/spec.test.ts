import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defences } from './registry.ts';
import { parseDefence } from './spec.ts';
import { suggest } from './suggest.ts';
import { parseSweep } from './sweep.ts';

test.each(defences)('the example and the levels of $name can be read', ({ name, example, levels }) => {
  expect(parseDefence(example).spec).toBe(example);
  if (levels !== '') expect(parseSweep(`${name}:${levels}`).levels.length).toBeGreaterThan(2);
});

test.each([
  ['nosie:0.1', /no defence "nosie": did you mean "noise"/],
  ['magic', /no defence "magic"; there is noise, clip/],
  ['noise', /"noise" needs σ \(.*\) as a number at least 0 and at most 1000000; it is missing. Example: noise:0.01/],
  ['noise:loud', /it is "loud"/],
  ['noise:-1', /at least 0 and at most 1000000; it is "-1"/],
  ['noise:0.1,relatve', /unknown setting "relatve": did you mean "relative"/],
  ['clip:0', /C \(.*\) as a number above 0/],
  ['clip:1,clap=2', /unknown setting "clap"; it has none/],
  ['dp-sgd:1,clip', /needs clip/],
  ['prune:90', /at most 1/],
  ['noise:1e300', /at most 1000000/],
  ['quantise:2.5', /whole number/],
  ['sign:1', /"sign:1" takes no value: write sign/],
  ['local-steps:20,simulated', /up to 16 local steps here, not 20/],
  ['', /no defence ""/],
])('%s is refused with a sentence', (spec, message) => {
  expect(() => parseDefence(spec)).toThrow(message);
});

describe('a sweep', () => {
  const levels = (text: string) => parseSweep(text).levels.map(({ level }) => level);
  test.each([
    ['noise:1e-5..1e-1', [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]],
    ['noise:0.01..1/3', [0.01, 0.1, 1]],
    ['quantise:2..8', [2, 4, 8]],
    ['batch:1..4/4', [1, 2, 3, 4]],
    ['prune:0.1..0.9/3', [0.1, 0.5, 0.9]],
  ])('%s has the levels %j', (text, expected) => {
    expect(levels(text)).toEqual(expected);
  });
  test('keeps the settings behind the range', () => {
    expect(parseSweep('dp-sgd:0.1..1,clip=2').levels.map(({ spec }) => spec)).toEqual([
      'dp-sgd:0.1,clip=2',
      'dp-sgd:1,clip=2',
    ]);
  });
  test.each([
    ['sign:1..2', /no level to sweep/],
    ['noise:0.1', /needs a range from low to high, such as noise:/],
    ['noise:1..0.1', /from low to high/],
    ['noise:0..1', /cannot start at 0/],
    ['noise:1e-5..1/100', /100 levels; there may be 2 to 40/],
    ['quantise:2..80', /at most 24/],
    ['noise:1..2,loud', /unknown setting "loud"/],
  ])('%s is refused with a sentence', (text, message) => {
    expect(() => parseSweep(text)).toThrow(message);
  });
});

test('no text makes the parsers fail otherwise than with a sentence', () => {
  const name = fc.constantFrom(...defences.map(kind => kind.name), 'x');
  const tail = fc.string({ unit: fc.constantFrom('.', '1', 'e', '-', ',', '=', '/', ':', ' ', 'clip', 'relative') });
  fc.assert(
    fc.property(name, tail, (kind, rest) => {
      for (const parse of [parseDefence, parseSweep]) {
        try {
          parse(`${kind}:${rest}`);
        } catch (error) {
          expect((error as Error).name).toBe('DefenceError');
        }
      }
    }),
  );
});

test('suggestions are near words only', () => {
  expect(suggest('gaus-newton', ['r-gap', 'gauss-newton'])).toBe('gauss-newton');
  expect(suggest('rgap', ['r-gap', 'dlg'])).toBe('r-gap');
  expect(suggest('something', ['r-gap', 'dlg'])).toBeUndefined();
});
