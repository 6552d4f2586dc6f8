import { analyseModel } from '../../src-analysis/analyse.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { modelLine } from '../../src-analysis/reports/headline.ts';
import { parseDefence } from '../defences/spec.ts';
import { parseSweep } from '../defences/sweep.ts';
import { chooseEngine } from '../engines/choose.ts';
import { readCapture } from '../gradient/captured.ts';
import { openModel } from '../run/model-file.ts';
import { prepareRun } from '../run/prepare.ts';
import type { AttackReport } from '../run/report.ts';
import { type RunHooks, runAttacks } from '../run/run.ts';
import { planOf, runSweep } from '../run/run-sweep.ts';
import type { RunSource } from '../run/source.ts';
import { readNamed } from './named-file.ts';
import type { AttackSpec } from './protocol.ts';
import { samplePictures } from './samples.ts';

/** Reads what a spec names and runs its attacks. @throws {Error} with a sentence for the user */
export async function runSpec(spec: AttackSpec, hooks: RunHooks): Promise<AttackReport> {
  const defences = (spec.defences ?? []).map(parseDefence);
  const sweep = spec.sweep === undefined ? null : parseSweep(spec.sweep);
  const { file, model, folder, shard } = await openModel(spec.model);
  const example = await readExample(spec.source);
  if (sweep && example.kind === 'gradient') {
    throw new Error('A captured gradient is attacked as it is: a sweep needs the gradient of an image.');
  }
  const { engine } = await chooseEngine(spec.engine, { folder: spec.tfjsFolder ?? folder });
  try {
    const { labels, preprocess, methods, seed, steps } = spec;
    const setting = { label: labels, preprocess, seed, defences, samples: samplePictures };
    const source: RunSource = { model, file, shard, example, ...setting };
    const prepared = await prepareRun(source, engine);
    const images = spec.source.kind === 'image' ? spec.source.paths : [spec.source.path];
    const request = {
      model: model.name,
      summary: modelLine(model, analyseModel(model, new Map(), neverCancelled)),
      image: images[0]!,
      images,
      methods,
      seed,
      ...(steps === undefined ? {} : { steps }),
    };
    const report = await runAttacks(prepared, request, hooks, sweep && planOf(sweep));
    return sweep ? await runSweep(source, engine, sweep, request, report, hooks) : report;
  } finally {
    await engine.dispose();
  }
}

async function readExample(source: AttackSpec['source']): Promise<RunSource['example']> {
  if (source.kind === 'gradient') {
    return { kind: 'gradient', tensors: readCapture(source.path, await readNamed('gradient', source.path)) };
  }
  if (source.paths.length === 0) throw new Error('There is no image: choose one, or a captured gradient.');
  const bytes: Uint8Array[] = [];
  for (const path of source.paths) bytes.push(await readNamed('image', path));
  return { kind: 'image', bytes };
}
