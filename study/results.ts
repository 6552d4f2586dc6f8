import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Kind, Population } from './architectures.ts';

/** How near an attack came. */
export interface Scores {
  /** On intensities clamped to [0, 1]. */
  readonly psnr: number;
  readonly ssim: number;
  readonly seconds: number;
}

/** One attack of the study. What the analysis predicts is not kept: it is computed anew for every report. */
export interface Result extends Scores {
  readonly seed: number;
  readonly population: Population;
  readonly picture: string;
  /** r measured at this picture, float64. */
  readonly measured: number;
  readonly method: string;
  /** How far the gradient of the reconstruction is from the observed one: max over tensors of ‖g − g*‖ / ‖g*‖. */
  readonly distance: number;
  /** Total variation of the reconstruction over that of the picture. */
  readonly variation: number;
  /** Where units switch or maxima move: the same for an attacker who is told the pattern at the picture. */
  readonly told?: Scores;
}

/** A result beside what the analysis says of its model. */
export interface Compared extends Result {
  readonly kind: Kind;
  /** n: entries of the input. */
  readonly unknowns: number;
  /** r by the analysis; null where it says unknown. */
  readonly predicted: number | null;
  /** Whether the analysis marks r as an estimate. */
  readonly estimate: boolean;
  /** Least and greatest r of an estimate. */
  readonly range?: readonly [number, number];
  readonly c: number | null;
}

export function modelKeyOf({ seed, population }: Pick<Result, 'seed' | 'population'>): string {
  return `${population} ${seed}`;
}

export function keyOf(attack: Pick<Result, 'seed' | 'population' | 'picture'>): string {
  return `${modelKeyOf(attack)} ${attack.picture}`;
}

/** Results of earlier runs; a line that was cut off when a run was killed is left out, and done again. */
export function loadResults(file: string): Map<string, Result> {
  const results = new Map<string, Result>();
  if (!existsSync(file)) return results;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    try {
      const result = JSON.parse(line) as Result;
      results.set(keyOf(result), result);
    } catch {
      // Empty or cut off.
    }
  }
  return results;
}

export function saveResult(file: string, result: Result): void {
  mkdirSync(path.dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}
