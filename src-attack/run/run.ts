/** Runs attacks on one prepared problem, one after the other, and tells about it in events. */

import type { CancellationToken } from '../../src-analysis/readers/reader.ts';
import type { Attack } from '../attacks/attack.ts';
import { attacks as allAttacks, attackNamed } from '../attacks/registry.ts';
import { type AttackProgress, type AttackResult, runAttack } from '../attacks/run-attack.ts';
import { encodePng } from '../image/encode.ts';
import { drawFigure, type FigureCell } from '../image/figure.ts';
import type { Picture } from '../image/picture.ts';
import { inputToIntensities, inputToPicture } from '../image/tensor.ts';
import { type Scores as ImageScores, scoreImage } from '../metrics/scores.ts';
import type { AttackEvent, PngPicture, Scores } from '../process/protocol.ts';
import { gradientsAt, type PreparedRun } from './prepare.ts';

export interface RunRequest {
  readonly model: string;
  /** The analysis in one line: what was predicted. */
  readonly summary: string;
  readonly image: string;
  readonly methods: readonly string[];
  readonly seed: number;
  readonly steps?: number;
}

/** The report of a run: version 1 of the JSON that docs/cli.md describes. */
export interface AttackReport {
  readonly version: 1;
  readonly model: string;
  /** The analysis of the model in one line. */
  readonly summary: string;
  readonly image: string;
  readonly label: number;
  readonly labelFrom: 'given' | 'inferred';
  readonly seed: number;
  readonly engine: { readonly name: string; readonly device: string; readonly threads: number };
  readonly preprocess: string;
  readonly assumptions: readonly string[];
  readonly results: readonly ResultReport[];
}

export interface ResultReport {
  readonly method: string;
  readonly status: AttackResult['status'];
  /** dB; null when every entry is equal to the target's, or when there is no result. */
  readonly psnr: number | null;
  readonly ssim: number | null;
  readonly mse: number | null;
  /** ‖g(x) − g*‖²/‖g*‖² of the reconstruction's gradient against the observed one; null without a result. */
  readonly residual: number | null;
  /** Whether the reconstruction, rounded to 8 bits, equals the target in every pixel. */
  readonly pixelExact: boolean;
  readonly seconds: number;
  readonly steps: number;
  readonly loss: readonly number[];
  /** Path of the written picture, where one was written. */
  readonly output: string | null;
  readonly note: string;
}

export interface RunHooks {
  readonly cancel: CancellationToken;
  readonly emit: (event: AttackEvent) => void;
  /** Gives the picture a place on disk and says where; absent: none is written. */
  readonly save?: (method: string, picture: Uint8Array) => Promise<string>;
}

