/** Runs attacks on one prepared problem, one after the other, and tells about it in events. */

import type { CancellationToken } from '../../src-analysis/readers/reader.ts';
import type { Attack } from '../attacks/attack.ts';
import { attacks as allAttacks, attackNamed } from '../attacks/registry.ts';
import { suggest } from '../defences/suggest.ts';
import { encodePng } from '../image/encode.ts';
import { drawFigure, type FigureCell } from '../image/figure.ts';
import type { Picture } from '../image/picture.ts';
import type { AttackEvent, PngPicture, Scores, SweepPlan } from '../process/protocol.ts';
import { attackOnce, type Reached, show } from './one-attack.ts';
import type { PreparedRun } from './prepare.ts';
import { type AttackReport, emptyResult, type ImageReport, type ResultReport } from './report.ts';
import { bestScores } from './score.ts';

export interface RunRequest {
  readonly model: string;
  /** The analysis in one line: what was predicted. */
  readonly summary: string;
  /** The image, of a batch the first. */
  readonly image: string;
  /** All images of a batch; absent where there is one. */
  readonly images?: readonly string[];
  readonly methods: readonly string[];
  readonly seed: number;
  readonly steps?: number;
}

export interface RunHooks {
  readonly cancel: CancellationToken;
  readonly emit: (event: AttackEvent) => void;
  /** Gives the picture a place on disk and says where; absent: none is written. */
  readonly save?: (name: string, picture: Uint8Array) => Promise<string>;
}

/** @returns the report of all attacks that were begun, cancelled or not */
export async function runAttacks(
  prepared: PreparedRun,
  request: RunRequest,
  hooks: RunHooks,
  sweep: SweepPlan | null = null,
): Promise<AttackReport> {
  const attacks = request.methods.map(findAttack);
  const results: ResultReport[] = [];
  const figure = createFigure(prepared);
  const report = () => reportOf(prepared, request, results);
  hooks.emit({
    type: 'started',
    model: request.model,
    engine: report().engine,
    targets: (prepared.targets?.pictures ?? []).map(png),
    labels: prepared.labels,
    labelFrom: prepared.labelFrom,
    seed: request.seed,
    methods: request.methods,
    defence: prepared.defence.map(({ description }) => description),
    sweep,
    assumptions: prepared.assumptions,
  });
  for (const attack of attacks) {
    if (hooks.cancel.isCancellationRequested) break;
    const { result, reached } = await attackOnce(attack, prepared, request, hooks.cancel, progress => {
      const { x, step, steps, seconds, loss } = progress;
      const shown = x && show(prepared, x);
      const pictures = shown ? { pictures: shown.pictures.map(png) } : {};
      const scores = shown?.scores ? { scores: shown.scores } : {};
      hooks.emit({ type: 'progress', method: attack.name, step, steps, seconds, loss, ...scores, ...pictures });
    });
    if (!reached) {
      results.push(emptyResult(result));
      hooks.emit({ type: 'method-failed', method: attack.name, message: result.note });
      continue;
    }
    const { status, seconds, steps, loss } = result;
    const { scores, images, residual, pictures } = reached;
    const pixelExact = images.length > 0 && images.every(image => image.pixelExact);
    const exact = images.length > 1 ? 'Every image equal to its target' : 'Equal to the target';
    const note = [pixelExact ? `${exact} in every 8-bit pixel.` : '', result.note].filter(Boolean).join(' ');
    results.push({
      method: attack.name,
      status,
      psnr: scores?.psnr ?? null,
      ssim: scores?.ssim ?? null,
      mse: scores?.mse ?? null,
      residual,
      pixelExact,
      seconds,
      steps,
      loss,
      ...(await saved(attack.name, reached, request, hooks)),
      note,
    });
    figure.add(attack.name, reached, residual);
    hooks.emit({
      type: 'result',
      method: attack.name,
      step: steps,
      seconds,
      scores,
      images,
      residual,
      pictures: pictures.map(png),
      loss,
      note,
      figure: png(figure.draw()),
      report: report(),
    });
  }
  return report();
}

