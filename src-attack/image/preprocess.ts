/**
 * What a model does to pixels before its first layer, made explicit: an expression in `x`, the pixel value 0…255,
 * such as `x/255 - 0.5` or, with one constant per channel, `(x/255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]`.
 * Grammar: numbers, x, lists of constants, + − * /, unary minus, parentheses. The result must be affine in x with a
 * non-zero slope, so that it has an exact inverse. Nothing is evaluated as code.
 */
export interface Preprocess {
  readonly source: string;
  /** value = scale[c]·pixel + offset[c]; length 1 when all channels are alike. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** An expression that does not parse or is not affine; `position` is the UTF-16 offset into the expression. */
export class PreprocessError extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(`Preprocessing expression, character ${position + 1}: ${message}`);
    this.name = 'PreprocessError';
    this.position = position;
  }
}

/** The paper's setting (Chen & Campbell 2022). */
export const paperPreprocess: Preprocess = { source: 'x/255 - 0.5', scale: [1 / 255], offset: [-0.5] };

/** slope·x + constant, per channel. */
interface Affine {
  readonly slope: readonly number[];
  readonly constant: readonly number[];
}

const maxLength = 1000;
const maxDepth = 50;

/** @throws {PreprocessError} on anything the grammar above does not allow. */
export function parsePreprocess(source: string): Preprocess {
  if (source.length > maxLength) throw new PreprocessError(`longer than ${maxLength} characters.`, maxLength);
  const tokens = tokenize(source);
  let next = 0;
  let depth = 0;
  const peek = () => tokens[next]!;
  const accept = (text: string) => peek().text === text && ++next > 0;
  const expect = (text: string) => {
    if (!accept(text)) throw new PreprocessError(`expected "${text}" but found ${shown(peek())}.`, peek().position);
  };

  function sum(): Affine {
    let left = product();
    for (;;) {
      const { position } = peek();
      if (accept('+')) left = combine(left, product(), position, (a, b) => a + b);
      else if (accept('-')) left = combine(left, product(), position, (a, b) => a - b);
      else return left;
    }
  }
  function product(): Affine {
    let left = factor();
    for (;;) {
      const { position } = peek();
      if (accept('*')) left = multiply(left, factor(), position);
      else if (accept('/')) left = multiply(left, reciprocal(factor(), position), position);
      else return left;
    }
  }
  function factor(): Affine {
    const token = peek();
    if (++depth > maxDepth) throw new PreprocessError('nested too deeply.', token.position);
    let value: Affine;
    if (accept('-')) value = multiply({ slope: [0], constant: [-1] }, factor(), token.position);
    else if (accept('(')) {
      value = sum();
      expect(')');
    } else if (accept('[')) value = list(token.position);
    else if (accept('x')) value = { slope: [1], constant: [0] };
    else if (token.number !== undefined) {
      next++;
      value = { slope: [0], constant: [token.number] };
    } else throw new PreprocessError(`expected a number, x, "(" or "[" but found ${shown(token)}.`, token.position);
    depth--;
    return value;
  }
  function list(position: number): Affine {
    const constant: number[] = [];
    do {
      const entry = sum();
      if (entry.slope.some(s => s !== 0) || entry.constant.length !== 1) {
        throw new PreprocessError('a list holds one constant per channel.', position);
      }
      constant.push(entry.constant[0]!);
    } while (accept(','));
    expect(']');
    return { slope: [0], constant };
  }

  const result = sum();
  if (peek().text !== '') throw new PreprocessError(`unexpected ${shown(peek())}.`, peek().position);
  const channels = Math.max(result.slope.length, result.constant.length);
  const scale = broadcast(result.slope, channels);
  const offset = broadcast(result.constant, channels);
  if (scale.some(s => s === 0)) throw new PreprocessError('the result does not depend on x.', 0);
  if (![...scale, ...offset].every(Number.isFinite)) throw new PreprocessError('a constant is not finite.', 0);
  return { source, scale, offset };
}

interface Token {
  readonly text: string;
  readonly position: number;
  readonly number?: number;
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([-+*/()[\],x])/y;
  while (pattern.lastIndex < source.length) {
    const position = pattern.lastIndex;
    const match = pattern.exec(source);
    if (!match) throw new PreprocessError(`unexpected "${source[position]}".`, position);
    if (match[1] !== undefined) tokens.push({ text: match[1], position, number: Number(match[1]) });
    else if (match[2] !== undefined) tokens.push({ text: match[2], position });
  }
  tokens.push({ text: '', position: source.length });
  return tokens;
}

function shown(token: Token): string {
  return token.text === '' ? 'the end' : `"${token.text}"`;
}

function broadcast(values: readonly number[], length: number): readonly number[] {
  return values.length === length ? values : Array.from({ length }, () => values[0]!);
}

function zip(
  a: readonly number[],
  b: readonly number[],
  position: number,
  f: (a: number, b: number) => number,
): number[] {
  const length = Math.max(a.length, b.length);
  if ((a.length !== 1 && a.length !== length) || (b.length !== 1 && b.length !== length)) {
    throw new PreprocessError(`lists of ${a.length} and ${b.length} entries do not go together.`, position);
  }
  const [left, right] = [broadcast(a, length), broadcast(b, length)];
  return left.map((value, i) => f(value, right[i]!));
}

function combine(a: Affine, b: Affine, position: number, f: (a: number, b: number) => number): Affine {
  return { slope: zip(a.slope, b.slope, position, f), constant: zip(a.constant, b.constant, position, f) };
}

function multiply(a: Affine, b: Affine, position: number): Affine {
  const [constant, other] = isConstant(a) ? [a, b] : [b, a];
  if (!isConstant(constant)) throw new PreprocessError('x may not be multiplied by x.', position);
  return {
    slope: zip(constant.constant, other.slope, position, (u, v) => u * v),
    constant: zip(constant.constant, other.constant, position, (u, v) => u * v),
  };
}

function reciprocal(a: Affine, position: number): Affine {
  if (!isConstant(a)) throw new PreprocessError('x may not stand below a fraction.', position);
  if (a.constant.some(value => value === 0)) throw new PreprocessError('division by zero.', position);
  return { slope: [0], constant: a.constant.map(value => 1 / value) };
}

function isConstant(a: Affine): boolean {
  return a.slope.every(s => s === 0);
}
