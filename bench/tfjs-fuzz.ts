/**
 * Hostile input for the TensorFlow.js readers: seeds with tokens deleted, repeated and exchanged, bytes flipped, texts cut and
 * spliced. A reader must return, soon, without throwing, and with a graph whose edges point backwards.
 *
 *   npm run bench tfjs-fuzz
 *
 * LEAKLINT_FUZZ_INPUTS is the number of inputs for each reader (100000); LEAKLINT_FUZZ_READER names one reader (code, json).
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { ModelGraph } from '../src-analysis/model/graph.ts';
import { readModels } from '../src-analysis/readers/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { modelCases } from '../src-analysis/readers/tfjs-code/test-models.ts';
import { damaged, jsonPieces } from '../test/damage.ts';
import { fuzz, type Outcome, report } from './fuzz.ts';

const inputs = Number(process.env.LEAKLINT_FUZZ_INPUTS ?? 100_000);
const seed = 20_261_122;

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
    pieces: jsonPieces,
  },
];

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

/** Inputs made at a time: all of them do not fit into memory. */
const batch = 1000;

/** The same inputs in every run. */
function* inputsOf({ paths, seeds, pieces }: Reader): Iterable<Input> {
  const input = fc.record({ path: fc.constantFrom(...paths), text: damaged(seeds, pieces, 6) });
  for (let made = 0; made < inputs; made += batch) {
    yield* fc.sample(input, { numRuns: Math.min(batch, inputs - made), seed: seed + made });
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
