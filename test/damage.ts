/** Damaged texts for tests and benches of readers. */
import fc from 'fast-check';

interface Cut {
  /** Where, as a share of the text. */
  readonly where: number;
  readonly length: number;
  readonly how: 'replace' | 'insert' | 'repeat' | 'splice' | 'letter' | 'head' | 'tail';
  readonly piece: string;
  readonly letter: number;
}

/**
 * One of the texts after up to so many accidents: parts left out, replaced by a piece, repeated or taken from another text, letters
 * exchanged; seldom only its head or tail is left.
 */
export function damaged(texts: readonly string[], pieces: readonly string[], accidents = 4): fc.Arbitrary<string> {
  const cut = fc.record<Cut>({
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(60),
    how: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('replace', 'insert', 'repeat', 'splice', 'letter') },
      { weight: 1, arbitrary: fc.constantFrom('head', 'tail') },
    ),
    piece: fc.constantFrom('', ...pieces),
    letter: fc.nat(255),
  });
  const text = fc.constantFrom(...texts);
  const cuts = fc.array(cut, { minLength: 1, maxLength: accidents });
  return fc.tuple(text, text, cuts).map(([one, other, all]) => all.reduce((out, each) => apply(out, other, each), one));
}

function apply(text: string, other: string, { where, length, how, piece, letter }: Cut): string {
  const at = Math.floor(where * text.length);
  const [head, tail] = [text.slice(0, at), text.slice(at)];
  switch (how) {
    case 'replace':
      return head + piece + tail.slice(length);
    case 'insert':
      return head + piece + tail;
    case 'repeat':
      return head + tail.slice(0, length) + tail;
    case 'splice': {
      const from = Math.floor(where * other.length);
      return head + other.slice(from, from + 4 * length) + tail;
    }
    case 'letter':
      return head + String.fromCharCode(letter) + tail.slice(1);
    case 'head':
      return head;
    case 'tail':
      return tail;
  }
}

/** Pieces of JSON, of models and of nothing, to put into model files. */
export const jsonPieces: readonly string[] = [
  ...['"', '{', '}', '[', ']', ',', ':', 'null', 'true', '-1', '0.5', '1e999', '"in"', '{"a":1}', '\u0000', '//', '/*'],
  ...['"class_name"', '"Dense"', '"config"', '"layers"', '"units":1e9', '"batch_input_shape":[null,0]', '"Functional"'],
  ...['"inbound_nodes"', '"node"', '"op":"Conv2D"', '"input":["x","x"]', '"i":["0"]', '"shape":[-3]', '"dtype":"bool"'],
  ...['"attr":{"strides":{"list":{"i":["1","0"]}}}', '"paths":["a"]'],
];
