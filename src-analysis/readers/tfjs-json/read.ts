import type { Node } from 'jsonc-parser';
import type { Gap } from '../../model/graph.ts';
import type { ReadError, Reader, ReadResult } from '../reader.ts';
import { toGraph } from './graph.ts';
import { readGraphModel } from './graph-model.ts';
import { findExcess } from './limits.ts';
import { readManifest } from './manifest.ts';
import { shardErrors } from './shards.ts';
import { storedIntegers, type WeightFiles } from './stored-integers.ts';
import { indexWeights, unusedWeights } from './stored-weights.ts';
import { isModel, readModel } from './topology.ts';
import { parseJson, property, rangeOf, stringOf } from './tree.ts';

/** More errors than this are counted, not listed. */
const maximalErrors = 1000;

/**
 * Reads a TensorFlow.js layers model (`model.json`), as `model.save` and the Python converter write it, or its
 * topology alone, or a graph model. The sizes of weight files that are there are compared with the manifest. JSON that is clearly something else gives neither models nor errors; broken JSON gives an error
 * where the file is called model.json or looks like a model.
 */
export const readTfjsJson: Reader = (file, cancel): ReadResult => {
  const text = file.text ?? '';
  const isNamedModel = /(^|[\\/])model\.json$/i.test(file.path);
  const looksLikeModel = /"(modelTopology|weightsManifest|class_name)"/.test(text);
  if (!isNamedModel && !looksLikeModel) return nothing;
  const excess = findExcess(text, cancel);
  if (excess) return { ...nothing, errors: [excess] };
  const { root, errors: syntaxErrors } = parseJson(text);
  const isModelFile = property(root, 'modelTopology') !== undefined || property(root, 'weightsManifest') !== undefined;
  const topology = property(root, 'modelTopology') ?? root;
  if (!isModelFile && !isModel(unwrap(topology))) return isNamedModel ? { ...nothing, errors: syntaxErrors } : nothing;
  const weightFiles: WeightFiles = {
    size: name => file.related?.size?.(besides(file.path, name)),
    bytes: (name, start, length) => file.related?.bytes?.(besides(file.path, name), start, length),
  };
  const result = readTopology(root, topology, syntaxErrors, weightFiles, cancel);
  return { ...result, errors: distinct(result.errors) };
};

const nothing: ReadResult = { models: [], errors: [], comments: [] };

/** The path of a file named in another one that stands in the same folder. */
function besides(path: string, name: string): string {
  return path.replace(/[^\\/]*$/, '') + name;
}

/** The whole-model JSON that Keras keeps in HDF5 files holds the model in `model_config`. */
function unwrap(topology: Node | undefined): Node | undefined {
  return property(topology, 'model_config') ?? topology;
}

function readTopology(
  root: Node | undefined,
  topology: Node | undefined,
  syntaxErrors: readonly ReadError[],
  weightFiles: WeightFiles,
  cancel: Parameters<Reader>[1],
): ReadResult {
  const errors = [...syntaxErrors];
  const refuse = (message: string, node: Node | undefined): ReadResult => ({
    ...nothing,
    errors: [...errors, { message, ...(node ? { range: rangeOf(node) } : {}) }],
  });
  const groups = readManifest(property(root, 'weightsManifest'), errors);
  const entries = groups.flatMap(group => group.entries);
  errors.push(...shardErrors(groups, weightFiles.size));
  const format = property(root, 'format');
  if (property(topology, 'node')?.type === 'array') {
    const integers = storedIntegers(groups, weightFiles);
    const graph = readGraphModel({ topology, format, entries, integers }, errors, cancel);
    return { models: [graph], errors, comments: [] };
  }
  if (stringOf(format) === 'graph-model')
    return refuse('This graph model has no list of nodes in modelTopology.', format);
  const model = unwrap(topology);
  if (model === undefined || (topology === root && !isModel(model)))
    return refuse('This file has no modelTopology.', root);
  if (!isModel(model)) {
    const className = stringOf(property(model, 'class_name'));
    const what = className === undefined ? 'names no class of model' : `is a ${className}`;
    return refuse(
      `modelTopology ${what}: Leaklint reads Sequential, Model and Functional models.`,
      property(model, 'class_name') ?? model,
    );
  }
  const gaps: Gap[] = syntaxErrors.map(({ message, range }) => ({ reason: message, ...(range ? { range } : {}) }));
  const stored = indexWeights(entries);
  const graph = toGraph(readModel(model, errors), stored, errors, gaps, cancel);
  // A layer that is not understood may own them.
  const isUnderstood = gaps.length === 0 && graph.layers.every(layer => layer.op.kind !== 'unknown');
  if (isUnderstood) errors.push(...unusedWeights(stored, entries));
  return { models: [graph], errors, comments: [] };
}

/** Errors of shared layers come once for each application: one is enough. */
function distinct(errors: readonly ReadError[]): readonly ReadError[] {
  const seen = new Map(errors.map(error => [`${error.range?.start} ${error.message}`, error]));
  const list = [...seen.values()];
  if (list.length <= maximalErrors) return list;
  return [...list.slice(0, maximalErrors), { message: `${list.length - maximalErrors} more errors are not listed.` }];
}
