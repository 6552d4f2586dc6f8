import type { AttackProblem } from '../attacks/attack.ts';
import type { Scale } from '../defences/defence.ts';
import { type ClientStep, shareUpdate } from '../defences/share.ts';
import type { Engine } from '../engines/engine.ts';
import { matchCapture } from '../gradient/match.ts';
import { decodePicture } from '../image/decode.ts';
import { fitPicture, fitRule } from '../image/fit.ts';
import type { Picture } from '../image/picture.ts';
import { picturesToInput } from '../image/tensor.ts';
import type { Values } from '../ir/graph.ts';
import type { Victim } from '../victim/victim.ts';
import { classesOf, isNegated, targetsOf } from './label.ts';
import { drawNeighbours } from './neighbours.ts';
import { imagesOf, labelsOf, type RunSource } from './source.ts';

/** The pictures behind a gradient as the model sees them. */
export interface Targets {
  /** Those under attack; neighbours of a larger batch are not among them. */
  readonly pictures: readonly Picture[];
  /** Their entries of the model's input, one image after the other. */
  readonly input: Float64Array;
}

export interface AppliedDefence {
  readonly spec: string;
  /** What it did, with its numbers. */
  readonly description: string;
}

/** The client's model and how it takes pictures. */
export type Setting = Pick<AttackProblem, 'victim' | 'shape' | 'preprocess' | 'engine'> & Pick<ClientStep, 'single'>;

/** What is observed, and what is known of the pictures behind it. */
export interface Seen {
  readonly observed: readonly Values[];
  readonly scale: Scale;
  /** null for a captured gradient: nobody knows them. */
  readonly targets: Targets | null;
  /** Given, or the true ones of a simulation; undefined where nobody knows them. */
  readonly labels: readonly number[] | undefined;
  readonly defence: readonly AppliedDefence[];
  readonly assumption: string;
}

/** Takes the training step on the pictures, with its defences. @throws {ImageError} for a picture that cannot be read */
export async function simulate(source: RunSource, setting: Setting): Promise<Seen> {
  const { victim, shape, preprocess, engine, single } = setting;
  const { defences = [], seed } = source;
  const pictures = imagesOf(source.example).map(bytes =>
    fitPicture(decodePicture(bytes), shape.width, shape.height, shape.channels),
  );
  const own = labelsOf(source) ?? (await predictedLabels(setting, pictures));
  const missing = victim.x.shape[0]! - pictures.length;
  const samples = missing > 0 ? (source.samples?.() ?? []).map(decodePicture) : [];
  const neighbours = drawNeighbours(samples, missing, shape, { classes: classesOf(victim), taken: own, seed });
  const x = picturesToInput([...pictures, ...neighbours.pictures], shape, preprocess);
  const labels = [...own, ...neighbours.labels];
  const shared = await shareUpdate({ victim, x, y: targetsOf(victim, labels), single }, defences, engine, seed);
  return {
    observed: shared.observed,
    scale: shared.scale,
    targets: { pictures, input: picturesToInput(pictures, shape, preprocess) },
    labels,
    defence: shared.applied,
    assumption: `${pictures.length === 1 ? 'picture' : 'pictures'} fitted to the model’s input: ${fitRule}`,
  };
}

/** Takes what was captured as it is. @throws {CaptureError} */
export function capture(source: RunSource, tensors: Parameters<typeof matchCapture>[1], victim: Victim): Seen {
  const { gradients, how } = matchCapture(victim.parameters, tensors);
  const matched = how === 'names' ? 'by their names' : 'by their order, since their names differ';
  const negated = isNegated(victim, gradients);
  const sign = negated ? '; they are a gradient’s negative (new minus old weights), which was undone' : '';
  return {
    observed: negated ? gradients.map(tensor => tensor.map(value => -value)) : gradients,
    scale: 'unknown',
    targets: null,
    labels: labelsOf(source),
    defence: [],
    assumption: `captured tensors matched to the weights ${matched}${sign}`,
  };
}

/** The class of every picture by the model itself. */
export async function predictedLabels(
  { single, shape, preprocess, engine }: Omit<Setting, 'victim'>,
  pictures: readonly Picture[],
): Promise<number[]> {
  const victim = single();
  const labels: number[] = [];
  for (const picture of pictures) {
    const logits = await logitsAt(engine, victim, picturesToInput([picture], shape, preprocess));
    labels.push(logits.length === 1 ? Number(logits[0]! > 0) : logits.indexOf(Math.max(...logits)));
  }
  return labels;
}

export async function logitsAt(engine: Engine, victim: Victim, x: Values): Promise<number[]> {
  const program = await engine.compile({ logits: victim.logits });
  try {
    return Array.from((await program.run({ x })).logits!);
  } finally {
    await program.dispose();
  }
}
