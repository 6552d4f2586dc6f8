// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the programs are text
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neverCancelled } from '../reader.ts';
import { readTfjsCode } from './read.ts';

/**
 * Pieces of JavaScript that compute `result`, a positive integer or a list of them. The reference is JavaScript itself:
 * each is run, and the evaluator must come to the same value.
 */
const programs = [
  // Operators
  'result = 2 + 3 * 4 ** 2 % 7 - (8 / 2)',
  'result = (7 & 5) + (4 | 1) + (6 ^ 3) + (1 << 4) + (-16 >> 2) + 10 + (-1 >>> 28) + ~-5',
  "result = '3' * '4' + +'5'",
  "result = ('a' < 'b') + (3 >= 3) + ('10' > '9') + (null == undefined) + (0 === -0) + 1",
  "result = (typeof 'x' === 'string') + (typeof {} === 'object') + (typeof (() => 1) === 'function') + (typeof undefined === 'undefined')",
  'result = `${1}${2}` - 2',
  'let a = 1; a += 2; a *= 5; a -= 1; a **= 2; a /= 4; a %= 10; a <<= 2; result = a',
  'let a, b = null, c = 0, d = 4; a ??= 3; b ??= 2; c ||= 7; d &&= 9; result = [a, b, c, d]',
  'let a = 5; const b = a++ + ++a; result = [a, b, a-- - --a]',
  'let a = 1; result = (a = 4, a + 1)',
  'result = true ? 3 : 4',
  'result = (0 || 6) + (null ?? 2) + (5 && 7) + (!0)',
  'result = void 0 === undefined ? 2 : 1',
  'result = 0xff + 0b11 + 0o17 + 1_000 + 1e2',
  "result = ('x' in {x: 1}) + ('y' in {x: 1}) + 1",
  'result = 5..toFixed(0) * 2',
  "result = [] + [] === '' ? 3 : 4",
  "result = [1, 2] + '' === '1,2' ? 3 : 4",
  "result = 1 + '2' - 1",
  // Destructuring, spread, rest
  'const [a, , b = 4, ...rest] = [1, 2, undefined, 5, 6]; result = [a, b, ...rest, rest.length]',
  'const {x, y: {z = 3, w}, ...others} = {x: 1, y: {w: 2}, p: 7, q: 8}; result = [x, z, w, others.p, others.q]',
  'let a = 1, b = 2; [a, b] = [b, a]; result = [a, b]',
  'let o = {}; ({p: o.q, r: o.s = 9} = {p: 4}); result = [o.q, o.s]',
  "const key = 'units'; const {[key]: u} = {units: 12}; result = u",
  'const base = {a: 1, b: 2}; const o = {b: 5, ...base, c: 3, ...null, ...(false && {a: 9})}; result = [o.a, o.b, o.c]',
  'function f(first, ...rest) { return first + rest.length; } result = f(...[1, 2, 3], 4)',
  "const [a, b] = 'xyz'; result = a === 'x' && b === 'y' ? 2 : 1",
  'const f = ({a = 1, b = 2} = {}, [c] = [3]) => [a, b, c]; result = [...f(), ...f({b: 7}, [8])]',
  // Functions
  'const square = x => x * x; function twice(f, x) { return f(f(x)); } result = twice(square, 3)',
  'function fact(n) { return n <= 1 ? 1 : n * fact(n - 1); } result = fact(7)',
  'function even(n) { return n === 0 || odd(n - 1); } function odd(n) { return n !== 0 && even(n - 1); } result = even(20) ? 5 : 6',
  'const counter = () => { let n = 0; return () => ++n; }; const c = counter(), d = counter(); c(); c(); d(); result = [c(), d()]',
  'function f(a, b = a * 2, c = a + b) { return c; } result = [f(1), f(1, undefined, 9), f(2, 3)]',
  'const o = {n: 4, get(k) { return this.n * k; }, arrow() { return [1].map(x => x + this.n)[0]; }}; result = [o.get(3), o.arrow()]',
  'function f() { return this.k; } result = [f.call({k: 3}), f.apply({k: 4}, []), f.bind({k: 5})()]',
  'function sum() { let s = 0; for (const a of arguments) s += a; return s; } result = sum(1, 2, 3)',
  'const f = function inner(n) { return n > 2 ? n : inner(n + 1); }; result = f(0)',
  'result = (() => { if (true) return 4; return 5; })()',
  'var f = 1; { function g() { return 8; } var f = g(); } result = f',
  'result = later(); function later() { return 6; }',
  'const compose = (...fs) => x => fs.reduce((v, f) => f(v), x); result = compose(x => x + 1, x => x * 10)(2)',
  // Objects and classes
  'const o = {a: 1, get b() { return this.a + 1; }, [`c${1}`]: 3}; o.d = 4; o["e"] = 5; delete o.a; o.a = 7; result = [o.b, o.c1, o.d, o.e]',
  'const a = 1, b = 2; const o = {a, b}; result = Object.keys(o).length + Object.values(o)[1]',
  'const o = Object.assign({a: 1}, {b: 2}, {a: 3}); result = Object.entries(o).map(([k, v]) => v + k.length)',
  "result = Object.fromEntries([['a', 4], ['b', 5]]).b",
  'class A { constructor(n) { this.n = n; } twice() { return this.n * 2; } get three() { return this.n * 3; } static make(n) { return new this(n); } } result = [new A(2).twice(), new A(2).three, A.make(5).n]',
  'class A { n = 2; #secret = 3; reveal() { return this.#secret + this.n; } } class B extends A { m = 4; constructor() { super(); this.n = 10; } reveal() { return super.reveal() + this.m; } } result = new B().reveal()',
  'class A { static k = 3; static { A.j = A.k + 1; } set v(x) { this.w = x * 2; } } const a = new A(); a.v = 5; result = [A.k, A.j, a.w]',
  'function P(n) { this.n = n; } result = new P(6).n',
  'const a = {x: {y: [1, {z: 9}]}}; result = a.x.y[1].z + (a.p?.q.r ?? 2) + (a.f?.() ?? 3) + (a?.["x"].y[0])',
  "const o = {['__proto__']: 4, constructor: 5, hasOwnProperty: 6}; result = [o['__proto__'], o.constructor, o.hasOwnProperty]",
  'const a = [1, 2]; const b = a; b.push(3); result = a.length',
  // Arrays
  'result = [1, 2, 3].map((x, i) => x * 10 + i)',
  'result = [5, 6, 7, 8].filter(x => x % 2 === 0).concat([9], 10)',
  'result = [1, 2, 3, 4].slice(1, -1).concat([1, 2, 3].slice(-2))',
  'const a = [1, 2, 3, 4, 5]; const removed = a.splice(1, 2, 9, 9, 9); result = [...a, ...removed]',
  'const a = [1]; a.push(2, 3); a.unshift(4); a.pop(); result = [a.shift(), ...a, a.length]',
  'result = [[1, 2], [3, [4]]].flat(2).concat([1, 2].flatMap(x => [x, x * 2]))',
  'result = Array.from({length: 3}, (_, i) => i + 1).concat(Array(2).fill(7), new Array(1, 2), Array.of(3))',
  'result = [3, 1, 10, 2].sort((a, b) => a - b).concat([3, 1, 10, 2].sort()).reverse()',
  'result = [[1, 2, 3].indexOf(3), [1, 2, 3].includes(2) + 1, [4, 5].find(x => x > 4), [4, 5].findIndex(x => x > 4), [1, 2].at(-1)]',
  'result = [1, 2, 3].some(x => x > 2) + [1, 2, 3].every(x => x > 0)',
  'result = [1, 2, 3].reduce((a, b) => a * b) + [1, 2].reduceRight((a, b) => a * 10 + b, 0)',
  "result = [1, 2, 3].join('').length + [1, [2, 3]].toString().length",
  'let s = 0; [4, 5, 6].forEach((x, i) => { s += x * i; }); result = s',
  'const a = [1, 2, 3]; a.length = 1; a[3] = 9; result = [a.length, a[0], a[2] === undefined ? 4 : 5]',
  'let s = 1; for (const [i, x] of [7, 8].entries()) s += i * x; result = s',
  'result = Math.max(...[1, 9, 4]) + Math.min(3, 2)',
  // Strings and numbers
  "result = ['abc'.length, 'a-b-c'.split('-').length, 'abcdef'.indexOf('d'), 'x'.repeat(4).length, 'abc'.charCodeAt(1)]",
  "result = ['relu6'.startsWith('relu') ? 1 : 2, 'relu6'.endsWith('6') ? 1 : 2, parseInt('12px', 10), Number('7'), +'relu6'.slice(-1)]",
  "result = 'Ab'.toUpperCase() === 'AB' && 'Ab'.toLowerCase() === 'ab' && ' x '.trim() === 'x' ? 3 : 4",
  "result = 'a,b'.replace(',', '').length + 'aXbX'.replaceAll('X', '').length + '7'.padStart(3, '0').length",
  'result = [Math.floor(7.9), Math.ceil(7.1), Math.round(2.5), Math.abs(-3), Math.sqrt(16), Math.pow(2, 5), Math.log2(8), Math.trunc(3.7)]',
  'result = Number.isInteger(4) + Number.isInteger(4.5) + isNaN(NaN) + 1',
  'result = parseFloat("3.5") * 2 + Number.parseInt("8")',
  // Control flow
  'let s = 0; for (let i = 0; i < 5; i++) { if (i === 1) continue; if (i === 4) break; s += i; } result = s',
  'let s = 0; for (const x of [3, 4, 5]) s += x; for (const k in {a: 1, b: 2}) s += k.length; result = s',
  'let n = 0; while (n < 10) n += 3; do { n--; } while (n > 8); result = n',
  'let s = 0; outer: for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) { if (j === 2) continue outer; if (i === 2) break outer; s += 10 * i + j; } result = s',
  'const fs = []; for (let i = 1; i < 4; i++) fs.push(() => i); result = fs.map(f => f())',
  'var fs = []; for (var i = 1; i < 4; i++) fs.push(() => i); result = fs.map(f => f())',
  "let r; switch ('b') { case 'a': r = 1; break; case 'b': r = 2; case 'c': r += 10; break; default: r = 99; } result = r",
  'let r = 1; switch (5) { case 1: r = 2; break; default: r = 3; case 6: r += 4; } result = r',
  'function f(x) { switch (x) { case 1: return 10; default: return 20; } } result = f(1) + f(2)',
  'let r = 0; try { r = 1; throw new Error("x"); } catch (e) { r += 2; } finally { r *= 5; } result = r',
  'function f() { try { return 1; } finally { r = 7; } } let r; f(); result = r',
  'function f() { throw 6; } let r; try { f(); } catch (n) { r = n; } result = r',
  'let i = 0, s = 0; for (;;) { if (++i > 4) break; s += i; } result = s',
  'let s = 0; for (let i = 4; i--; ) s += i + 1; let n = 3; while (n-- > 0) s++; const q = [1, 2, 3]; while (q.length) s += q.pop(); const o = {n: 0}; while (o.n < 4) o.n++; result = [s, o.n]',
  'let i = 0; const f = () => i++ < 5; while (f()) {} do { if (i > 20) break; i *= 2; } while (true); result = i',
  'let a = 3, s = 0; { let a = 5; s += a; } s += a; result = s',
  'blocks: { result = 3; if (result > 2) break blocks; result = 9; }',
  'const grow = n => { const out = []; for (let f = 8; out.length < n; f *= 2) out.push(f); return out; }; result = grow(4)',
];

