import type { WeightRef } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import type { ManifestEntry } from './manifest.ts';
import { camelCase } from './tree.ts';

/**
 * Which entries of a weightsManifest are a layer's weights. TensorFlow.js names them `layer/weight`, with the names
 * of wrapped layers and cells between (`bidirectional/forward_lstm/kernel`); Keras writes the enclosing models and
 * cells too (tfjs-layers engine/container.ts, loadWeights), Keras 3 the weight's index instead of its name.
 */
export interface StoredWeights {
  /** No manifest, or an empty one: the file holds the topology only. */
  readonly isEmpty: boolean;
  /** By layer name, and then by the last part of the weight's name. */
  readonly byLayer: ReadonlyMap<string, ReadonlyMap<string, readonly ManifestEntry[]>>;
  readonly used: Set<ManifestEntry>;
}

/** Parts of Keras 3 names that say nothing about the layer. */
const hollow = new Set(['vars', 'layer_checkpoint_dependencies']);

export function indexWeights(entries: readonly ManifestEntry[]): StoredWeights {
  const byLayer = new Map<string, Map<string, ManifestEntry[]>>();
  for (const entry of entries) {
    const parts = entry.name.split('/').map(part => part.replace(/^_/, ''));
    const last = parts.pop() ?? '';
    // Names may themselves contain slashes.
    for (const part of new Set([...parts.filter(p => !hollow.has(p)), parts.join('/')])) {
      const ofLayer = byLayer.get(part) ?? new Map<string, ManifestEntry[]>();
      byLayer.set(part, ofLayer);
      const sameEnd = ofLayer.get(last);
      if (sameEnd) sameEnd.push(entry);
      else ofLayer.set(last, [entry]);
    }
  }
  return { isEmpty: entries.length === 0, byLayer, used: new Set() };
}

function snakeCase(role: string): string {
  return role.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

/** How well an entry's middle parts suit the scope of a role: `forward` of `forward.kernel`, `cell1` of `cell1.bias`. */
function suits(entry: ManifestEntry, scope: string): boolean {
  if (scope === 'forward' || scope === 'backward') return entry.name.split('/').some(p => p.startsWith(scope));
  const cell = /^cell(\d+)$/.exec(scope);
  if (!cell) return true;
  return entry.name.split('/').some(part => part === `RNNCell_${cell[1]}` || part.endsWith(`_cell_${cell[1]}`));
}

function find(stored: StoredWeights, layerName: string, role: string, index: number): ManifestEntry | undefined {
  const dot = role.lastIndexOf('.');
  const scope = role.slice(0, Math.max(dot, 0));
  const end = snakeCase(role.slice(dot + 1));
  // The layers of a model inside a wrapper are known by their own names.
  const ofLayer = stored.byLayer.get(layerName) ?? stored.byLayer.get(scope);
  const candidates = [...(ofLayer?.get(end) ?? []), ...(ofLayer?.get(String(index)) ?? [])];
  const fitting = candidates.filter(entry => scope.split('.').every(part => suits(entry, part)));
  return fitting.find(entry => entry.name === `${layerName}/${end}`) ?? fitting[0];
}

/**
 * The layer's weights with their manifest names. What is missing or of another shape is an error, the former unless
 * the file has no weights at all.
 */
export function bindWeights(
  stored: StoredWeights,
  layer: { readonly name: string; readonly range: ReadError['range'] },
  weights: readonly WeightRef[],
  errors: ReadError[],
): readonly WeightRef[] {
  if (stored.isEmpty) return weights;
  return weights.map((weight, index) => {
    const entry = find(stored, layer.name, weight.role, index);
    if (entry === undefined) {
      const message = `${layer.name}: weightsManifest has no weight for ${weight.role}.`;
      errors.push({ message, ...(layer.range ? { range: layer.range } : {}) });
      return weight;
    }
    stored.used.add(entry);
    const fits =
      entry.shape.length === weight.shape.length && weight.shape.every((d, i) => d === null || d === entry.shape[i]);
    if (!fits) {
      const [has, needs] = [entry.shape.join(', '), weight.shape.map(d => d ?? '?').join(', ')];
      errors.push({
        message: `${entry.name} has shape [${has}], but ${layer.name} needs [${needs}] for its ${weight.role}.`,
        range: entry.shapeRange,
      });
    }
    return { ...weight, name: entry.name, source: { kind: 'stored' } };
  });
}

/** The weights stored under the name of a layer whose class is not known. */
export function weightsOfUnknownLayer(stored: StoredWeights, name: string, trainable: boolean): readonly WeightRef[] {
  const entries = [...(stored.byLayer.get(name)?.values() ?? [])].flat();
  return entries.map(entry => {
    stored.used.add(entry);
    const role = camelCase(entry.name.split('/').at(-1) ?? '');
    return { role, name: entry.name, shape: entry.shape, trainable, source: { kind: 'stored' } };
  });
}

/** Stored weights that belong to no layer, which TensorFlow.js refuses to load; the optimizer's are none of them. */
export function unusedWeights(stored: StoredWeights, entries: readonly ManifestEntry[]): readonly ReadError[] {
  return entries
    .filter(entry => entry.group !== 'optimizer' && !stored.used.has(entry))
    .map(entry => ({ message: `${entry.name} is a weight of no layer of this model.`, range: entry.range }));
}
