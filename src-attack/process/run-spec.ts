import { readFile } from 'node:fs/promises';
import { analyseModel } from '../../src-analysis/analyse.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { modelLine } from '../../src-analysis/reports/headline.ts';
import { chooseEngine } from '../engines/choose.ts';
import { readCapture } from '../gradient/captured.ts';
import { openModel } from '../run/model-file.ts';
import { prepareRun, type RunSource } from '../run/prepare.ts';
import { type AttackReport, type RunHooks, runAttacks } from '../run/run.ts';
import type { AttackSpec } from './protocol.ts';

/** Reads what a spec names and runs its attacks. @throws {Error} with a sentence for the user */
export async function runSpec(spec: AttackSpec, hooks: RunHooks): Promise<AttackReport> {
  const { file, model, folder, shard } = await openModel(spec.model);
  const example = await readExample(spec.source);
  const { engine } = await chooseEngine(spec.engine, { folder: spec.tfjsFolder ?? folder });
  try {
    const prepared = await prepareRun(
      {
        model,
        file,
        shard,
        example,
        label: spec.label,
        preprocess: spec.preprocess,
        seed: spec.seed,
      },
      engine,
    );
    const { methods, seed, steps } = spec;
    const summary = modelLine(model, analyseModel(model, new Map(), neverCancelled));
    const request = {
      model: model.name,
      summary,
      image: spec.source.path,
      methods,
      seed,
      ...(steps === undefined ? {} : { steps }),
    };
    return await runAttacks(prepared, request, hooks);
  } finally {
    await engine.dispose();
  }
}

async function readExample({ kind, path: name }: AttackSpec['source']): Promise<RunSource['example']> {
  const bytes = await readFile(name).catch(error => {
    throw new Error(`The ${kind} ${name} cannot be read: ${sentence(error)}`);
  });
  return kind === 'image' ? { kind, bytes } : { kind, tensors: readCapture(name, bytes) };
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
