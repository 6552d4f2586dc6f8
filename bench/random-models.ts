/** Random small models of mixed kinds, as TensorFlow.js code, for tests and measurements of the identifiable dimension. */
import type { ModelGraph } from '../src-analysis/model/graph.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../src-analysis/readers/tfjs-code/read.ts';
import { randomResidues } from '../src-analysis/solubility/modular.ts';

/** What a model is made of besides plain convolutions and a dense head; tables are by kind. */
export const kinds = [
  'plain',
  'relu',
  'leaky',
  'linear',
  'max-pool',
  'average-pool',
  'global-pool',
  'residual',
  'concat',
  'depthwise',
  'separable',
  'transposed',
  'one-dimensional',
  'three-dimensional',
  'batch-norm',
  'layer-norm',
  'dense-stack',
  'pad-crop-upsample',
  'frozen',
  'batch',
] as const;

export type Kind = (typeof kinds)[number];

export interface RandomModel<K extends string = Kind> {
  readonly code: string;
  readonly graph: ModelGraph;
  readonly kinds: readonly K[];
  /** Examples in the gradient. */
  readonly batch: number;
}

type Activations = 'tanh' | 'relu' | 'leaky' | 'linear';

/** Draws from one seed. */
export interface Dice {
  readonly of: <T>(...choices: readonly T[]) => T;
  readonly chance: (share: number) => boolean;
}

export function diceOf(seed: number): Dice {
  const random = randomResidues(seed);
  const below = (n: number): number => Math.floor((random() / 67_108_859 + 0.5) * n);
  return { of: (...choices) => choices[below(choices.length)]!, chance: share => below(1000) < share * 1000 };
}

/** A model under construction: statements, the name of the current tensor and its shape. */
interface Draft {
  readonly dice: Dice;
  readonly lines: string[];
  readonly kinds: Set<Kind>;
  readonly activations: Activations;
  tensor: string;
  shape: number[];
  layers: number;
}

/** The model of a seed: one to three blocks on a map of 5² to 8², and a dense head. A sixth of the models have each special kind. */
export function randomModel(seed: number): RandomModel {
  for (let attempt = 0; ; attempt++) {
    const model = draw(diceOf(seed * 1000 + attempt));
    if (model) return model;
  }
}

function draw(dice: Dice): RandomModel | undefined {
  const activations = dice.of<Activations>('tanh', 'tanh', 'tanh', 'relu', 'relu', 'leaky', 'leaky', 'linear');
  const spatial = dice.of(2, 2, 2, 2, 2, 2, 2, 2, 1, 3);
  const side = spatial === 1 ? dice.of(12, 20, 31) : spatial === 3 ? dice.of(3, 4, 5) : dice.of(5, 6, 7, 8);
  const shape = [...new Array<number>(spatial).fill(side), dice.of(1, 2, 3)];
  const draft: Draft = {
    dice,
    lines: [`const x0 = tf.input({ shape: [${shape}] });`],
    kinds: new Set(activations === 'tanh' ? [] : [activations]),
    activations,
    tensor: 'x0',
    shape,
    layers: 0,
  };
  if (spatial === 1) draft.kinds.add('one-dimensional');
  if (spatial === 3) draft.kinds.add('three-dimensional');
  for (let blocks = dice.of(1, 1, 2, 2, 3); blocks > 0; blocks--) block(draft);
  head(draft);
  const batch = dice.chance(0.12) ? dice.of(2, 3, 4) : 1;
  if (batch > 1) draft.kinds.add('batch');
  const code = [
    "import * as tf from '@tensorflow/tfjs';",
    ...draft.lines,
    `export const model = tf.model({ inputs: x0, outputs: ${draft.tensor} });`,
  ].join('\n');
  const { models, errors } = readTfjsCode({ path: 'model.ts', text: code }, neverCancelled);
  const graph = models[0];
  // Windows that do not fit into a small map: drawn again.
  if (errors.length > 0 || !graph || graph.layers.some(l => l.outputShapes.some(s => !s || s.some(d => !d || d < 1)))) {
    return undefined;
  }
  if (draft.kinds.size === 0) draft.kinds.add('plain');
  return { code, graph, kinds: [...draft.kinds], batch };
}

function apply(draft: Draft, type: string, config: Record<string, unknown>, inputs = draft.tensor): string {
  const name = `x${++draft.layers}`;
  draft.lines.push(`const ${name} = tf.layers.${type}(${JSON.stringify(config)}).apply(${inputs});`);
  draft.tensor = name;
  return name;
}

function activate(draft: Draft): void {
  if (draft.activations === 'linear') return;
  if (draft.activations === 'leaky') apply(draft, 'leakyReLU', { alpha: 0.2 });
  else apply(draft, 'activation', { activation: draft.activations });
}

function mark(draft: Draft, kind: Kind): void {
  draft.kinds.add(kind);
}

/** A convolution, now and then frozen. */
function convolve(draft: Draft, changes: Record<string, unknown> = {}): void {
  const { dice } = draft;
  const spatial = draft.shape.length - 1;
  const config = {
    filters: dice.of(1, 2, 3, 4, 6, 8),
    kernelSize: dice.of(1, 2, 3, 3, 3, 4),
    strides: dice.of(1, 1, 1, 2),
    padding: dice.of('valid', 'same'),
    useBias: dice.chance(0.6),
    ...changes,
    ...(dice.chance(0.05) ? { trainable: false } : {}),
  };
  if ('trainable' in config) mark(draft, 'frozen');
  apply(draft, `conv${spatial}d`, config);
  const length = (side: number) =>
    config.padding === 'same'
      ? Math.ceil(side / config.strides)
      : Math.floor((side - (config.kernelSize as number)) / config.strides) + 1;
  draft.shape = [...draft.shape.slice(0, -1).map(length), config.filters as number];
}

