import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { binaryExtensions, readModels } from '../../src-analysis/readers/read.ts';
import { neverCancelled, type SourceFile } from '../../src-analysis/readers/reader.ts';
import type { ModelChoice } from '../process/protocol.ts';
import { createRelatedFiles } from './related-files.ts';

export interface OpenedModel {
  readonly file: SourceFile;
  readonly model: ModelGraph;
  /** The folder that the file is in. */
  readonly folder: string;
  /** Bytes of a weight file beside the model, by the path written there; undefined where there is none. */
  readonly shard: (path: string) => Uint8Array | undefined;
}

/** Reads a model file and chooses one model of it. @throws {Error} with a sentence for the user */
export async function openModel(choice: ModelChoice): Promise<OpenedModel> {
  const file = await readModelFile(choice);
  const folder = path.dirname(path.resolve(choice.path));
  return { file, model: chooseModel(file, choice.name), folder, shard: name => readShard(folder, name) };
}

async function readModelFile({ path: name, text }: ModelChoice): Promise<SourceFile> {
  if (text !== undefined) return { path: name, text };
  const bytes = await readFile(name).catch(error => {
    throw new Error(`The model ${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  const isBinary = binaryExtensions.some(extension => name.toLowerCase().endsWith(`.${extension}`));
  return isBinary ? { path: name, bytes } : { path: name, text: bytes.toString('utf8') };
}

function chooseModel(file: SourceFile, name: string | undefined): ModelGraph {
  const related = createRelatedFiles({ base: process.cwd() });
  const { models, errors } = readModels({ ...file, related }, neverCancelled);
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
