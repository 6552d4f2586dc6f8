import { readFileSync } from 'node:fs';
import { neverCancelled } from '../../../src-analysis/readers/reader.ts';
import type { Engine } from '../../engines/engine.ts';
import { decodePicture } from '../../image/decode.ts';
import type { Picture } from '../../image/picture.ts';
import { paperPreprocess } from '../../image/preprocess.ts';
import { type ImageShape, imageSize, inputToIntensities, picturesToInput } from '../../image/tensor.ts';
import { engineProducts } from '../../linear-algebra/engine-products.ts';
import { scoreImage } from '../../metrics/scores.ts';
import type { Victim } from '../../victim/victim.ts';
import type { Attack, AttackOptions, AttackProblem } from '../attack.ts';
import { type AttackHooks, runAttack } from '../run-attack.ts';

/** A problem whose answer is known. */
export interface SolvedProblem {
  readonly problem: AttackProblem;
  /** PSNR of image `b` of an input against the truth. */
  psnr(x: ArrayLike<number>, b?: number): number;
}

export function landscape(side: 8 | 16 | 32): Picture {
  const file = new URL(`../../../test/fixtures/images/landscape-${side}.png`, import.meta.url);
  return decodePicture(new Uint8Array(readFileSync(file)));
}

/** The gradient that the pictures (colour, of the victim's size) and labels give, as an observer has it. */
export async function observe(
  victim: Victim,
  engine: Engine,
  pictures: readonly Picture[],
  labels: readonly number[],
): Promise<SolvedProblem> {
  const [, , height, width] = victim.x.shape as [number, number, number, number];
  const shape: ImageShape = { width, height, channels: 3, dataFormat: 'channelsFirst' };
  const x = picturesToInput(pictures, shape, paperPreprocess);
  const classes = victim.y.shape.at(-1)!;
  const y = new Float32Array(classes * labels.length);
  labels.forEach((label, b) => {
    y[b * classes + label] = 1;
  });
  const program = await engine.compile(Object.fromEntries(victim.gradients.map((g, i) => [`${i}`, g])));
  const values = await program.run({ x, y });
  const observed = victim.gradients.map((_, i) => values[`${i}`]!);
  await program.dispose();
  const size = imageSize(shape);
  const truth = inputToIntensities(x, shape, paperPreprocess);
  return {
    problem: { victim, observed, y, shape, preprocess: paperPreprocess, engine, products: engineProducts(engine) },
    psnr(found, b = 0) {
      const intensities = inputToIntensities(found, shape, paperPreprocess);
      const part = (all: Float64Array) => all.slice(b * size, (b + 1) * size);
      return scoreImage(part(intensities), part(truth), shape).psnr;
    },
  };
}

export function attackWith(
  attack: Attack,
  problem: AttackProblem,
  options: Partial<AttackOptions> = {},
  hooks: Partial<AttackHooks> = {},
) {
  return runAttack(attack, problem, { seed: 10, ...options }, { cancel: neverCancelled, ...hooks });
}