/** Writes the pictures, where there is a place for them; those of a batch are numbered and listed with their scores. */
async function saved(
  method: string,
  { pictures, images }: Reached,
  request: RunRequest,
  { save }: RunHooks,
): Promise<Pick<ResultReport, 'output' | 'perImage' | 'best'>> {
  const outputs: (string | null)[] = [];
  for (const [i, picture] of pictures.entries()) {
    const name = pictures.length === 1 ? method : `${method}-${i + 1}`;
    outputs.push(save ? await save(name, encodePng(picture)) : null);
  }
  const output = outputs[0] ?? null;
  if (images.length < 2) return { output };
  const perImage = images.map(
    (scores, i): ImageReport => ({ image: request.images?.[i] ?? '', ...scores, output: outputs[i] ?? null }),
  );
  const { psnr, ssim, mse } = bestScores(images);
  return { output, perImage, best: { psnr, ssim, mse } };
}

function reportOf(prepared: PreparedRun, request: RunRequest, results: readonly ResultReport[]): AttackReport {
  const { problem, labels } = prepared;
  const { name, device, threads } = problem.engine.info;
  return {
    version: 1,
    model: request.model,
    summary: request.summary,
    image: request.image,
    images: request.images ?? [request.image],
    label: labelsAreAssigned(prepared) ? labels[0]! : null,
    labels,
    labelFrom: prepared.labelFrom,
    seed: request.seed,
    engine: { name, device, threads },
    preprocess: problem.preprocess.source,
    defence: prepared.defence,
    assumptions: prepared.assumptions,
    results: [...results],
  };
}

/** @throws where there is no such attack, with what was probably meant */
export function findAttack(name: string): Attack {
  const attack = attackNamed(name);
  if (attack) return attack;
  const names = allAttacks.map(candidate => candidate.name);
  const meant = suggest(name, names);
  throw new Error(
    `There is no attack "${name}"; there are ${names.join(', ')}.${meant === undefined ? '' : ` Did you mean "${meant}"?`}`,
  );
}

/** The side-by-side figure as results come in: one row an image, one column an attack. */
/** Nothing tells which image of a batch an inferred label belongs to. */
function labelsAreAssigned({ labels, labelFrom }: PreparedRun): boolean {
  return labelFrom === 'given' || labels.length === 1;
}

function createFigure(prepared: PreparedRun) {
  const { targets, labels } = prepared;
  const known = labelsAreAssigned(prepared);
  const columns: string[] = [];
  const rows: FigureCell[][] = (targets?.pictures ?? labels).map(() => []);
  targets?.pictures.forEach((picture, i) => {
    rows[i]!.push({ picture, captions: known ? [`LABEL ${labels[i]}`] : [] });
  });
  if (targets) columns.push('TARGET');
  return {
    add(method: string, { pictures, images }: Reached, residual: number) {
      columns.push(method.toUpperCase());
      pictures.forEach((picture, i) => {
        rows[i]!.push({ picture, captions: captionsOf(images[i], residual) });
      });
    },
    draw: (): Picture => drawFigure({ columns, rows }),
  };
}

function captionsOf(scores: Scores | undefined, residual: number): string[] {
  if (!scores) return [`RESIDUAL ${residual.toExponential(1)}`];
  const { psnr, ssim, mse } = scores;
  return [
    `PSNR ${psnr === null ? 'EXACT' : psnr.toFixed(1)}`,
    `SSIM ${ssim.toFixed(3)}`,
    `MSE ${mse.toExponential(1)}`,
  ];
}

export function png(picture: Picture): PngPicture {
  return { png: Buffer.from(encodePng(picture)).toString('base64'), width: picture.width, height: picture.height };
}
