/**
 * Hostile input for the TensorFlow.js readers: seeds with tokens deleted, repeated and exchanged, bytes flipped, texts cut and
 * spliced. A reader must return, soon, without throwing, and with a graph whose edges point backwards.
 *
 *   npm run bench tfjs-fuzz
 *
 * LEAKLINT_FUZZ_INPUTS is the number of inputs for each reader (100000); LEAKLINT_FUZZ_READER names one reader (code, json).
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { ModelGraph } from '../src-analysis/model/graph.ts';
import { readModels } from '../src-analysis/readers/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { modelCases } from '../src-analysis/readers/tfjs-code/test-models.ts';
import { fuzz, type Outcome, report } from './fuzz.ts';

const inputs = Number(process.env.LEAKLINT_FUZZ_INPUTS ?? 100_000);
const seed = 20_261_122;

/** Mulberry32: the same inputs in every run. */
function random(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const folder = 'test/fixtures';
const filesOf = (name: string): string[] =>
  readdirSync(`${folder}/${name}`).map(file => readFileSync(`${folder}/${name}/${file}`, 'utf8'));

interface Reader {
  readonly name: string;
  readonly paths: readonly string[];
  readonly seeds: readonly string[];
  /** Pieces that are put in. */
  readonly pieces: readonly string[];
}

const readers: readonly Reader[] = [
  {
    name: 'code',
    paths: ['model.ts', 'model.js', 'model.tsx', 'page.html', 'part.vue'],
    seeds: [
      ...modelCases.map(({ code }) => `import * as tf from '@tensorflow/tfjs';\n${code}`),
      ...filesOf('tfjs-code/paper').map(text => text.slice(0, 3000)),
      "<script type=module>import * as tf from '@tensorflow/tfjs';\nconst m = tf.sequential();</script>",
    ],
    pieces: [
      ...[
        '(',
        ')',
        '{',
        '}',
        '[',
        ']',
        '=>',
        '...',
        'await ',
        'function ',
        'class ',
        'extends ',
        'new ',
        'if (x) ',
        'else ',
      ],
      ...[
        'for (const a of b) ',
        'while (x) ',
        'switch (x) { case 1: ',
        'try { ',
        'throw ',
        'return ',
        '`${',
        '}`',
        '?.',
        '??',
      ],
      ...[
        'tf.layers.dense({units: 3})',
        'm.add(',
        '.apply(',
        'null',
        '-1',
        '1e9',
        'NaN',
        '// leaklint-shape: [3]\n',
        'this.',
        'm',
      ],
      ...[
        '<script>',
        '</script>',
        '<!--',
        "require('./x')",
        'export default ',
        "import a from './a';",
        '"',
        "'",
        '/*',
        '\u2028',
      ],
    ],
  },
  {
    name: 'json',
    paths: ['model.json'],
    seeds: filesOf('tfjs-json').map(text => text.slice(0, 4000)),
    pieces: [
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        'null',
        '-1',
        '1e999',
        '0.5',
        'true',
        '"',
        '"class_name"',
        '"Dense"',
        '"config"',
        '"node"',
      ],
      ...[
        '"op":"Conv2D"',
        '"input":["x","x"]',
        '"attr":{"strides":{"list":{"i":["1","0"]}}}',
        '"shape":[-3]',
        '"inbound_nodes"',
      ],
      ...[
        '"layers"',
        '"units":1e9',
        '"batch_input_shape":[null,0]',
        '"Functional"',
        '"paths":["a"]',
        '"dtype":"bool"',
        '\u0000',
      ],
    ],
  },
];

function mutate(text: string, other: string, pieces: readonly string[], next: () => number): string {
  let out = text;
  const at = (): number => Math.floor(next() * (out.length + 1));
  for (let count = 1 + Math.floor(next() * 6); count > 0; count--) {
    const position = at();
    const length = Math.floor(next() ** 3 * 60);
    const choice = next();
    if (choice < 0.25) out = out.slice(0, position) + out.slice(position + length);
    else if (choice < 0.55)
      out = out.slice(0, position) + pieces[Math.floor(next() * pieces.length)] + out.slice(position);
    else if (choice < 0.7)
      out = out.slice(0, position) + out.slice(position, position + length).repeat(2) + out.slice(position + length);
    else if (choice < 0.8)
      out = out.slice(0, position) + String.fromCharCode(Math.floor(next() * 256)) + out.slice(position + 1);
    else if (choice < 0.9) {
      const from = Math.floor(next() * other.length);
      out = out.slice(0, position) + other.slice(from, from + 4 * length) + out.slice(position);
    } else out = next() < 0.5 ? out.slice(0, position) : out.slice(position);
  }
  return out;
}

function isSound(graph: ModelGraph): boolean {
  return graph.layers.every(
    (layer, id) =>
      layer.id === id &&
      layer.inputs.every(edge => edge.layer < id && edge.layer >= 0) &&
      layer.outputShapes.every(
        shape => shape?.every(dim => dim === null || (Number.isSafeInteger(dim) && dim >= 0)) ?? true,
      ),
  );
}

interface Input {
  readonly path: string;
  readonly text: string;
}

function* inputsOf({ paths, seeds, pieces }: Reader): Iterable<Input> {
  const next = random(seed);
  const any = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  for (let i = 0; i < inputs; i++) {
    const text = mutate(any(seeds), any(seeds), pieces, next);
    yield { path: any(paths), text };
  }
}

function read(input: Input): Outcome {
  const { models, errors } = readModels(input, neverCancelled);
  const problem = models.every(isSound) ? null : 'not a sound graph';
  return { models: models.length, hasErrors: errors.length > 0, problem };
}

const asked = process.env.LEAKLINT_FUZZ_READER;
report(
  readers
    .filter(({ name }) => asked === undefined || asked === name)
    .map(reader => fuzz(reader.name, inputsOf(reader), read, input => JSON.stringify(input))),
);
