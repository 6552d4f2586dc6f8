import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { analyseModel } from '../../src-analysis/analyse.ts';
import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { binaryExtensions, readModels } from '../../src-analysis/readers/read.ts';
import { neverCancelled, type SourceFile } from '../../src-analysis/readers/reader.ts';
import { modelLine } from '../../src-analysis/reports/headline.ts';
import { chooseEngine } from '../engines/choose.ts';
import { readCapture } from '../gradient/captured.ts';
import { prepareRun, type RunSource } from '../run/prepare.ts';
import { type AttackReport, type RunHooks, runAttacks } from '../run/run.ts';
import type { AttackSpec } from './protocol.ts';

/** Reads what a spec names and runs its attacks. @throws {Error} with a sentence for the user */
export async function runSpec(spec: AttackSpec, hooks: RunHooks): Promise<AttackReport> {
  const file = await readModelFile(spec.model);
  const model = chooseModel(file, spec.model.name);
  const example = await readExample(spec.source);
  const folder = path.dirname(path.resolve(spec.model.path));
  const { engine } = await chooseEngine(spec.engine, { folder: spec.tfjsFolder ?? folder });
  try {
    const prepared = await prepareRun(
      {
        model,
        file,
        shard: name => readShard(folder, name),
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

async function readModelFile({ path: name, text }: AttackSpec['model']): Promise<SourceFile> {
  if (text !== undefined) return { path: name, text };
  const bytes = await readFile(name).catch(error => {
    throw new Error(`The model ${name} cannot be read: ${sentence(error)}`);
  });
  const isBinary = binaryExtensions.some(extension => name.toLowerCase().endsWith(`.${extension}`));
  return isBinary ? { path: name, bytes } : { path: name, text: bytes.toString('utf8') };
}

function chooseModel(file: SourceFile, name: string | undefined): ModelGraph {
  const { models, errors } = readModels(file, neverCancelled);
  const model = name === undefined ? models[0] : models.find(candidate => candidate.name === name);
  if (model) return model;
  if (models.length === 0) throw new Error(errors[0]?.message ?? `There is no model in ${file.path}.`);
  throw new Error(
    `There is no model "${name}" in ${file.path}; there is ${models.map(candidate => `"${candidate.name}"`).join(', ')}.`,
  );
}

/** Weight files stand beside model.json or below: a path that leads elsewhere is not followed. */
function readShard(folder: string, name: string): Uint8Array | undefined {
  const target = path.resolve(folder, name);
  if (!target.startsWith(folder + path.sep)) return undefined;
  try {
    return readFileSync(target);
  } catch {
    return undefined;
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
