/** The attack's report and progress as text for a terminal. */
import * as path from 'node:path';
import type { AttackEvent, Scores } from '../src-attack/process/protocol.ts';
import type { AttackReport, ResultReport, SweepReport } from '../src-attack/run/report.ts';

/** One passing line; null removes it. */
export function progressLine(event: AttackEvent): string | null {
  if (event.type === 'sweep-progress') {
    const { method, level, step, steps } = event;
    return `sweep, level ${level + 1}: ${method}, step ${steps === null ? step : `${step}/${steps}`}`;
  }
  if (event.type !== 'progress') return null;
  const share = event.steps ? Math.min(1, event.step / event.steps) : 0;
  const bar = '█'.repeat(Math.round(20 * share)).padEnd(20, '░');
  const closeness = event.scores ? decibels(event.scores.psnr) : `loss ${event.loss.toExponential(1)}`;
  const steps = event.steps ? `${event.step}/${event.steps}` : String(event.step);
  return `${event.method} ${bar} step ${steps}  ${closeness}  ${event.seconds.toFixed(0)} s`;
}

export function reportText(report: AttackReport, out: string): string {
  const { engine, labels } = report;
  const label = `${labels.length === 1 ? 'label' : 'labels'} ${labels.join(', ')} (${report.labelFrom})`;
  return [
    `Gradient leakage of ${report.model}: ${label}, seed ${report.seed}, ${engine.name} (${engine.device})`,
    ...report.defence.map(({ spec, description }) => `  defence ${spec}: ${description}`),
    ...report.results.flatMap(resultLines),
    ...(report.sweep ? sweepLines(report, report.sweep) : []),
    `Pictures and reports: ${path.join(out, 'figure.png')}, ${path.join(out, 'report.html')}, ${path.join(out, 'report.json')}`,
    '',
  ].join('\n');
}

function resultLines(result: ResultReport): string[] {
  const name = `  ${result.method.padEnd(14)}`;
  if (result.residual === null) return [`${name}${result.status}: ${result.note}`];
  const effort = `${result.steps} ${result.steps === 1 ? 'step' : 'steps'}, ${result.seconds.toFixed(1)} s${result.status === 'done' ? '' : ` (${result.status})`}`;
  const residual = `residual ${result.residual.toExponential(1)}`;
  if (result.mse === null || result.ssim === null) return [`${name}${residual}, ${effort}`];
  const exact = result.pixelExact ? ', pixel-exact' : '';
  const { perImage = [], best } = result;
  const mean = perImage.length > 0 ? 'mean ' : '';
  const top = best ? `, best ${decibels(best.psnr)}` : '';
  return [
    `${name}PSNR ${mean}${decibels(result.psnr)}${top}${exact}, SSIM ${mean}${result.ssim.toFixed(3)}, ${residual}, ${effort}`,
    ...perImage.map(
      image =>
        `    ${path.basename(image.image).padEnd(20)} PSNR ${decibels(image.psnr)}${image.pixelExact ? ', pixel-exact' : ''}, SSIM ${image.ssim.toFixed(3)}, label ${image.label}`,
    ),
  ];
}

/** One line a level, one column a method. */
function sweepLines(report: AttackReport, sweep: SweepReport): string[] {
  const results = report.results.filter(result => result.status !== 'failed');
  const methods = results.map(result => result.method);
  const width = Math.max(22, ...methods.map(method => method.length + 2));
  const cell = (scores: Partial<Scores> | undefined) =>
    scores?.ssim == null ? 'no result' : `${decibels(scores.psnr ?? null)}, SSIM ${scores.ssim.toFixed(2)}`;
  const line = (level: string, cells: readonly string[]) =>
    `  ${level.padEnd(12)}${cells.map(text => text.padEnd(width)).join('')}`.trimEnd();
  return [
    `Sweep of ${sweep.defence} over ${sweep.parameter} (${sweep.meaning}): PSNR, SSIM`,
    line(sweep.parameter, methods),
    line(
      'without',
      results.map(result => cell(result as Partial<Scores>)),
    ),
    ...sweep.levels.map(({ level, results: reached }) =>
      line(
        String(level),
        methods.map(method => cell(reached.find(result => result.method === method) as Partial<Scores> | undefined)),
      ),
    ),
  ];
}

/** A PSNR that is infinite reads `exact`. */
function decibels(psnr: number | null): string {
  return psnr === null ? 'exact' : `${psnr.toFixed(1)} dB`;
}
