import type { CancellationToken } from '../../src-analysis/readers/reader.ts';
import type { Attack } from '../attacks/attack.ts';
import { type AttackProgress, type AttackResult, runAttack } from '../attacks/run-attack.ts';
import { gradientsAt } from '../defences/share.ts';
import type { Picture } from '../image/picture.ts';
import { inputToPicture } from '../image/tensor.ts';
import type { ImageScores, Scores } from '../process/protocol.ts';
import type { PreparedRun } from './prepare.ts';
import { meanScores, scoresOf } from './score.ts';

/** What one attack reached, as pictures and scores. */
export interface Reached {
  /** In the targets' order; of a captured gradient in that of the batch. */
  readonly pictures: readonly Picture[];
  /** Means over the images; null where nobody knows them. */
  readonly scores: Scores | null;
  /** One an image, in the targets' order. */
  readonly images: readonly ImageScores[];
}

/** Runs one attack; `reached` is null where it came to nothing. */
export async function attackOnce(
  attack: Attack,
  prepared: PreparedRun,
  options: { readonly seed: number; readonly steps?: number },
  cancel: CancellationToken,
  progress: (progress: AttackProgress) => void,
): Promise<{ readonly result: AttackResult; readonly reached: (Reached & { readonly residual: number }) | null }> {
  const { seed, steps } = options;
  const chosen = { seed, ...(steps === undefined ? {} : { steps }) };
  const result = await runAttack(attack, prepared.problem, chosen, { cancel, progress });
  if (!result.x) return { result, reached: null };
  return { result, reached: { ...show(prepared, result.x), residual: await residualOf(prepared, result.x) } };
}

/** A reconstructed input as pictures, matched to the targets and scored. */
export function show(prepared: PreparedRun, x: Float64Array): Reached {
  const { problem, targets, labels } = prepared;
  const matched = scoresOf(prepared, x);
  const places = matched?.places ?? labels.map((_, place) => place);
  const pictures = places.map(place => inputToPicture(x, place, problem.shape, problem.preprocess));
  const images = (matched?.images ?? []).map((scores, i) => ({
    ...scores,
    label: labels[places[i]!]!,
    pixelExact: equalPixels(pictures[i]!, targets!.pictures[i]!),
  }));
  return { pictures, images, scores: matched && meanScores(matched.images) };
}

function equalPixels(a: Picture, b: Picture): boolean {
  return a.pixels.length === b.pixels.length && a.pixels.every((value, i) => value === b.pixels[i]);
}

async function residualOf({ problem }: PreparedRun, x: Float64Array): Promise<number> {
  const gradients = await gradientsAt(problem.engine, problem.victim, x, problem.y);
  let difference = 0;
  let size = 0;
  problem.observed.forEach((observed, l) => {
    for (let i = 0; i < observed.length; i++) {
      difference += (gradients[l]![i]! - observed[i]!) ** 2;
      size += observed[i]! ** 2;
    }
  });
  return size === 0 ? difference : difference / size;
}