/** @returns the report of all attacks that were begun, cancelled or not */
export async function runAttacks(prepared: PreparedRun, request: RunRequest, hooks: RunHooks): Promise<AttackReport> {
  const { problem } = prepared;
  const { name, device, threads } = problem.engine.info;
  const engine = { name, device, threads };
  const attacks = request.methods.map(findAttack);
  hooks.emit({
    type: 'started',
    model: request.model,
    engine,
    target: prepared.target && png(prepared.target.picture),
    label: prepared.label,
    labelFrom: prepared.labelFrom,
    seed: request.seed,
    methods: request.methods,
    assumptions: prepared.assumptions,
  });
  const results: ResultReport[] = [];
  const cells: FigureCell[] = [];
  const columns: string[] = [];
  if (prepared.target) {
    columns.push('TARGET');
    cells.push({ picture: prepared.target.picture, captions: [`LABEL ${prepared.label}`] });
  }
  const report = (): AttackReport => ({
    version: 1,
    model: request.model,
    summary: request.summary,
    image: request.image,
    label: prepared.label,
    labelFrom: prepared.labelFrom,
    seed: request.seed,
    engine,
    preprocess: problem.preprocess.source,
    assumptions: prepared.assumptions,
    results: [...results],
  });
  for (const attack of attacks) {
    if (hooks.cancel.isCancellationRequested) break;
    const options = { seed: request.seed, ...(request.steps === undefined ? {} : { steps: request.steps }) };
    const result = await runAttack(attack, problem, options, {
      cancel: hooks.cancel,
      progress: progress => hooks.emit(progressEvent(prepared, attack.name, progress)),
    });
    if (!result.x) {
      results.push(emptyResult(result));
      hooks.emit({ type: 'method-failed', method: attack.name, message: result.note });
      continue;
    }
    const picture = inputToPicture(result.x, 0, problem.shape, problem.preprocess);
    const scores = scoresOf(prepared, result.x);
    const pixelExact = prepared.target !== null && equalPixels(picture, prepared.target.picture);
    const residual = await residualOf(prepared, result.x);
    const output = hooks.save ? await hooks.save(attack.name, encodePng(picture)) : null;
    const note = [pixelExact ? 'Equal to the target in every 8-bit pixel.' : '', result.note].filter(Boolean).join(' ');
    results.push({
      psnr: scores?.psnr ?? null,
      ssim: scores?.ssim ?? null,
      mse: scores?.mse ?? null,
      residual,
      method: attack.name,
      status: result.status,
      pixelExact,
      seconds: result.seconds,
      steps: result.steps,
      loss: result.loss,
      output,
      note,
    });
    columns.push(attack.name.toUpperCase());
    cells.push({ picture, captions: captionsOf(scores, residual) });
    hooks.emit({
      type: 'result',
      method: attack.name,
      step: result.steps,
      seconds: result.seconds,
      scores,
      residual,
      picture: png(picture),
      loss: result.loss,
      note,
      figure: png(drawFigure({ columns, rows: [cells] })),
      report: report(),
    });
  }
  return report();
}

function findAttack(name: string): Attack {
  const attack = attackNamed(name);
  if (!attack) throw new Error(`There is no attack "${name}"; there are ${allAttacks.map(a => a.name).join(', ')}.`);
  return attack;
}

function progressEvent(prepared: PreparedRun, method: string, progress: AttackProgress): AttackEvent {
  const { problem } = prepared;
  const { x, step, steps, seconds, loss } = progress;
  const scores = x && scoresOf(prepared, x);
  return {
    type: 'progress',
    method,
    step,
    steps,
    seconds,
    loss,
    ...(scores ? { scores } : {}),
    ...(x ? { picture: png(inputToPicture(x, 0, problem.shape, problem.preprocess)) } : {}),
  };
}

/** Scores against the target; null where nobody knows it. */
function scoresOf({ problem, target }: PreparedRun, x: Float64Array): Scores | null {
  if (!target) return null;
  const intensities = (input: Float64Array) => inputToIntensities(input, problem.shape, problem.preprocess);
  const { psnr, ssim, mse }: ImageScores = scoreImage(intensities(x), intensities(target.input), problem.shape);
  return { psnr: mse === 0 ? null : psnr, ssim, mse };
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

function emptyResult(result: AttackResult): ResultReport {
  const { method, status, seconds, steps, loss, note } = result;
  return {
    method,
    status,
    psnr: null,
    ssim: null,
    mse: null,
    residual: null,
    pixelExact: false,
    seconds,
    steps,
    loss,
    output: null,
    note,
  };
}

function equalPixels(a: Picture, b: Picture): boolean {
  return a.pixels.length === b.pixels.length && a.pixels.every((value, i) => value === b.pixels[i]);
}

function captionsOf(scores: Scores | null, residual: number): string[] {
  if (!scores) return [`RESIDUAL ${residual.toExponential(1)}`];
  const { psnr, ssim, mse } = scores;
  return [
    `PSNR ${psnr === null ? 'EXACT' : psnr.toFixed(1)}`,
    `SSIM ${ssim.toFixed(3)}`,
    `MSE ${mse.toExponential(1)}`,
  ];
}

function png(picture: Picture): PngPicture {
  return { png: Buffer.from(encodePng(picture)).toString('base64'), width: picture.width, height: picture.height };
}
