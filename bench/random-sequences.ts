/**
 * Random small models of what conv nets lack, as TensorFlow.js code: attention, recurrent layers, embeddings, shared weights,
 * PReLU, gates, softmax between layers, layer normalisation.
 */
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../src-analysis/readers/tfjs-code/read.ts';
import { type Dice, diceOf, type RandomModel } from './random-models.ts';

export const sequenceKinds = [
  'attention',
  'simple-rnn',
  'gru',
  'lstm',
  'bidirectional',
  'embedding',
  'shared-weights',
  'prelu',
  'gate',
  'softmax-between',
  'sequence-layer-norm',
  'sequence-batch',
] as const;

export type SequenceKind = (typeof sequenceKinds)[number];

interface Draft {
  readonly dice: Dice;
  readonly lines: string[];
  readonly kinds: Set<SequenceKind>;
  /** The current tensor, [steps, features]. */
  tensor: string;
  steps: number;
  features: number;
  layers: number;
}

/** One or two blocks on 3 to 6 vectors of 2 to 7 features, and a dense head. */
export function randomSequenceModel(seed: number): RandomModel<SequenceKind> {
  const dice = diceOf(seed * 7919 + 13);
  const draft: Draft = {
    dice,
    lines: [],
    kinds: new Set(),
    tensor: 'x0',
    steps: dice.of(3, 4, 5, 6),
    features: dice.of(2, 3, 4, 5, 7),
    layers: 0,
  };
  if (dice.chance(0.2)) {
    draft.kinds.add('embedding');
    draft.lines.push(`const x0 = tf.input({ shape: [${draft.steps}] });`);
    apply(draft, 'embedding', { inputDim: 20, outputDim: draft.features });
  } else draft.lines.push(`const x0 = tf.input({ shape: [${draft.steps}, ${draft.features}] });`);
  for (let blocks = dice.of(1, 1, 2); blocks > 0; blocks--) {
    const block = dice.of(attention, attention, recurrent, recurrent, shared, parametric, gate, softmax);
    block(draft);
    // Of one or two entries normalisation leaves signs, and of three a single number.
    if (draft.features > 3 && dice.chance(0.4)) {
      draft.kinds.add('sequence-layer-norm');
      apply(draft, 'layerNormalization', {});
    }
  }
  apply(draft, dice.chance(0.7) ? 'flatten' : 'globalAveragePooling1d', {});
  apply(draft, 'dense', { units: dice.of(3, 5, 9), useBias: dice.chance(0.7), activation: 'softmax' });
  const batch = dice.chance(0.1) ? 2 : 1;
  if (batch > 1) draft.kinds.add('sequence-batch');
  const code = [
    "import * as tf from '@tensorflow/tfjs';",
    ...draft.lines,
    `export const model = tf.model({ inputs: x0, outputs: ${draft.tensor} });`,
  ].join('\n');
  const { models, errors } = readTfjsCode({ path: 'model.ts', text: code }, neverCancelled);
  if (errors.length > 0 || !models[0]) throw new Error(`${errors[0]?.message ?? 'no model'} in\n${code}`);
  return { code, graph: models[0], kinds: [...draft.kinds], batch };
}

function apply(draft: Draft, type: string, config: Record<string, unknown>, inputs = draft.tensor): string {
  const name = `x${++draft.layers}`;
  draft.lines.push(`const ${name} = tf.layers.${type}(${JSON.stringify(config)}).apply(${inputs});`);
  draft.tensor = name;
  return name;
}

function dense(draft: Draft, units: number, activation?: string): string {
  draft.features = units;
  const useBias = draft.dice.chance(0.6);
  return apply(draft, 'dense', { units, useBias, ...(activation ? { activation } : {}) });
}

/** softmax(q kᵀ) v, with a skip and a feed-forward layer now and then. */
function attention(draft: Draft): void {
  const { dice, tensor: x, features } = draft;
  draft.kinds.add('attention');
  const units = dice.of(2, 3, 4);
  const project = (count: number) => {
    draft.tensor = x;
    return dense(draft, count);
  };
  const [query, key] = [project(units), project(units)];
  const hasSkip = dice.chance(0.4);
  const value = project(hasSkip ? features : dice.of(2, 3, 5));
  const scores = apply(draft, 'dot', { axes: 2 }, `[${query}, ${key}]`);
  const shares = apply(draft, 'softmax', { axis: -1 }, scores);
  apply(draft, 'dot', { axes: [2, 1] }, `[${shares}, ${value}]`);
  if (hasSkip) apply(draft, 'add', {}, `[${x}, ${draft.tensor}]`);
  if (dice.chance(0.5)) dense(draft, dice.of(2, 4), 'tanh');
}

function recurrent(draft: Draft): void {
  const { dice } = draft;
  const type = dice.of('simpleRNN', 'gru', 'lstm');
  draft.kinds.add(type === 'simpleRNN' ? 'simple-rnn' : type);
  const units = dice.of(1, 2, 3, 4);
  const config = {
    units,
    useBias: dice.chance(0.7),
    recurrentActivation: 'sigmoid',
    returnSequences: dice.chance(0.6),
  };
  const isTwoWays = dice.chance(0.25);
  draft.features = isTwoWays ? 2 * units : units;
  if (isTwoWays) {
    draft.kinds.add('bidirectional');
    const name = `x${++draft.layers}`;
    const layer = `tf.layers.${type}(${JSON.stringify(config)})`;
    draft.lines.push(
      `const ${name} = tf.layers.bidirectional({ layer: ${layer}, mergeMode: 'concat' }).apply(${draft.tensor});`,
    );
    draft.tensor = name;
  } else apply(draft, type, config);
  if (config.returnSequences) return;
  apply(draft, 'reshape', { targetShape: [1, draft.features] });
  draft.steps = 1;
}

/** One dense layer applied twice. */
function shared(draft: Draft): void {
  const { dice } = draft;
  draft.kinds.add('shared-weights');
  dense(draft, dice.of(2, 3, 4), 'tanh');
  const name = `shared${draft.layers}`;
  const units = draft.features;
  draft.lines.push(
    `const ${name} = tf.layers.dense({ units: ${units}, activation: 'tanh', useBias: ${dice.chance(0.5)} });`,
  );
  for (let i = 0; i < 2; i++) {
    const next = `x${++draft.layers}`;
    draft.lines.push(`const ${next} = ${name}.apply(${draft.tensor});`);
    draft.tensor = next;
  }
}

function parametric(draft: Draft): void {
  const { dice } = draft;
  draft.kinds.add('prelu');
  dense(draft, dice.of(2, 4, 6));
  apply(draft, 'prelu', dice.chance(0.5) ? { sharedAxes: [1] } : {});
}

/** One branch times the sigmoid of another. */
function gate(draft: Draft): void {
  const { dice, tensor: x } = draft;
  draft.kinds.add('gate');
  const units = dice.of(2, 3, 5);
  const value = dense(draft, units);
  draft.tensor = x;
  const opened = dense(draft, units, 'sigmoid');
  apply(draft, 'multiply', {}, `[${value}, ${opened}]`);
}

function softmax(draft: Draft): void {
  draft.kinds.add('softmax-between');
  dense(draft, draft.dice.of(2, 3, 5), 'softmax');
}