function block(draft: Draft): void {
  const { dice } = draft;
  const flat = draft.shape.length === 3;
  const before = draft.layers;
  const roll = dice.of(...Array.from({ length: 20 }, (_, i) => i));
  if (roll < 9 || !flat) {
    convolve(draft);
    if (flat) normalise(draft);
    activate(draft);
  } else if (roll < 11) residual(draft);
  else if (roll < 13) concat(draft);
  else if (roll === 13) {
    mark(draft, 'depthwise');
    apply(draft, 'depthwiseConv2d', {
      kernelSize: dice.of(2, 3),
      depthMultiplier: dice.of(1, 1, 2),
      padding: 'same',
      useBias: dice.chance(0.5),
    });
    draft.shape = [...draft.shape.slice(0, 2), -1];
    activate(draft);
  } else if (roll === 14) {
    mark(draft, 'separable');
    apply(draft, 'separableConv2d', {
      filters: dice.of(2, 4, 6),
      kernelSize: dice.of(2, 3),
      padding: 'same',
      useBias: dice.chance(0.5),
    });
    activate(draft);
  } else if (roll === 15) {
    mark(draft, 'transposed');
    apply(draft, 'conv2dTranspose', {
      filters: dice.of(1, 2, 3),
      kernelSize: dice.of(2, 3),
      strides: dice.of(1, 2),
      padding: dice.of('valid', 'same'),
      useBias: dice.chance(0.5),
    });
    activate(draft);
  } else if (roll === 16) {
    mark(draft, 'pad-crop-upsample');
    const [type, config] = dice.of<[string, Record<string, unknown>]>(
      ['zeroPadding2d', { padding: 1 }],
      [
        'cropping2D',
        {
          cropping: [
            [1, 0],
            [0, 1],
          ],
        },
      ],
      ['upSampling2d', { size: [2, 2] }],
    );
    apply(draft, type, config);
  } else {
    convolve(draft);
    activate(draft);
    pool(draft);
  }
  if (draft.layers === before || !flat) return;
  // Later windows are drawn for the map as it is; shapes that do not fit are drawn again as a whole.
  draft.shape = [draft.shape[0] ?? 4, draft.shape[1] ?? 4, draft.shape[2] ?? 4];
}

function normalise(draft: Draft): void {
  const { dice } = draft;
  if (dice.chance(0.12)) {
    mark(draft, 'batch-norm');
    apply(draft, 'batchNormalization', dice.chance(0.3) ? { scale: false } : {});
  } else if (dice.chance(0.04)) {
    mark(draft, 'layer-norm');
    apply(draft, 'layerNormalization', {});
  }
}

function pool(draft: Draft): void {
  const { dice } = draft;
  const max = dice.chance(0.5);
  mark(draft, max ? 'max-pool' : 'average-pool');
  const poolSize = dice.of(2, 2, 3);
  apply(draft, max ? 'maxPooling2d' : 'averagePooling2d', {
    poolSize,
    strides: dice.of(2, poolSize),
    padding: dice.of('valid', 'same'),
  });
  draft.shape = [3, 3, draft.shape[2]!];
}

function residual(draft: Draft): void {
  const { dice } = draft;
  mark(draft, 'residual');
  convolve(draft, { kernelSize: 3, padding: 'same' });
  const filters = draft.shape[2]!;
  if (dice.chance(0.7)) activate(draft);
  const fork = draft.tensor;
  const same = { filters, padding: 'same', strides: 1 };
  convolve(draft, same);
  normalise(draft);
  if (dice.chance(0.6)) {
    activate(draft);
    convolve(draft, same);
  }
  apply(draft, 'add', {}, `[${fork}, ${draft.tensor}]`);
  if (dice.chance(0.7)) activate(draft);
}

function concat(draft: Draft): void {
  const { dice } = draft;
  mark(draft, 'concat');
  const [fork, shape] = [draft.tensor, draft.shape];
  convolve(draft, { padding: 'same', strides: 1 });
  activate(draft);
  const one = draft.tensor;
  if (dice.chance(0.5)) {
    // DenseNet: the input beside what is made of it.
    apply(draft, 'concatenate', {}, `[${fork}, ${one}]`);
    return;
  }
  draft.tensor = fork;
  draft.shape = shape;
  convolve(draft, { padding: 'same', strides: 1 });
  activate(draft);
  apply(draft, 'concatenate', {}, `[${one}, ${draft.tensor}]`);
}

function head(draft: Draft): void {
  const { dice } = draft;
  if (draft.shape.length === 3 && dice.chance(0.15)) {
    mark(draft, 'global-pool');
    apply(draft, dice.chance(0.7) ? 'globalAveragePooling2d' : 'globalMaxPooling2d', {});
  } else apply(draft, 'flatten', {});
  if (dice.chance(0.25)) {
    mark(draft, 'dense-stack');
    const frozen = dice.chance(0.15);
    if (frozen) mark(draft, 'frozen');
    apply(draft, 'dense', {
      units: dice.of(3, 5, 9, 16),
      useBias: dice.chance(0.6),
      ...(frozen ? { trainable: false } : {}),
    });
    activate(draft);
  }
  apply(draft, 'dense', { units: dice.of(3, 5, 10), useBias: dice.chance(0.7), activation: 'softmax' });
}
