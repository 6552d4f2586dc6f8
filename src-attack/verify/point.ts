/** Where the Jacobian is taken. */
import type { Engine } from '../engines/engine.ts';
import { decodePicture } from '../image/decode.ts';
import { fitPicture, fitRule } from '../image/fit.ts';
import { parsePreprocess } from '../image/preprocess.ts';
import { picturesToInput, positionOf } from '../image/tensor.ts';
import { sizeOf } from '../ir/graph.ts';
import { createRandom, type Random } from '../optimisers/random.ts';
import { imageShapeOf } from '../run/image-input.ts';
import { targetsOf } from '../run/label.ts';
import { predictedLabels } from '../run/simulate.ts';
import type { Victim, WeightValues } from '../victim/victim.ts';
import type { Point } from './jacobian-rows.ts';
import { layoutOf, type PixelLayout } from './map.ts';

/** Pictures that share one gradient. */
export interface PointPictures {
  /** PNG or JPEG files. */
  readonly bytes: readonly Uint8Array[];
  /** One for every picture; null: the classes that the model predicts. */
  readonly labels: readonly number[] | null;
  readonly preprocess: string;
}

export interface ChosenPoint extends Point {
  readonly layout: PixelLayout | null;
  readonly assumptions: readonly string[];
}

/** Uniform in ±0.5, or the vectors of random tokens; with random labels. */
export function randomPoint({ x, y, table }: Victim, seed: number): ChosenPoint {
  const random = createRandom(seed);
  const input = table
    ? randomTokens(table, x.shape, random)
    : {
        x: Float64Array.from({ length: sizeOf(x.shape) }, () => random.uniform() - 0.5),
        words: 'a random input, uniform in ±0.5, and a random label',
      };
  const target = new Float64Array(sizeOf(y.shape));
  const classes = y.shape[y.shape.length - 1] ?? 1;
  for (let b = 0; b < target.length / classes; b++) {
    if (classes === 1) target[b] = Math.round(random.uniform());
    else target[b * classes + Math.floor(random.uniform() * classes)] = 1;
  }
  return { x: input.x, y: target, layout: table ? null : layoutOf(x.shape), assumptions: [input.words] };
}

/** Vectors [.., D] of tokens drawn from a table [vocabulary, D], no two alike as long as there are others. */
function randomTokens({ shape: [vocabulary, width], data }: WeightValues, shape: readonly number[], random: Random) {
  const places = sizeOf(shape.slice(0, -1));
  const left: number[] = [];
  const vectors = Array.from({ length: places }, () => {
    if (left.length === 0) left.push(...Array(vocabulary!).keys());
    const at = Math.floor(random.uniform() * left.length);
    const [token] = left.splice(at, 1);
    return data.subarray(token! * width!, (token! + 1) * width!);
  });
  const words =
    places <= vocabulary!
      ? `${places} random tokens, no two alike, and a random label`
      : `${places} random tokens of a vocabulary of ${vocabulary}, and a random label; rows of the table’s gradient are counted as if no token came twice`;
  return { x: Float64Array.from(vectors.flatMap(vector => [...vector])), words };
}

/**
 * The pictures as the model sees them.
 * @param single the same training step on one example
 * @throws with a sentence for pictures that cannot be read, or that the model does not take
 */
export async function picturesPoint(
  victim: Victim,
  single: () => Victim,
  { bytes, labels, preprocess: expression }: PointPictures,
  engine: Engine,
): Promise<ChosenPoint> {
  if (victim.table) throw new Error('The model takes tokens, and no picture: leave the images out.');
  const preprocess = parsePreprocess(expression);
  const { shape, assumption } = imageShapeOf(victim);
  const pictures = bytes.map(file => fitPicture(decodePicture(file), shape.width, shape.height, shape.channels));
  const known = labels ?? (await predictedLabels({ single, shape, preprocess, engine }, pictures));
  const which = `${known.length === 1 ? 'label' : 'labels'} ${known.join(', ')}`;
  return {
    x: Float64Array.from(picturesToInput(pictures, shape, preprocess)),
    y: targetsOf(victim, known),
    layout: { width: shape.width, height: shape.height, positionOf: entry => positionOf(shape, entry) },
    assumptions: [
      `the ${pictures.length === 1 ? 'picture' : 'pictures'} fitted to the model’s input: ${fitRule}`,
      labels ? which : `${which}, as the model predicts`,
      ...(assumption ? [assumption] : []),
    ],
  };
}