function shapeOf(code: string): readonly (number | null)[] | null | undefined {
  const text = `import * as tf from '@tensorflow/tfjs';\nlet result;\n${code};\ntf.model({inputs: tf.input({shape: result}), outputs: tf.input({shape: result})})`;
  return readTfjsCode({ path: 'a.js', text }, neverCancelled).models[0]?.layers[0]?.outputShapes[0];
}

function run(code: string): unknown {
  // The programs are the constants above or made of numbers and operators.
  const value: unknown = new Function(`let result;\n${code};\nreturn result;`)();
  return Array.isArray(value) ? value.map(Number) : [Number(value)];
}

describe('the evaluator against JavaScript', () => {
  it.each(programs)('%s', code => {
    expect(shapeOf(code)).toEqual(run(code));
  });

  it('agrees on random arithmetic', () => {
    const { expression } = fc.letrec<{ expression: string }>(tie => ({
      expression: fc.oneof(
        { maxDepth: 5 },
        fc.nat(30).map(String),
        fc
          .tuple(
            tie('expression'),
            fc.constantFrom('+', '-', '*', '%', '|', '&', '<', '===', '&&', '||', '??'),
            tie('expression'),
          )
          .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
        fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `((x, y = ${b}) => x + y)(${a})`),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `[${a}, ${b}].reduce((s, x) => s + x, 0)`),
        fc.tuple(fc.constantFrom('-', '+', '!', '~'), tie('expression')).map(([operator, a]) => `(${operator}${a})`),
      ),
    }));
    fc.assert(
      fc.property(expression, text => {
        // NaN and negative numbers are no dimensions: they are brought into range by the program itself.
        const code = `const v = Number(${text}); result = v !== v ? 1 : Math.abs(v) % 1000 + 1`;
        expect(shapeOf(code)).toEqual(run(code));
      }),
      { numRuns: 300 },
    );
  });
});
