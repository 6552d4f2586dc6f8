/** The same attacks against one defence at rising levels. */
import { parseDefence } from '../defences/spec.ts';
import type { Sweep } from '../defences/sweep.ts';
import type { Engine } from '../engines/engine.ts';
import type { SweepPlan } from '../process/protocol.ts';
import { attackOnce } from './one-attack.ts';
import { prepareRun } from './prepare.ts';
import type { AttackReport, SweepLevelReport, SweepMethodReport } from './report.ts';
import { findAttack, png, type RunHooks, type RunRequest } from './run.ts';
import type { RunSource } from './source.ts';

export function planOf({ defence, parameter, meaning, levels }: Sweep): SweepPlan {
  return { defence, parameter, meaning, levels: levels.map(({ level }) => level) };
}

/**
 * Runs every attack against every level, the swept defence after those of the source, with the same seed: noise has the
 * same direction at every level. @returns the report with what was reached, cancelled or not
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
  const report = (): AttackReport => ({ ...before, sweep: { defence, parameter, meaning, levels: [...levels] } });
  for (const [index, { level, spec }] of sweep.levels.entries()) {
    if (hooks.cancel.isCancellationRequested) break;
    const chain = [...(source.defences ?? []), parseDefence(spec)];
    const prepared = await prepareRun({ ...source, defences: chain }, engine);
    const description = prepared.defence.at(-1)?.description ?? '';
    const results: SweepMethodReport[] = [];
    levels.push({ level, defence: prepared.defence, results });
    for (const method of methods) {
      if (hooks.cancel.isCancellationRequested) break;
      const tell = ({ step, steps }: { readonly step: number; readonly steps: number | null }) =>
        hooks.emit({ type: 'sweep-progress', level: index, method, step, steps });
      tell({ step: 0, steps: null });
      const { result, reached } = await attackOnce(findAttack(method), prepared, request, hooks.cancel, tell);
      const { status, seconds, steps, note } = result;
      const scores = reached?.scores ?? null;
      results.push({
        method,
        status,
        psnr: scores?.psnr ?? null,
        ssim: scores?.ssim ?? null,
        mse: scores?.mse ?? null,
        residual: reached?.residual ?? null,
        seconds,
        steps,
        note,
      });
      const picture = reached?.pictures[0] ? png(reached.pictures[0]) : null;
      hooks.emit({
        type: 'sweep-result',
        result: { level: index, description, method, status, scores, picture, note },
        report: report(),
      });
    }
  }
  return report();
}
