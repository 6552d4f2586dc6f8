/** Where the Jacobian is taken. */
import type { Engine } from '../engines/engine.ts';
import { decodePicture } from '../image/decode.ts';
import { fitPicture, fitRule } from '../image/fit.ts';
import { parsePreprocess } from '../image/preprocess.ts';
import { picturesToInput, positionOf } from '../image/tensor.ts';
import { sizeOf } from '../ir/graph.ts';
import { createRandom } from '../optimisers/random.ts';
import { imageShapeOf } from '../run/image-input.ts';
import { targetsOf } from '../run/label.ts';
import { predictedLabels } from '../run/simulate.ts';
import type { Victim } from '../victim/victim.ts';
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

/** Uniform in ±0.5, with random labels. */
export function randomPoint({ x, y }: Victim, seed: number): ChosenPoint {
  const random = createRandom(seed);
  const input = Float64Array.from({ length: sizeOf(x.shape) }, () => random.uniform() - 0.5);
  const target = new Float64Array(sizeOf(y.shape));
  const classes = y.shape[y.shape.length - 1] ?? 1;
  for (let b = 0; b < target.length / classes; b++) {
    if (classes === 1) target[b] = Math.round(random.uniform());
    else target[b * classes + Math.floor(random.uniform() * classes)] = 1;
  }
  const assumptions = ['a random input, uniform in ±0.5, and a random label'];
  return { x: input, y: target, layout: layoutOf(x.shape), assumptions };
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
