import { createRandom } from '../src-attack/optimisers/random.ts';

/** Side of the pictures, pixels. */
export const side = 16;

/** What a model has besides convolutions with smooth activations. Figures are also given by these kinds. */
export type Kind = 'plain' | 'leakyReLU' | 'relu' | 'pooling' | 'batch-norm' | 'residual';

/**
 * `wide`: the first convolution as in a classifier, which mostly sees every pixel several times; `narrow`: it takes large
 * steps and has at most three filters, so that little of the picture comes through.
 */
export type Population = 'wide' | 'narrow';

export interface Architecture {
  readonly seed: number;
  readonly population: Population;
  readonly kind: Kind;
  /** TensorFlow.js code, as a user would write it. */
  readonly code: string;
}

/** Random choices of one seed. */
interface Dice {
  readonly of: <T>(...choices: readonly T[]) => T;
  readonly chance: (share: number) => boolean;
}

function diceOf(seed: number): Dice {
  const random = createRandom(seed);
  return {
    of: (...choices) => choices[Math.floor(random.uniform() * choices.length)]!,
    chance: p => random.uniform() < p,
  };
}

const smooth = ['tanh', 'sigmoid', 'elu', 'softplus'] as const;

/**
 * The image classifier of a seed: one to four convolutions on a 16×16 picture of one or three channels, with what its
 * kind has between them, and a dense layer of ten classes. Widths, kernels and strides vary so that some models give
 * all of their input away and others almost none of it.
 */
export function architecture(seed: number, population: Population): Architecture {
  const dice = diceOf(seed);
  const kind = dice.of<Kind>(
    'plain',
    'plain',
    'plain',
    'plain',
    'leakyReLU',
    'relu',
    'pooling',
    'batch-norm',
    'residual',
  );
  const lines = [
    "import * as tf from '@tensorflow/tfjs';",
    `const input = tf.input({ shape: [${side}, ${side}, ${dice.of(1, 3)}] });`,
    'let x = input;',
  ];
  const depth = dice.of(1, 1, 2, 2, 2, 3, 3, 4);
  let size = side;
  for (let layer = 0; layer < depth; layer++)
    size = block(lines, dice, kind, size, layer, population === 'narrow' && layer === 0);
  lines.push('x = tf.layers.flatten().apply(x);');
  if (dice.chance(0.15)) lines.push("x = tf.layers.dense({ units: 32, activation: 'tanh' }).apply(x);");
  lines.push(
    'x = tf.layers.dense({ units: 10 }).apply(x);',
    `export const model = tf.model({ name: 'study_${population}_${seed}', inputs: input, outputs: x });`,
  );
  return { seed, population, kind, code: `${lines.join('\n')}\n` };
}

/** One convolution with its activation and what the kind adds; gives the side of what comes out. */
function block(lines: string[], dice: Dice, kind: Kind, size: number, layer: number, narrow: boolean): number {
  const kernel = Math.min(size, dice.of(2, 3, 3, 4, 5));
  const padding = dice.of('same', 'valid');
  const stride = narrow ? dice.of(3, 4) : size >= 6 ? dice.of(1, 1, 2, 2, 3) : 1;
  const filters = narrow ? dice.of(1, 2, 3) : dice.of(1, 2, 3, 4, 6, 8, 12, 16);
  const bias = dice.chance(0.7);
  const activation = activationOf(kind, dice);
  lines.push(
    `x = tf.layers.conv2d({ filters: ${filters}, kernelSize: ${kernel}, strides: ${stride}, padding: '${padding}', useBias: ${bias} }).apply(x);`,
  );
  if (kind === 'batch-norm') lines.push('x = tf.layers.batchNormalization().apply(x);');
  lines.push(activation);
  const after = padding === 'same' ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
  if (kind === 'pooling' && after >= 4 && (layer === 0 || dice.chance(0.5))) {
    lines.push(`x = tf.layers.${dice.of('averagePooling2d', 'maxPooling2d')}({ poolSize: 2 }).apply(x);`);
    return Math.floor(after / 2);
  }
  if (kind === 'residual') {
    lines.push(
      `const branch${layer} = tf.layers.conv2d({ filters: ${filters}, kernelSize: 3, padding: 'same', activation: 'tanh' }).apply(x);`,
      `x = tf.layers.add().apply([x, branch${layer}]);`,
    );
  }
  return after;
}

function activationOf(kind: Kind, dice: Dice): string {
  if (kind === 'leakyReLU') return `x = tf.layers.leakyReLU({ alpha: ${dice.of(0.01, 0.1, 0.2)} }).apply(x);`;
  const name = kind === 'relu' ? 'relu' : dice.of(...smooth);
  return `x = tf.layers.activation({ activation: '${name}' }).apply(x);`;
}
