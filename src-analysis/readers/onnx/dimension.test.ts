import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dim, differ, exactQuotient, floorQuotient, minus, parseDim, plus, product, times } from './dimension.ts';

const parse = (text: string, known: Record<string, number> = {}): Dim => parseDim(text, new Map(Object.entries(known)));

describe('an expression', () => {
  test.each<[string, Dim]>([
    ['T', 'T'],
    ['batch_size', 'batch_size'],
    ['2*T + 1', '2*T+1'],
    ['1 + T*2', '2*T+1'],
    ['T*S*2', '2*S*T'],
    ['S*(T + 2)', 'S*T+2*S'],
    ['T - T', 0],
    ['-T + 3', '-T+3'],
    ['T + T', '2*T'],
    ['(4*T)//2', '2*T'],
    ['(H + 1)//2', 'floor((H+1)/2)'],
    ['floor((H+1)/2)', 'floor((H+1)/2)'],
    ['((H-1)//2)*2 - 1', '2*floor((H+1)/2)-3'],
    ['((H//2) + 3)//4', 'floor((H+6)/8)'],
    ['(4*H + T + 5)//2', '2*H+floor((T+1)/2)+2'],
    ['12', 12],
    ['?', null],
    ['None', null],
    ['', null],
    ['Max(1, T)', null],
    ['sequence length', null],
    ['T +', null],
    ['9'.repeat(40), null],
  ])('%s is %s', (text, expected) => expect(parse(text)).toBe(expected));

  test('of a name with a known length is computed with it', () => {
    expect(parse('4*N', { N: 1 })).toBe(4);
    expect(parse('N*T + N', { N: 1 })).toBe('T+1');
  });
});

describe('arithmetic', () => {
  test('takes symbols as what they are', () => {
    expect(product([2, 'T', 3])).toBe('6*T');
    expect(product(['T', null, 0])).toBe(0);
    expect(exactQuotient('6*S*T', '2*T')).toBe('3*S');
    expect(exactQuotient('6*S*T', '4*T')).toBeNull();
    expect(exactQuotient('2*T+4', 'T+2')).toBe(2);
    expect(exactQuotient('T', 'S')).toBeNull();
    expect(floorQuotient('T+1', 2)).toBe('floor((T+1)/2)');
    expect(minus(plus('T', 3), 'T')).toBe(3);
    expect(times('T', 0.5)).toBeNull();
  });

  test('tells lengths apart only where they must differ', () => {
    expect(differ('T', 'T+1')).toBe(true);
    expect(differ('T', 'S')).toBe(false);
    expect(differ('T', 5)).toBe(false);
    expect(differ(4, 5)).toBe(true);
    expect(differ(null, 5)).toBe(false);
  });

  test('gives up on what grows without bound', () => {
    let dim: Dim = 'T';
    for (let i = 0; i < 200; i++) dim = floorQuotient(plus(dim, 1), 2);
    expect(dim).toBeNull();
  });
});

type Expression = { readonly text: string; readonly value: (s: number, t: number) => number };

const expression: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression }>(tie => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Expression>({ text: 'S', value: s => s }, { text: 'T', value: (_, t) => t }),
    fc.integer({ min: 0, max: 9 }).map(n => ({ text: `${n}`, value: () => n })),
    ...(['+', '-', '*'] as const).map(sign =>
      fc.tuple(tie('any'), tie('any')).map(([a, b]) => ({
        text: `(${a.text})${sign}(${b.text})`,
        value: (s: number, t: number) => {
          const [x, y] = [a.value(s, t), b.value(s, t)];
          return sign === '+' ? x + y : sign === '-' ? x - y : x * y;
        },
      })),
    ),
    fc.tuple(tie('any'), fc.integer({ min: 1, max: 4 })).map(([a, n]) => ({
      text: `(${a.text})//${n}`,
      value: (s: number, t: number) => Math.floor(a.value(s, t) / n),
    })),
  ),
})).any;

test('the canonical form has the same value and is its own canonical form', () => {
  fc.assert(
    fc.property(expression, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (item, s, t) => {
      const dim = parse(item.text);
      if (typeof dim === 'string') expect(parse(dim)).toBe(dim);
      const value = typeof dim === 'string' ? parse(dim, { S: s, T: t }) : dim;
      if (value !== null) expect(value === item.value(s, t)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
