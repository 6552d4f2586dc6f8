/** The same attacks against one defence at rising levels. */
import { parseDefence } from '../defences/spec.ts';
import type { Sweep } from '../defences/sweep.ts';
import type { Engine } from '../engines/engine.ts';
import { encodePng } from '../image/encode.ts';
import { drawFigure, type FigureCell } from '../image/figure.ts';
import type { SweepPlan } from '../process/protocol.ts';
import { attackOnce } from './one-attack.ts';
import { type PreparedRun, prepareRun } from './prepare.ts';
import type { AttackReport, SweepLevelReport, SweepMethodReport } from './report.ts';
import { findAttack, png, type RunHooks, type RunRequest } from './run.ts';
import type { RunSource } from './source.ts';

export function planOf({ defence, parameter, meaning, levels }: Sweep): SweepPlan {
  return { defence, parameter, meaning, levels: levels.map(({ level }) => level) };
}

/** One method at one level, with its cell of the figure. */
interface Reached {
  readonly result: SweepMethodReport;
  readonly cell: FigureCell | null;
}

/**
 * Runs every attack against every level, the swept defence after those of the source, with the same seed: noise has the
 * same direction at every level. A level that cannot be prepared is told and the others go on.
 * @returns the report with what was reached, cancelled or not
 */
export async function runSweep(
  source: RunSource,
  engine: Engine,
  sweep: Sweep,
  request: RunRequest,
  before: AttackReport,
  hooks: RunHooks,
): Promise<AttackReport> {
  const { defence, parameter, meaning } = sweep;
  const levels: SweepLevelReport[] = [];
  // What cannot treat the model without the swept defence cannot with it.
  const failed = new Set(before.results.filter(result => result.status === 'failed').map(result => result.method));
  const methods = request.methods.filter(method => !failed.has(method));
  const rows = methods.map((): (FigureCell | null)[] => []);
  const report = (): AttackReport => ({ ...before, sweep: { defence, parameter, meaning, levels: [...levels] } });
  for (const [index, { level, spec }] of sweep.levels.entries()) {
    if (hooks.cancel.isCancellationRequested) break;
    const chain = [...(source.defences ?? []), parseDefence(spec)];
    const prepared = await prepareRun({ ...source, defences: chain }, engine).catch(sentence);
    const results: SweepMethodReport[] = [];
    const applied = typeof prepared === 'string' ? [] : prepared.defence;
    levels.push({ level, defence: applied, results });
    for (const [row, method] of methods.entries()) {
      if (hooks.cancel.isCancellationRequested) break;
      const { result, cell } = await atLevel(index, method, prepared, request, hooks);
      results.push(result);
      rows[row]!.push(cell);
      const { status, psnr, ssim, mse, note } = result;
      const scores = ssim === null || mse === null ? null : { psnr, ssim, mse };
      const picture = cell && png(cell.picture);
      const description = applied.at(-1)?.description ?? '';
      hooks.emit({
        type: 'sweep-result',
        result: { level: index, description, method, status, scores, picture, note },
        report: report(),
      });
    }
  }
  const columns = levels.map(({ level }) => `${defence} ${level}`);
  if (rows.some(row => row.some(cell => cell))) {
    await hooks.save?.('sweep', encodePng(drawFigure({ columns, rows })));
  }
  return report();
}

async function atLevel(
  level: number,
  method: string,
  prepared: PreparedRun | string,
  request: RunRequest,
  hooks: RunHooks,
): Promise<Reached> {
  const tell = ({ step, steps }: { readonly step: number; readonly steps: number | null }) =>
    hooks.emit({ type: 'sweep-progress', level, method, step, steps });
  tell({ step: 0, steps: null });
  const nothing = { psnr: null, ssim: null, mse: null, residual: null };
  if (typeof prepared === 'string') {
    return { result: { method, status: 'failed', ...nothing, seconds: 0, steps: 0, note: prepared }, cell: null };
  }
  const { result, reached } = await attackOnce(findAttack(method), prepared, request, hooks.cancel, tell);
  const { status, seconds, steps, note } = result;
  const scores = reached?.scores;
  const picture = reached?.pictures[0];
  const psnr = scores?.psnr == null ? 'EXACT' : scores.psnr.toFixed(1);
  const captions = scores ? [method.toUpperCase(), `PSNR ${psnr}`, `SSIM ${scores.ssim.toFixed(3)}`] : [];
  return {
    result: { method, status, ...nothing, ...scores, residual: reached?.residual ?? null, seconds, steps, note },
    cell: picture ? { picture, captions } : null,
  };
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
